import { type Identity } from '../customer.js';
import { MOST_TRAITS, type TraitPair, traitPairs, VOUCHED_TRAITS } from '../trait.js';
import { literalsOf, type TraitSetRow } from './trait.store.js';

/** Different sets of traits held, by judgement: apps send few, each from many customers. */
const MOST_SETS = 100_000;
/** Sets held of one customer, by judgement; the one seen longest ago makes room. */
const MOST_SETS_OF_ONE = 64;
/** Numbers of one sighting: epoch milliseconds of the first and the last time, place of the set, times not written yet, place of the best trust in TRUSTS. */
const [FIRST, LAST, SET, COUNT, TRUST, STEP] = [0, 1, 2, 3, 4, 5];

/** One customer of one project. */
export interface SeenCustomer {
  readonly key: string | number;
  readonly projectId: number;
  /** The customer's id, or the names that may lead to one. */
  readonly customer: number | readonly Identity[];
  /** Sightings one after the other, `STEP` numbers each: plain numbers, since the collector copies what is gathered (8 MB for 35 in bench:intake). */
  readonly sightings: number[];
  /** True while something of it was never written, rather than seen again. */
  isNews: boolean;
}

/** A set of traits with its arrays as PostgreSQL writes them. */
interface TraitSet {
  readonly traits: readonly TraitPair[];
  readonly literals: readonly [names: string, values: string];
}

/**
 * Memory of what customers use, in two generations: who is seen moves into the young one, and when that has become old, whoever was not seen since is
 * forgotten. So that a customer who goes on using the same costs one row a generation.
 */
export class TraitMemory {
  private young = new Map<string | number, SeenCustomer>();
  private old = new Map<string | number, SeenCustomer>();
  /** Places in `sets` by what the set holds. */
  private readonly places = new Map<string, number>();
  private readonly sets: TraitSet[] = [];
  private news: SeenCustomer[] = [];

  /** @param mostCustomers customers of a generation at most, beside those who come over from the one before */
  constructor(private readonly mostCustomers: number) {}

  /** True where half of the customers that find room have found it; the next generation has room again. */
  get customersAreFilling(): boolean {
    return this.young.size >= this.mostCustomers / 2;
  }

  /** The same of sets, which only a new memory has room for. */
  get setsAreFilling(): boolean {
    return this.sets.length >= MOST_SETS / 2;
  }

  /**
   * Adds a sighting; false where there is no room.
   * @param traits as `traitLines` writes them, not ''
   * @param at epoch milliseconds
   * @param trust its place in TRUSTS
   */
  add(projectId: number, customer: number | readonly Identity[], traits: string, at: number, trust: number): boolean {
    const set = this.placeOf(traits);
    if (set === undefined) return false;
    const key = keyOf(projectId, customer);
    const known = this.find(key);
    if (known) {
      if (addTo(known.sightings, at, set, trust)) this.tell(known);
      return true;
    }
    if (this.young.size >= this.mostCustomers) return false;
    const seen = { key, projectId, customer, sightings: [at, at, set, 1, trust], isNews: false };
    this.young.set(key, seen);
    this.tell(seen);
    return true;
  }

  /** Takes those of whom something was never written. */
  takeNews(): SeenCustomer[] {
    const news = this.news;
    this.news = [];
    for (const seen of news) seen.isNews = false;
    return news;
  }

  /** Those of the old generation who were seen again since they were written. */
  seenAgain(): SeenCustomer[] {
    return [...this.old.values()].filter(isSeenAgain);
  }

  /** Takes everybody of whom something is not written. */
  takeAll(): SeenCustomer[] {
    return [...this.takeNews(), ...this.seenAgain(), ...[...this.young.values()].filter(isSeenAgain)];
  }

  /** The young generation becomes the old one, which is forgotten. */
  age(): void {
    this.old = this.young;
    this.young = new Map();
  }

  /** Takes what was seen of a customer and is not written; of more traits than a customer may have those seen last. */
  take({ sightings }: SeenCustomer): Taken {
    const taken: number[] = [];
    for (let at = 0; at < sightings.length; at += STEP) {
      if (sightings[at + COUNT] === 0) continue;
      taken.push(...sightings.slice(at, at + STEP));
      sightings[at + COUNT] = 0;
    }
    return taken;
  }

  /** Gives back what could not be written. */
  giveBack(seen: SeenCustomer, taken: Taken): void {
    for (let at = 0; at < taken.length; at += STEP) {
      addTo(seen.sightings, taken[at + FIRST]!, taken[at + SET]!, taken[at + TRUST]!, 0);
      addTo(seen.sightings, taken[at + LAST]!, taken[at + SET]!, taken[at + TRUST]!, taken[at + COUNT]);
    }
    this.tell(seen);
  }

  /** Forgets somebody whom nobody knows, so that they are news once somebody does. */
  forget({ key }: SeenCustomer): void {
    this.young.delete(key);
    this.old.delete(key);
  }

  /** The row for what was taken of a customer. */
  rowOf({ projectId }: SeenCustomer, customerId: number, taken: Taken): TraitSetRow {
    if (taken.length > STEP) return { projectId, customerId, ...this.merged(taken) };
    const { traits, literals } = this.sets[taken[SET]!]!;
    const all = (value: number) => traits.map(() => value);
    const [firsts, lasts] = [all(taken[FIRST]!), all(taken[LAST]!)];
    const [counts, trusts] = [all(taken[COUNT]!), all(taken[TRUST]!)];
    return { projectId, customerId, traits, literals, firsts, lasts, counts, trusts };
  }

