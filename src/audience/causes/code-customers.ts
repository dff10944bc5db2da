import { traitName, traitValue } from '../../customers/trait.js';
import { codeColumn, type CodedColumn, codeSets, type CodedRows } from '../algorithm/coded-rows.js';

/** Knowledge of a customer; as `CustomerTraitsRow` of the store. */
interface Known {
  readonly locale: string | null;
  readonly zone: string | null;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Name and value in turn, the one seen last at the end. */
  readonly traits: readonly string[];
}

/** The trait of which a customer has many values at once. */
export const FEATURE = 'feature';
/** Traits, and features, that are looked at: those that most customers have. Chosen without regard to who was hit, so that the bound on chance holds. */
const MOST_NAMES = 200;
const MOST_FEATURES = 200;

/**
 * Share of the others who have a trait, of the share among the affected who have it, below which nobody can compare: who has no errors may send
 * no events, so that all the affected, and nobody else, seem to use an app of some release. For what telemetry says only.
 */
const LEAST_COMPARABLE = 0.5;

/** Puts customers and what is known of them into columns, in the order of `active`. Of several values the one seen last counts, but for features. */
export function codeCustomers(
  active: readonly { readonly id: number; readonly hit: boolean }[],
  known: ReadonlyMap<number, Known>,
): CodedRows {
  const hit = active.map((one) => one.hit);
  const facts = active.map(({ id }) => known.get(id));
  const seen = facts.map(seenOf);
  const features = facts.map(featuresOf);
  const names = (of: readonly ReadonlyMap<string, string>[]) =>
    mostCommon(
      of.map((one) => [...one.keys()]),
      MOST_NAMES,
    );
  const told = codeDirectory(facts);
  const listed = new Set(told.map(({ name }) => name));
  const learnt = names(seen).filter(
    (name) => !listed.has(name) && comparable(hit, (row) => seen[row]?.has(name) ?? false),
  );
  const kept = comparable(hit, (row) => (features[row] ?? []).length > 0)
    ? new Set(mostCommon(features, MOST_FEATURES))
    : new Set();
  return {
    size: active.length,
    columns: [
      ...told,
      ...learnt.map((name) =>
        codeColumn(
          name,
          seen.map((one) => one.get(name)),
        ),
      ),
      ...codeSets(
        FEATURE,
        features.map((own) => own.filter((one) => kept.has(one))),
      ),
    ],
  };
}

/**
 * Puts what the directory says of customers into columns, those of the names that most have. Goes over the entries twice and makes nothing for each
 * customer, since there may be hundreds of thousands.
 */
function codeDirectory(facts: readonly (Known | undefined)[]): CodedColumn[] {
  const [names, values] = [new Map<string, string | undefined>(), new Map<string, string | undefined>()];
  const counts = new Map<string, { count: number; lastRow: number }>();
  facts.forEach((one, row) =>
    eachListed(one, (key, given) => {
      const name = spelled(key, names, traitName);
      if (name === undefined || spelled(given, values, traitValue) === undefined) return;
      const of = counts.get(name) ?? { count: 0, lastRow: -1 };
      if (of.lastRow !== row) counts.set(name, { count: of.count + 1, lastRow: row });
    }),
  );
  const columns = new Map(
    ranked(
      [...counts].map(([name, { count }]) => [name, count] as const),
      MOST_NAMES,
    ).map((name) => [name, { name, known: new Map<string, number>(), codes: new Int32Array(facts.length).fill(-1) }]),
  );
  facts.forEach((one, row) =>
    eachListed(one, (key, given) => {
      const column = columns.get(spelled(key, names, traitName) ?? '');
      const value = column && spelled(given, values, traitValue);
      if (column === undefined || value === undefined) return;
      const code = column.known.get(value) ?? column.known.size;
      column.known.set(value, code);
      column.codes[row] = code;
    }),
  );
  return [...columns.values()].map(({ name, known, codes }) => ({ name, values: [...known.keys()], codes }));
}

