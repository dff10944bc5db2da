import { traitName, traitValue } from '../../customers/trait.js';
import { type CodedColumn, type CodedRows } from '../algorithm/coded-rows.js';
import { type Turns } from '../algorithm/turns.js';

/** Knowledge of a customer; as `CustomerTraitsRow` of the store. */
export interface Known {
  readonly locale: string | null;
  readonly zone: string | null;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Names of traits that telemetry saw, the one seen last at the end. */
  readonly names: readonly string[];
  /** The value of each of `names`. */
  readonly values: readonly string[];
}

/** A customer who counts as active, and whether the incident has hit them. */
interface Active {
  readonly id: number;
  readonly hit: boolean;
}

/** The trait of which a customer has many values at once. */
export const FEATURE = 'feature';
/** Traits, and features, that are looked at: those that most customers have. Chosen without regard to who was hit, so that the bound on chance holds. */
const MOST_NAMES = 200;
const MOST_FEATURES = 200;

/** Customers of one turn: with twelve traits each, two to five milliseconds. */
const A_TURN = 2000;

/**
 * Share of the others who have a trait, of the share among the affected who have it, below which nobody can compare: who has no errors may send
 * no events, so that all the affected, and nobody else, seem to use an app of some release. For what telemetry says only.
 */
const LEAST_COMPARABLE = 0.5;

/** Customers who have something: those not hit, and those hit. */
type Sides = [others: number, affected: number];

/** Customers in columns, and the traits of which only the directory is asked. */
export interface CodedCustomers extends CodedRows {
  readonly listed: ReadonlySet<string>;
}

/** Puts customers and what is known of them into columns, in the order of `active`. Of several values the one seen last counts, but for features. */
export function* codeCustomers(active: readonly Active[], known: ReadonlyMap<number, Known>): Turns<CodedCustomers> {
  const facts = active.map(({ id }) => known.get(id));
  const told = yield* codeDirectory(facts);
  const listed = new Set(told.map(({ name }) => name));
  const seen = yield* codeSeen(active, facts, listed);
  return { size: active.length, columns: [...told, ...seen], listed };
}

/** Whether a customer has these values of traits, as `codeCustomers` would see them; `listed` as it said. */
export function hasTerms(
  known: Known,
  terms: readonly { readonly trait: string; readonly value: string }[],
  listed: ReadonlySet<string>,
): boolean {
  return terms.every(({ trait, value }) => {
    const isThis = (name: string, at: number) => name === trait && known.values[at] === value;
    if (trait === FEATURE && known.names.some(isThis)) return true;
    return (listed.has(trait) ? listedValue(known, trait) : known.values[known.names.lastIndexOf(trait)]) === value;
  });
}

/** Value that the directory gives a customer for a trait. */
function listedValue(known: Known, trait: string): string | undefined {
  let found: string | undefined;
  eachListed(known, (key, given) => {
    if (traitName(key) === trait) found = traitValue(given) ?? found;
  });
  return found;
}

/**
 * Puts what telemetry says of customers into columns, but for `listed`, of which the directory says the value. Goes over it twice and makes nothing for
 * each customer.
 */
function* codeSeen(
  active: readonly Active[],
  facts: readonly (Known | undefined)[],
  listed: ReadonlySet<string>,
): Turns<CodedColumn[]> {
  const all: Sides = [0, 0];
  const names = new Map<string, { of: Sides; lastRow: number }>();
  const features = new Map<string, number>();
  yield* eachInTurns(active, ({ hit }, row) => {
    all[hit ? 1 : 0] += 1;
    eachSeen(facts[row], (name, value) => {
      if (name === FEATURE) features.set(value, (features.get(value) ?? 0) + 1);
      const found = names.get(name) ?? { of: [0, 0] as Sides, lastRow: -1 };
      if (found.lastRow === -1) names.set(name, found);
      if (found.lastRow === row) return;
      found.of[hit ? 1 : 0] += 1;
      found.lastRow = row;
    });
  });
  const isComparable = (name: string) => comparable(names.get(name)?.of ?? [0, 0], all);
  const counts = [...names]
    .filter(([name]) => name !== FEATURE)
    .map(([name, { of }]) => [name, of[0] + of[1]] as const);
  const compared = ranked(counts, MOST_NAMES).filter((name) => !listed.has(name) && isComparable(name));
  const used = isComparable(FEATURE) ? ranked([...features], MOST_FEATURES) : [];
  const columns = new Map(compared.map((name) => [name, new Column(name, facts.length)]));
  const ofFeature = new Map(used.map((value) => [value, new Column(FEATURE, facts.length)]));
  yield* eachInTurns(facts, (one, row) => {
    for (let at = (one?.names.length ?? 0) - 1; at >= 0; at--) {
      const [name, value] = [one!.names[at]!, one!.values[at]!];
      const column = name === FEATURE ? ofFeature.get(value) : columns.get(name);
      // From the end, so that a value that was seen later stays.
      if (column && !column.has(row)) column.put(row, value);
    }
  });
  return [...columns.values(), ...ofFeature.values()].map((column) => column.coded());
}

