import { traitName, traitValue } from '../../customers/trait.js';
import { codeColumn, codeSets, type CodedRows } from '../algorithm/coded-rows.js';

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
  const spellings = { names: new Map<string, string | undefined>(), values: new Map<string, string | undefined>() };
  const told = active.map(({ id }) => directoryOf(known.get(id), spellings));
  const seen = active.map(({ id }) => seenOf(known.get(id)));
  const features = active.map(({ id }) => featuresOf(known.get(id)));
  const names = (of: readonly ReadonlyMap<string, string>[]) =>
    mostCommon(
      of.map((one) => [...one.keys()]),
      MOST_NAMES,
    );
  const listed = new Set(names(told));
  const learnt = names(seen).filter(
    (name) => !listed.has(name) && comparable(hit, (row) => seen[row]?.has(name) ?? false),
  );
  const kept = comparable(hit, (row) => (features[row] ?? []).length > 0)
    ? new Set(mostCommon(features, MOST_FEATURES))
    : new Set();
  const column = (name: string, of: readonly ReadonlyMap<string, string>[]) =>
    codeColumn(
      name,
      of.map((one) => one.get(name)),
    );
  return {
    size: active.length,
    columns: [
      ...[...listed].map((name) => column(name, told)),
      ...learnt.map((name) => column(name, seen)),
      ...codeSets(
        FEATURE,
        features.map((own) => own.filter((one) => kept.has(one))),
      ),
    ],
  };
}

/** True where the directory itself says what value of this trait a customer has, so that telemetry was not asked. */
export function isListed(known: Known | undefined, trait: string): boolean {
  return directoryOf(known, { names: new Map(), values: new Map() }).has(trait);
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

/** Spellings found before, by what was given: few names and values make up the attributes of all. */
interface Spellings {
  readonly names: Map<string, string | undefined>;
  readonly values: Map<string, string | undefined>;
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

/** Reads what the directory says of a customer. */
function directoryOf(known: Known | undefined, { names, values: spelledValues }: Spellings): Map<string, string> {
  const values = new Map<string, string>();
  if (!known) return values;
  const entries = Object.entries({ ...known.attributes, locale: known.locale, zone: known.zone });
  for (const [key, given] of entries) {
    if (typeof given !== 'string' && typeof given !== 'number' && typeof given !== 'boolean') continue;
    const [name, value] = [spelled(key, names, traitName), spelled(String(given), spelledValues, traitValue)];
    if (name !== undefined && value !== undefined) values.set(name, value);
  }
  return values;
}

/** Reads what telemetry says of a customer, but for features. */
function seenOf(known: Known | undefined): Map<string, string> {
  const values = new Map<string, string>();
  const traits = known?.traits ?? [];
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
  const ranked = [...counts].sort((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1));
  return ranked.slice(0, most).map(([name]) => name);
}
