import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '../../platform/db/database.js';
import { Metrics } from '../../platform/metrics.js';
import { type Stage, type StageResult } from '../../platform/stages/stage.js';
import { TRUSTS } from '../../projects/project-key.js';
import { CustomerDirectory } from '../public.js';
import { type SeenTraits } from '../trait.js';
import { type SeenCustomer, type Taken, TraitMemory } from './trait.memory.js';
import { type TraitSetRow, TraitStore } from './trait.store.js';

/** Customers held of a generation, by judgement; traits of more are lost and counted. */
const MOST_CUSTOMERS = 50_000;
/** Length of a generation: for so long, and as long again at most, counts of what a customer was seen to use before wait in memory. */
const GENERATION_MS = 5 * 60_000;
/** Customers of one transaction; of 2,000 with ten traits each the main thread was held for a tenth of a second (bench:intake, mixed). */
const AT_ONCE = 500;

/**
 * Gathers what customers use and writes it down: something new of a customer within seconds, what they were seen to use before once in some minutes,
 * so that an event costs no row. Names that nobody knows are dropped: only events and the directory make customers. Like sessions these are
 * statistics: a process that is killed loses what it had gathered since.
 */
@Injectable()
export class TraitRecorder implements Stage {
  readonly name = 'trait-flush';
  readonly pauseMs = 5000;
  readonly limitMs = 60_000;
  private memory = new TraitMemory(MOST_CUSTOMERS);
  /** Epoch milliseconds. */
  private generationBegan = 0;
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
    if (traits === '') return true;
    const isKept = this.memory.add(projectId, customer, traits, at, TRUSTS.indexOf(trust));
    if (!isKept) this.lost.inc();
    return isKept;
  }

  async runOnce(now: Date): Promise<StageResult> {
    const { memory } = this;
    if (memory.setsAreFilling) return { worked: await this.startOver(), more: false };
    const isOver = now.getTime() - this.generationBegan >= GENERATION_MS || memory.customersAreFilling;
    const worked = await this.write(memory, [...memory.takeNews(), ...(isOver ? memory.seenAgain() : [])]);
    if (isOver) {
      memory.age();
      this.generationBegan = now.getTime();
    }
    return { worked, more: false };
  }

  /** Writes all that is gathered, as before the end of the process. */
  async writeAll(): Promise<void> {
    await this.write(this.memory, this.memory.takeAll());
  }

  /** Begins a new memory and writes all that the old one holds. What cannot be written then is lost, and counted. */
  private async startOver(): Promise<number> {
    const { memory } = this;
    this.memory = new TraitMemory(MOST_CUSTOMERS);
    const customers = memory.takeAll();
    try {
      return await this.write(memory, customers);
    } catch (error) {
      this.lost.inc(memory.takeAll().length);
      throw error;
    }
  }

  /** Writes what was seen of these customers, some at once. Those of whom it fails are news again. */
  private async write(memory: TraitMemory, customers: readonly SeenCustomer[]): Promise<number> {
    for (let at = 0; at < customers.length; at += AT_ONCE) {
      const some = customers.slice(at, at + AT_ONCE).map((seen) => ({ seen, taken: memory.take(seen) }));
      try {
        await this.database.transaction((tx) => this.writeSome(tx, memory, some));
      } catch (error) {
        for (const { seen, taken } of some) memory.giveBack(seen, taken);
        for (const seen of customers.slice(at + AT_ONCE)) memory.giveBack(seen, []);
        throw error;
      }
    }
    return customers.length;
  }

  private async writeSome(
    tx: Tx,
    memory: TraitMemory,
    some: readonly { readonly seen: SeenCustomer; readonly taken: Taken }[],
  ): Promise<void> {
    const named = some.flatMap(({ seen: { projectId, customer } }) =>
      typeof customer === 'number' ? [] : [{ projectId, identities: customer }],
    );
    const ids = named.length === 0 ? [] : await this.directory.findKnown(tx, named);
    const rows: TraitSetRow[] = [];
    let nth = 0;
    for (const { seen, taken } of some) {
      const id = typeof seen.customer === 'number' ? seen.customer : ids[nth++];
      if (id === undefined) memory.forget(seen);
      else if (taken.length > 0) rows.push(memory.rowOf(seen, id, taken));
    }
    await this.store.add(tx, rows);
  }
}
