import { allRows, type CodedRows, combinationText, rowsWith, type Term } from './coded-rows.js';
import { type Interval, liftInterval, logEvidence, predictiveInterval } from './chance.v1.js';
import { type Combination, priceOfLooking, relativeEntropy, scanInTurns } from './scan.v1.js';
import { atOnce, type Turns } from './turns.js';

/** Active customers of a project: one row each, traits in columns, and 1 for each customer whom the fault has hit. */
export interface ActiveCustomers {
  readonly rows: CodedRows;
  readonly hit: Uint8Array;
  /** How many customers each row of one who was hit, and each other row, stands for; 1 if left out. */
  readonly standsFor?: StandsFor;
}

/** Sizes of two groups of customers divided by how many of each there are rows of. */
export interface StandsFor {
  readonly hit: number;
  readonly others: number;
}

const ITSELF: StandsFor = { hit: 1, others: 1 };

/** Combination of traits that the affected share and others do not. */
export interface Cause {
  /** Traits and values in alphabetical order; a set-valued trait may occur twice. */
  readonly terms: readonly { readonly trait: string; readonly value: string }[];
  /** `os=14&release=2.4.1` */
  readonly text: string;
  readonly affected: number;
  readonly ofAffected: number;
  readonly active: number;
  readonly ofActive: number;
  /** Share of the affected divided by share of the active. */
  readonly lift: number;
  readonly interval: Interval;
  /** Log of the evidence against chance, in nats, after paying for every combination tried. */
  readonly evidence: number;
}

/** Customers who are likely to be hit next. */
export interface AtRisk {
  /** Rows of customers who match a cause and were not hit yet. */
  readonly customers: Int32Array;
  /** Share of them who will be hit within a time as long as that of the hits so far. */
  readonly expectedHitRate: number;
  /** Interval that holds that share in 95 of 100 incidents. */
  readonly interval: Interval;
}

/** Result of {@link findCauses}: causes, best first, and null if nobody can be called at risk. */
export interface CausesFound {
  readonly causes: readonly Cause[];
  readonly atRisk: AtRisk | null;
}

/**
 * Log likelihood that each term must earn. In simulations (`npm run bench:localize`, 2026-11-28) with 3, and with half
 * and double of it, the true combination of one, two or three traits came first in 30 of 30 worlds. The numbers below
 * were chosen by judgement, not measured one by one.
 */
export const TERM_PENALTY = 3;
const LIMITS = { depth: 3, beam: 40 };
/** Share of the hits below which a combination explains too little to be named. */
const LEAST_SHARE = 0.1;
/** Chance of ever offering a cause for a fault without one, however often one looks. */
const FALSE_ALARM = 0.01;
/** Affected customers below which nothing can be said of others; as many open an incident by default. */
export const LEAST_AFFECTED = 5;
/** Causes named at most; each further one must explain hits that the earlier ones leave over. */
const MOST_CAUSES = 3;
/**
 * Customers that the search looks at most, of those hit and of the others. Beyond that it takes a regular sample;
 * counts stay exact.
 */
const SAMPLE = 25_000;
const LEVEL = 0.95;

/**
 * Finds what the affected share, and who is next. A cause is the combination of up to three traits with the highest
 * Kulldorff log likelihood ratio, less {@link TERM_PENALTY} a term; we look for further causes among the hits that it
 * leaves over. Offers only what stays beyond chance at every look of the incident's life.
 */
export function findCauses(customers: ActiveCustomers): CausesFound {
  return atOnce(findCausesInTurns(customers));
}

/** The same, in many short turns. */
export function* findCausesInTurns({ rows, hit, standsFor = ITSELF }: ActiveCustomers): Turns<CausesFound> {
  const every = allRows(rows);
  const affected = every.filter((row) => hit[row] === 1);
  const found: (readonly Term[])[] = [];
  const causes: Cause[] = [];
  const explained = new Uint8Array(rows.size);
  let left = every;
  while (causes.length < MOST_CAUSES) {
    const next = yield* bestCombination(rows, hit, standsFor, left);
    yield;
    if (next === undefined) break;
    found.push(next.terms);
    const active = rowsWith(rows, every, next.terms);
    const hits = rowsWith(rows, affected, next.terms).length;
    const of = { hit: affected.length, others: every.length - affected.length };
    causes.push(
      causeOf(rows, next, counted({ hit: hits, others: active.length - hits }, standsFor), counted(of, standsFor)),
    );
    mark(explained, active);
    yield;
    left = left.filter((row) => explained[row] === 0);
  }
  yield;
  return { causes, atRisk: atRiskOf(rows, hit, standsFor, found) };
}