/** Hands on each of a list, a turn for each {@link A_TURN} of them. */
function* eachInTurns<T>(all: readonly T[], take: (one: T, at: number) => void): Turns<void> {
  for (let from = 0; from < all.length; from += A_TURN) {
    yield;
    all.slice(from, from + A_TURN).forEach((one, nth) => take(one, from + nth));
  }
}

/** A column under construction. */
class Column {
  private readonly known = new Map<string, number>();
  private readonly codes: Int32Array;

  constructor(
    private readonly name: string,
    rows: number,
  ) {
    this.codes = new Int32Array(rows).fill(-1);
  }

  /** Sets the value of a row, in place of one that was set before. */
  put(row: number, value: string): void {
    const code = this.known.get(value) ?? this.known.size;
    this.known.set(value, code);
    this.codes[row] = code;
  }

  has(row: number): boolean {
    return this.codes[row] !== -1;
  }

  coded(): CodedColumn {
    return { name: this.name, values: [...this.known.keys()], codes: this.codes };
  }
}

/** Hands on what telemetry says of a customer, the value seen last at the end. */
function eachSeen(known: Known | undefined, take: (name: string, value: string) => void): void {
  known?.names.forEach((name, at) => take(name, known.values[at]!));
}

/**
 * Puts what the directory says of customers into columns, those of the names that most have. Goes over the entries twice and makes nothing for each
 * customer, since there may be hundreds of thousands.
 */
function* codeDirectory(facts: readonly (Known | undefined)[]): Turns<CodedColumn[]> {
  const [names, values] = [new Map<string, string | undefined>(), new Map<string, string | undefined>()];
  const counts = new Map<string, { count: number; lastRow: number }>();
  yield* eachInTurns(facts, (one, row) =>
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
    ).map((name) => [name, new Column(name, facts.length)]),
  );
  yield* eachInTurns(facts, (one, row) =>
    eachListed(one, (key, given) => {
      const column = columns.get(spelled(key, names, traitName) ?? '');
      const value = column && spelled(given, values, traitValue);
      if (value !== undefined) column?.put(row, value);
    }),
  );
  return [...columns.values()].map((column) => column.coded());
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
export function* featuresOfFault(active: readonly Active[], known: ReadonlyMap<number, Known>): Turns<string[]> {
  const counts = new Map<string, Sides>();
  let affected = 0;
  yield* eachInTurns(active, ({ id, hit }) => {
    if (hit) affected += 1;
    eachSeen(known.get(id), (name, feature) => {
      if (name !== FEATURE) return;
      const of = counts.get(feature) ?? [0, 0];
      of[hit ? 1 : 0] += 1;
      counts.set(feature, of);
    });
  });
  const common = [...counts].filter(([, of]) => of[1] >= affected / 2);
  const beyond = ([others, hits]: readonly [number, number]) => hits / (others + hits);
  return common
    .sort((one, other) => beyond(other[1]) - beyond(one[1]) || (one[0] < other[0] ? -1 : 1))
    .slice(0, 3)
    .map(([feature]) => feature);
}

/** False where the others have something so much more seldom than the affected that nobody can compare. */
function comparable(having: Sides, all: Sides): boolean {
  const share = (side: 0 | 1) => having[side] / Math.max(1, all[side]);
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

function ranked(counts: readonly (readonly [string, number])[], most: number): string[] {
  return counts
    .toSorted((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1))
    .slice(0, most)
    .map(([name]) => name);
}