  private merged(taken: Taken): Omit<TraitSetRow, 'projectId' | 'customerId'> {
    const values = new Map<string, { pair: TraitPair; sighting: number[] }>();
    for (let at = 0; at < taken.length; at += STEP) {
      const sighting = taken.slice(at, at + STEP);
      for (const pair of this.sets[sighting[SET]!]!.traits) {
        const before = values.get(textOf(pair));
        if (before) combine(before.sighting, sighting);
        else values.set(textOf(pair), { pair, sighting: [...sighting] });
      }
    }
    const newest = kept([...values.values()]);
    const all = (field: number) => newest.map(({ sighting }) => sighting[field]!);
    const traits = newest.map(({ pair }) => pair);
    return { traits, firsts: all(FIRST), lasts: all(LAST), counts: all(COUNT), trusts: all(TRUST) };
  }

  private find(key: string | number): SeenCustomer | undefined {
    const young = this.young.get(key);
    if (young) return young;
    const old = this.old.get(key);
    // Also where the young generation is full: who stayed behind would be forgotten with what was seen last.
    if (old) {
      this.old.delete(key);
      this.young.set(key, old);
    }
    return old;
  }

  private tell(seen: SeenCustomer): void {
    if (seen.isNews) return;
    seen.isNews = true;
    this.news.push(seen);
  }

  /** The place of a set of traits; undefined where there is no room for one more. */
  private placeOf(lines: string): number | undefined {
    const known = this.places.get(lines);
    if (known !== undefined || this.sets.length >= MOST_SETS) return known;
    this.places.set(lines, this.sets.length);
    const traits = traitPairs(lines);
    return this.sets.push({ traits, literals: literalsOf(traits) }) - 1;
  }
}

/** Sightings taken to be written, as in `SeenCustomer`. */
export type Taken = readonly number[];

/**
 * Adds to the sightings of one customer; of more sets than are held, a claim makes room first, and the one seen longest ago.
 * @returns true where the set is new, or told by a better word
 */
function addTo(sightings: number[], at: number, set: number, trust: number, count = 1): boolean {
  let oldest = 0;
  for (let place = 0; place < sightings.length; place += STEP) {
    if (sightings[place + SET] === set) {
      const isBetter = trust > sightings[place + TRUST]!;
      if (at < sightings[place + FIRST]!) sightings[place + FIRST] = at;
      if (at > sightings[place + LAST]!) sightings[place + LAST] = at;
      if (isBetter) sightings[place + TRUST] = trust;
      sightings[place + COUNT]! += count;
      return isBetter;
    }
    const weaker = sightings[place + TRUST]! - sightings[oldest + TRUST]!;
    if (weaker < 0 || (weaker === 0 && sightings[place + LAST]! < sightings[oldest + LAST]!)) oldest = place;
  }
  const place = sightings.length >= MOST_SETS_OF_ONE * STEP ? oldest : sightings.length;
  sightings[place + FIRST] = at;
  sightings[place + LAST] = at;
  sightings[place + SET] = set;
  sightings[place + COUNT] = count;
  sightings[place + TRUST] = trust;
  return true;
}

/** The values to keep of too many, the one seen last at the end: as the store does, the newest, but first those that more than a claim tells. */
function kept<T extends { readonly sighting: readonly number[] }>(values: readonly T[]): T[] {
  const byTime = values.toSorted((one, other) => other.sighting[LAST]! - one.sighting[LAST]!);
  if (values.length <= MOST_TRAITS) return byTime.reverse();
  const vouched = new Set(byTime.filter(({ sighting }) => sighting[TRUST]! > 0).slice(0, VOUCHED_TRAITS));
  const others = byTime.filter((one) => !vouched.has(one)).slice(0, MOST_TRAITS - vouched.size);
  const chosen = new Set([...vouched, ...others]);
  return byTime.filter((one) => chosen.has(one)).reverse();
}

/** Adds one sighting to another. */
function combine(one: number[], other: readonly number[]): void {
  one[FIRST] = Math.min(one[FIRST]!, other[FIRST]!);
  one[LAST] = Math.max(one[LAST]!, other[LAST]!);
  one[COUNT]! += other[COUNT]!;
  one[TRUST] = Math.max(one[TRUST]!, other[TRUST]!);
}

function isSeenAgain({ isNews, sightings }: SeenCustomer): boolean {
  for (let at = COUNT; at < sightings.length; at += STEP) if (sightings[at]! > 0) return !isNews;
  return false;
}

function textOf([name, value]: TraitPair): string {
  return `${name}\n${value}`;
}

/** A customer of a project; a number where it is safe as one, since it is looked up for every event. */
function keyOf(projectId: number, customer: number | readonly Identity[]): string | number {
  if (typeof customer !== 'number')
    return `${projectId} ${JSON.stringify(customer.map(({ kind, value }) => [kind, value]))}`;
  const key = projectId * 2 ** 38 + customer;
  return customer < 2 ** 38 && projectId < 2 ** 15 ? key : `${projectId} ${customer}`;
}