/** Finds the best combination among the customers `left`, with its evidence; undefined if chance could have made it. */
function* bestCombination(
  rows: CodedRows,
  hit: Uint8Array,
  standsFor: StandsFor,
  left: Int32Array,
): Turns<(Combination & { evidence: number }) | undefined> {
  const hitLeft = sampled(left.filter((row) => hit[row] === 1));
  const others = sampled(left.filter((row) => hit[row] !== 1));
  const affected = hitLeft.sample.length;
  if (affected < LEAST_AFFECTED) return undefined;
  const [hits, active] = [new Float64Array(rows.size), new Float64Array(rows.size)];
  mark(hits, hitLeft.sample);
  mark(active, hitLeft.sample, hitLeft.weight * standsFor.hit);
  mark(active, others.sample, others.weight * standsFor.others);
  const score = (hitShare: number, activeShare: number, depth: number) =>
    affected * relativeEntropy(hitShare, activeShare) - TERM_PENALTY * depth;
  const found = yield* scanInTurns(rows, { hits, active }, score, {
    ...LIMITS,
    minHitShare: Math.max(LEAST_SHARE, LEAST_AFFECTED / affected),
  });
  const best = found.combinations[0];
  if (best === undefined || best.hits < LEAST_AFFECTED) return undefined;
  const chance = logEvidence(best.hits, found.totalHits, best.active / found.totalActive);
  const evidence = chance - priceOfLooking(rows, best.terms, LIMITS.depth);
  return evidence >= Math.log(1 / FALSE_ALARM) ? { ...best, evidence } : undefined;
}

/** Sets the places of these rows. */
function mark(places: Uint8Array | Float64Array, rows: Int32Array, value = 1): void {
  for (const row of rows) places[row] = value;
}

/** Samples rows at a regular step so that at most {@link SAMPLE} are left, and tells how many each stands for. */
function sampled(rows: Int32Array): { readonly sample: Int32Array; readonly weight: number } {
  const weight = Math.max(1, Math.ceil(rows.length / SAMPLE));
  return { sample: weight === 1 ? rows : rows.filter((_, index) => index % weight === 0), weight };
}

/** Customers in two groups, and all of them. */
interface Counted {
  readonly affected: number;
  readonly active: number;
}

function counted(rows: StandsFor, standsFor: StandsFor): Counted {
  const affected = Math.round(rows.hit * standsFor.hit);
  return { affected, active: affected + Math.round(rows.others * standsFor.others) };
}

function causeOf(
  rows: CodedRows,
  { terms, evidence }: Combination & { evidence: number },
  { affected, active }: Counted,
  { affected: ofAffected, active: ofActive }: Counted,
): Cause {
  const named = terms.map(({ column, code }) => {
    const trait = rows.columns[column];
    return { trait: trait?.name ?? '', value: trait?.values[code] ?? '' };
  });
  return {
    terms: named.sort((one, other) => (`${one.trait}=${one.value}` < `${other.trait}=${other.value}` ? -1 : 1)),
    text: combinationText(rows, terms),
    affected,
    ofAffected,
    active,
    ofActive,
    lift: affected / ofAffected / (active / ofActive),
    interval: liftInterval(affected, ofAffected, active, ofActive),
    evidence,
  };
}

function atRiskOf(
  rows: CodedRows,
  hit: Uint8Array,
  standsFor: StandsFor,
  causes: readonly (readonly Term[])[],
): AtRisk | null {
  const matching = new Uint8Array(rows.size);
  for (const terms of causes) mark(matching, rowsWith(rows, allRows(rows), terms));
  const members = allRows(rows).filter((row) => matching[row] === 1);
  const customers = members.filter((row) => hit[row] !== 1);
  if (customers.length === 0) return null;
  const rest = { hit: members.length - customers.length, others: customers.length };
  const { affected, active } = counted(rest, standsFor);
  const rate = affected / active;
  const size = effectiveSize(rest, standsFor);
  return { customers, expectedHitRate: rate, interval: predictiveInterval(rate * size, size, customers.length, LEVEL) };
}

/** How many customers, each for itself, would tell a rate as well as these rows do, some of which stand for many: (Σw)² / Σw² (Kish, Survey Sampling, 1965). */
function effectiveSize(rows: StandsFor, standsFor: StandsFor): number {
  const sum = rows.hit * standsFor.hit + rows.others * standsFor.others;
  return sum ** 2 / (rows.hit * standsFor.hit ** 2 + rows.others * standsFor.others ** 2);
}