/** Hands on what the directory says of a customer: attributes, locale and zone. */
function eachListed(known: Known | undefined, take: (key: string, given: string) => void): void {
  if (!known) return;
  for (const key in known.attributes) {
    const given = known.attributes[key];
    if (typeof given === 'string') take(key, given);
    else if (typeof given === 'number' || typeof given === 'boolean') take(key, String(given));
  }
  if (known.locale !== null) take('locale', known.locale);
  if (known.zone !== null) take('zone', known.zone);
}

/** True where the directory itself says what value of this trait a customer has, so that telemetry was not asked. */
export function isListed(known: Known | undefined, trait: string): boolean {
  let listed = false;
  eachListed(known, (key, given) => {
    if (traitName(key) === trait && traitValue(given) !== undefined) listed = true;
  });
  return listed;
}

/**
 * Features that stand for the fault where no cause names one: of those that at least half of the affected use, the three that the affected use most
 * beyond all others.
 */
export function featuresOfFault(
  active: readonly { readonly id: number; readonly hit: boolean }[],
  known: ReadonlyMap<number, Known>,
): string[] {
  const counts = new Map<string, [others: number, affected: number]>();
  let affected = 0;
  for (const { id, hit } of active) {
    if (hit) affected += 1;
    for (const feature of featuresOf(known.get(id))) {
      const of = counts.get(feature) ?? [0, 0];
      of[hit ? 1 : 0] += 1;
      counts.set(feature, of);
    }
  }
  const common = [...counts].filter(([, of]) => of[1] >= affected / 2);
  const beyond = ([others, hits]: readonly [number, number]) => hits / (others + hits);
  return common
    .sort((one, other) => beyond(other[1]) - beyond(one[1]) || (one[0] < other[0] ? -1 : 1))
    .slice(0, 3)
    .map(([feature]) => feature);
}

function comparable(hit: readonly boolean[], has: (row: number) => boolean): boolean {
  const [all, having] = [
    [0, 0],
    [0, 0],
  ];
  for (const [row, affected] of hit.entries()) {
    const side = affected ? 1 : 0;
    all[side]! += 1;
    if (has(row)) having[side]! += 1;
  }
  const share = (side: 0 | 1) => having[side]! / Math.max(1, all[side]!);
  return share(0) >= LEAST_COMPARABLE * share(1);
}

/** Spellings remembered at most; more are the values of ids and the like, and come once each. */
const MOST_SPELLINGS = 10_000;

function spelled(
  given: string,
  before: Map<string, string | undefined>,
  spell: (given: string) => string | undefined,
): string | undefined {
  if (before.has(given)) return before.get(given);
  const found = spell(given);
  if (before.size < MOST_SPELLINGS) before.set(given, found);
  return found;
}

const NOTHING: ReadonlyMap<string, string> = new Map();

/** Reads what telemetry says of a customer, but for features. */
function seenOf(known: Known | undefined): ReadonlyMap<string, string> {
  const traits = known?.traits ?? [];
  if (traits.length === 0) return NOTHING;
  const values = new Map<string, string>();
  for (let at = 0; at + 1 < traits.length; at += 2) {
    const [name = '', value = ''] = [traits[at], traits[at + 1]];
    if (name !== FEATURE) values.set(name, value);
  }
  return values;
}

function featuresOf(known: Known | undefined): string[] {
  const traits = known?.traits ?? [];
  return traits.filter((_, at) => at % 2 === 1 && traits[at - 1] === FEATURE);
}

function mostCommon(lists: readonly (readonly string[])[], most: number): string[] {
  const counts = new Map<string, number>();
  for (const list of lists) for (const one of list) counts.set(one, (counts.get(one) ?? 0) + 1);
  return ranked([...counts], most);
}

function ranked(counts: readonly (readonly [string, number])[], most: number): string[] {
  return counts
    .toSorted((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1))
    .slice(0, most)
    .map(([name]) => name);
}
