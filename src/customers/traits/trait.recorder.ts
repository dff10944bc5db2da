import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '../../platform/db/database.js';
import { Metrics } from '../../platform/metrics.js';
import { IDLE, type Stage, type StageResult } from '../../platform/stages/stage.js';
import { type Trust, TRUSTS } from '../../projects/project-key.js';
import { type Identity } from '../customer.js';
import { CustomerDirectory } from '../public.js';
import { MOST_TRAITS, type SeenTraits } from '../trait.js';
import { type TraitRow, TraitStore } from './trait.store.js';

/** Customers kept between two writes; traits of more are lost and counted. By judgement: the memory that they take was not measured. */
const MOST_CUSTOMERS = 50_000;
/** Customers of one transaction. */
const AT_ONCE = 2000;

/** One customer of one project since the last write. */
interface Gathered {
  readonly projectId: number;
  readonly customer: number | readonly Identity[];
  /** By name and value; the one seen longest ago first. */
  readonly traits: Map<string, Gained>;
}

/** A trait as gathered: seen first and last at these epoch milliseconds, and the best trust of who said so. */
interface Gained {
  readonly name: string;
  readonly value: string;
  readonly firstAt: number;
  readonly at: number;
  readonly count: number;
  readonly trust: Trust;
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
  private gathered = new Map<string, Gathered>();
  private readonly lost;

  constructor(
    private readonly store: TraitStore,
    private readonly directory: CustomerDirectory,
    private readonly database: Database,
    metrics: Metrics,
  ) {
    const help =
      'Times that traits of a customer were not kept, because too many customers were seen between two writes.';
    this.lost = metrics.counter('traits_lost_total', help, []);
  }

  /** Adds what somebody was seen to use; false where there is no room until the next write. */
  saw({ projectId, customer, traits, at, trust = 'claimed' }: SeenTraits): boolean {
    const key = `${projectId} ${typeof customer === 'number' ? customer : namesOf(customer)}`;
    let own = this.gathered.get(key);
    if (!own) {
      if (this.gathered.size >= MOST_CUSTOMERS) {
        this.lost.inc();
        return false;
      }
      own = { projectId, customer, traits: new Map() };
      this.gathered.set(key, own);
    }
    for (const [name, value] of traits) add(own, { name, value, firstAt: at, at, count: 1, trust });
    return true;
  }

  async runOnce(): Promise<StageResult> {
    if (this.gathered.size === 0) return IDLE;
    const taken = [...this.gathered.values()];
    this.gathered = new Map();
    for (let at = 0; at < taken.length; at += AT_ONCE) {
      try {
        await this.database.transaction((tx) => this.write(tx, taken.slice(at, at + AT_ONCE)));
      } catch (error) {
        this.takeBack(taken.slice(at));
        throw error;
      }
    }
    return { worked: taken.length, more: false };
  }

  private async write(tx: Tx, taken: readonly Gathered[]): Promise<void> {
    const named = taken.flatMap(({ projectId, customer }) =>
      typeof customer === 'number' ? [] : [{ projectId, identities: customer }],
    );
    const ids = await this.directory.findKnown(tx, named);
    let nth = 0;
    const rows = taken.flatMap(({ projectId, customer, traits }): TraitRow[] => {
      const customerId = typeof customer === 'number' ? customer : ids[nth++];
      return customerId === undefined ? [] : [...traits.values()].map((one) => ({ ...one, projectId, customerId }));
    });
    await this.store.add(tx, rows);
  }

  private takeBack(taken: readonly Gathered[]): void {
    for (const { projectId, customer, traits } of taken) {
      if (!this.saw({ projectId, customer, traits: [], at: 0 })) continue;
      const own = this.gathered.get(`${projectId} ${typeof customer === 'number' ? customer : namesOf(customer)}`)!;
      for (const gained of traits.values()) add(own, gained);
    }
  }
}

/** Of more than a customer may have, the trait that was seen longest ago makes room. */
function add({ traits }: Gathered, gained: Gained): void {
  const key = `${gained.name}=${gained.value}`;
  const before = traits.get(key);
  traits.delete(key);
  traits.set(key, before ? together(before, gained) : gained);
  const [oldest] = traits.keys();
  if (traits.size > MOST_TRAITS && oldest !== undefined) traits.delete(oldest);
}

function together(one: Gained, other: Gained): Gained {
  const better = TRUSTS.indexOf(one.trust) > TRUSTS.indexOf(other.trust) ? one : other;
  return {
    ...better,
    firstAt: Math.min(one.firstAt, other.firstAt),
    at: Math.max(one.at, other.at),
    count: one.count + other.count,
  };
}

function namesOf(identities: readonly Identity[]): string {
  return JSON.stringify(identities.map(({ kind, value }) => [kind, value]));
}
