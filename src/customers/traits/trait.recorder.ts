import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '../../platform/db/database.js';
import { Metrics } from '../../platform/metrics.js';
import { IDLE, type Stage, type StageResult } from '../../platform/stages/stage.js';
import { TRUSTS } from '../../projects/project-key.js';
import { type Identity } from '../customer.js';
import { CustomerDirectory } from '../public.js';
import { MOST_TRAITS, type SeenTraits, type TraitPair } from '../trait.js';
import { type TraitRow, TraitStore } from './trait.store.js';

/** Customers kept between two writes, by judgement; traits of more are lost and counted. */
const MOST_CUSTOMERS = 50_000;
/** Different sets of traits kept between two writes, likewise: apps send few, each from many customers. */
const MOST_SETS = 100_000;
/** Sets kept of one customer between two writes, by judgement; the one seen longest ago makes room. */
const MOST_SETS_OF_ONE = 64;
/** Customers of one transaction; of 2,000 with ten traits each the main thread was held for a tenth of a second (bench:intake, mixed). */
const AT_ONCE = 500;
/** Numbers of one sighting: epoch milliseconds of the first and the last time, place of the set, times, place of the best trust in TRUSTS. */
const [FIRST, LAST, SET, COUNT, TRUST, STEP] = [0, 1, 2, 3, 4, 5];

/** One customer of one project since the last write. */
interface Gathered {
  readonly projectId: number;
  readonly customer: number | readonly Identity[];
  /** Sightings one after the other, `STEP` numbers each: plain numbers, since the collector copies what is gathered (8 MB for 35 in bench:intake). */
  readonly sightings: number[];
}

/** Sightings gathered between two writes. */
class Gathering {
  readonly customers = new Map<string | number, Gathered>();
  /** Places in `sets` by what the set holds. */
  private readonly places = new Map<string, number>();
  private readonly sets: (readonly TraitPair[])[] = [];

  /**
   * Adds a sighting of a customer; false where there is no room for one more customer.
   * @param sighting its numbers; kept as it is where it is the first, since an array that grows takes three times the memory
   */
  add(projectId: number, customer: number | readonly Identity[], sighting: number[]): boolean {
    const key = keyOf(projectId, customer);
    const known = this.customers.get(key);
    if (known) add(known.sightings, sighting);
    else if (this.customers.size < MOST_CUSTOMERS)
      this.customers.set(key, { projectId, customer, sightings: sighting });
    else return false;
    return true;
  }

  /** The place of a set of traits; undefined where there is no room for one more. */
  placeOf(traits: readonly TraitPair[]): number | undefined {
    let key = '';
    for (const pair of traits) key += `${pair[0]}\n${pair[1]}\n`;
    const known = this.places.get(key);
    if (known !== undefined || this.sets.length >= MOST_SETS) return known;
    this.places.set(key, this.sets.length);
    return this.sets.push(traits) - 1;
  }

  /** Traits of a customer, one row each; of more than a customer may have those seen last. */
  rowsOf({ projectId, sightings }: Gathered, customerId: number): TraitRow[] {
    const rows = new Map<string, TraitRow>();
    for (let at = 0; at < sightings.length; at += STEP) {
      for (const [name, value] of this.sets[sightings[at + SET]!]!) {
        const [firstAt, last, count] = [sightings[at + FIRST]!, sightings[at + LAST]!, sightings[at + COUNT]!];
        const row = {
          projectId,
          customerId,
          name,
          value,
          firstAt,
          at: last,
          count,
          trust: TRUSTS[sightings[at + TRUST]!]!,
        };
        const before = rows.get(`${name}=${value}`);
        rows.set(`${name}=${value}`, before ? together(before, row) : row);
      }
    }
    if (rows.size <= MOST_TRAITS) return [...rows.values()];
    return [...rows.values()].sort((one, other) => other.at - one.at).slice(0, MOST_TRAITS);
  }

  /** The set of a sighting. */
  setAt(sightings: readonly number[], at: number): readonly TraitPair[] {
    return this.sets[sightings[at + SET]!]!;
  }
}

/**
 * Gathers what customers use and writes it down every few seconds, so that an event costs no row. Names that nobody knows are dropped: only
 * events and the directory make customers. Like sessions these are
 * statistics: a process that is killed loses what it had gathered since.
 */
@Injectable()
export class TraitRecorder implements Stage {
  readonly name = 'trait-flush';
  readonly pauseMs = 5000;
  readonly limitMs = 60_000;
  private gathered = new Gathering();
  private readonly lost;

