import { traitName, traitValue } from '../../customers/trait.js';
import { type CodedCustomers, type Known } from './code-customers.js';

/**
 * Marks of customers who may match a cause, as the database holds them: whoever has none of them matches none of the causes, but for spellings that
 * nobody had of those who were compared.
 */
export interface Marks {
  /** JSON of an attribute, `{"plan":"pro"}`. */
  readonly attributes: ReadonlySet<string>;
  readonly locales: ReadonlySet<string>;
  readonly zones: ReadonlySet<string>;
  /** Values of traits that telemetry saw. */
  readonly values: ReadonlySet<string>;
}

type Terms = readonly { readonly trait: string; readonly value: string }[];

/** Customers looked at for spellings of what the directory says. By judgement: few write a plan in more than one way. */
const MOST_LOOKED_AT = 2000;

/**
 * Marks of the rarest term of each cause.
 * @param of row of each customer who was compared: what is known of them
 */
export function marksOf(causes: readonly Terms[], rows: CodedCustomers, of: (row: number) => Known | undefined): Marks {
  const marks = {
    attributes: new Set<string>(),
    locales: new Set<string>(),
    zones: new Set<string>(),
    values: new Set<string>(),
  };
  for (const terms of causes) {
    const [rarest] = terms
      .map((term) => ({ ...term, having: havingOf(rows, term) }))
      .sort((one, other) => one.having.length - other.having.length);
    if (!rarest) continue;
    const { trait, value, having } = rarest;
    if (!rows.listed.has(trait)) marks.values.add(value);
    else for (const row of having.subarray(0, MOST_LOOKED_AT)) addSpellings(marks, of(row), trait, value);
  }
  return marks;
}

/** Rows that have a value of a trait. */
function havingOf({ columns, size }: CodedCustomers, { trait, value }: Terms[number]): Int32Array {
  const having = new Int32Array(size);
  let count = 0;
  for (const { name, values, codes } of columns) {
    const code = name === trait ? values.indexOf(value) : -1;
    if (code >= 0) for (let row = 0; row < size; row++) if (codes[row] === code) having[count++] = row;
    if (count > 0) break;
  }
  return having.subarray(0, count);
}

function addSpellings(
  marks: { attributes: Set<string>; locales: Set<string>; zones: Set<string> },
  known: Known | undefined,
  trait: string,
  value: string,
): void {
  if (!known) return;
  if (trait === 'locale' && known.locale !== null) marks.locales.add(known.locale);
  if (trait === 'zone' && known.zone !== null) marks.zones.add(known.zone);
  for (const [key, given] of Object.entries(known.attributes)) {
    if (!isText(given) || traitName(key) !== trait) continue;
    if (traitValue(String(given)) === value) marks.attributes.add(JSON.stringify({ [key]: given }));
  }
}

function isText(given: unknown): given is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof given);
}