  constructor(
    private readonly store: TraitStore,
    private readonly directory: CustomerDirectory,
    private readonly database: Database,
    metrics: Metrics,
  ) {
    const help =
      'Times that traits of a customer were not kept, because too many customers or too many sets of traits were seen between two writes.';
    this.lost = metrics.counter('traits_lost_total', help, []);
  }

  /** Adds what somebody was seen to use; false where there is no room until the next write. */
  saw({ projectId, customer, traits, at, trust = 'claimed' }: SeenTraits): boolean {
    return this.keep(projectId, customer, traits, [at, at, 0, 1, TRUSTS.indexOf(trust)]);
  }

  /** @param sighting numbers of one sighting, whose set is still to be placed */
  private keep(
    projectId: number,
    customer: number | readonly Identity[],
    traits: readonly TraitPair[],
    sighting: number[],
  ): boolean {
    const set = this.gathered.placeOf(traits);
    if (set !== undefined) sighting[SET] = set;
    const isKept = set !== undefined && this.gathered.add(projectId, customer, sighting);
    if (!isKept) this.lost.inc();
    return isKept;
  }

  async runOnce(): Promise<StageResult> {
    if (this.gathered.customers.size === 0) return IDLE;
    const taken = this.gathered;
    const customers = [...taken.customers.values()];
    this.gathered = new Gathering();
    for (let at = 0; at < customers.length; at += AT_ONCE) {
      try {
        await this.database.transaction((tx) => this.write(tx, taken, customers.slice(at, at + AT_ONCE)));
      } catch (error) {
        this.takeBack(taken, customers.slice(at));
        throw error;
      }
    }
    return { worked: customers.length, more: false };
  }

  private async write(tx: Tx, taken: Gathering, customers: readonly Gathered[]): Promise<void> {
    const named = customers.flatMap(({ projectId, customer }) =>
      typeof customer === 'number' ? [] : [{ projectId, identities: customer }],
    );
    const ids = await this.directory.findKnown(tx, named);
    let nth = 0;
    const rows = customers.flatMap((one): TraitRow[] => {
      const customerId = typeof one.customer === 'number' ? one.customer : ids[nth++];
      return customerId === undefined ? [] : taken.rowsOf(one, customerId);
    });
    await this.store.add(tx, rows);
  }

  private takeBack(taken: Gathering, customers: readonly Gathered[]): void {
    for (const { projectId, customer, sightings } of customers)
      for (let at = 0; at < sightings.length; at += STEP)
        this.keep(projectId, customer, taken.setAt(sightings, at), sightings.slice(at, at + STEP));
  }
}

/** Adds a sighting of a set to those of one customer; of more sets than are kept, the one seen longest ago makes room. */
function add(sightings: number[], sighting: readonly number[]): void {
  const set = sighting[SET]!;
  let oldest = 0;
  for (let at = 0; at < sightings.length; at += STEP) {
    if (sightings[at + SET] === set) {
      sightings[at + FIRST] = Math.min(sightings[at + FIRST]!, sighting[FIRST]!);
      sightings[at + LAST] = Math.max(sightings[at + LAST]!, sighting[LAST]!);
      sightings[at + COUNT]! += sighting[COUNT]!;
      sightings[at + TRUST] = Math.max(sightings[at + TRUST]!, sighting[TRUST]!);
      return;
    }
    if (sightings[at + LAST]! < sightings[oldest + LAST]!) oldest = at;
  }
  const place = sightings.length >= MOST_SETS_OF_ONE * STEP ? oldest : sightings.length;
  sightings[place + FIRST] = sighting[FIRST]!;
  sightings[place + LAST] = sighting[LAST]!;
  sightings[place + SET] = set;
  sightings[place + COUNT] = sighting[COUNT]!;
  sightings[place + TRUST] = sighting[TRUST]!;
}

function together(one: TraitRow, other: TraitRow): TraitRow {
  return {
    ...one,
    firstAt: Math.min(one.firstAt, other.firstAt),
    at: Math.max(one.at, other.at),
    count: one.count + other.count,
    trust: TRUSTS.indexOf(one.trust) > TRUSTS.indexOf(other.trust) ? one.trust : other.trust,
  };
}

/** A customer of a project; a number where it is safe as one, since it is looked up for every event. */
function keyOf(projectId: number, customer: number | readonly Identity[]): string | number {
  if (typeof customer !== 'number')
    return `${projectId} ${JSON.stringify(customer.map(({ kind, value }) => [kind, value]))}`;
  const key = projectId * 2 ** 38 + customer;
  return customer < 2 ** 38 && projectId < 2 ** 15 ? key : `${projectId} ${customer}`;
}
