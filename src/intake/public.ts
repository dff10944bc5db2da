import { Injectable } from '@nestjs/common';
import { type Bound, type Sql, type Tx } from '../platform/db/database.js';
import { dropFix } from '../events/client-drops.js';
import { Scrubber } from '../events/scrubber.js';
import { type AppEvent } from '../events/event.js';
import { idBeside } from './event-mark.js';
import { type Claim, LedgerStore, type OutcomeCount } from './ledger/ledger.store.js';
import { OutcomeCounter } from './ledger/outcome.counter.js';
import { readSample } from '../events/protocols.js';
import { inFull, type QueuedEvent } from './queued-event.js';
import { TelemetryStore } from './telemetry/telemetry.store.js';

/** Keeps of an event, beside its counts, that it was seen, how it ended, and some payloads. */
@Injectable()
export class IntakeLedger {
  constructor(
    private readonly store: LedgerStore,
    private readonly counter: OutcomeCounter,
    private readonly scrubber: Scrubber,
    private readonly telemetry: TelemetryStore,
  ) {}

  /**
   * Marks events as seen in this transaction; returns for each the id under which it counts, or undefined where it was seen before. That is its
   * own id, or one beside it where another event had taken that, since ids are chosen by whoever sends.
   */
  async claimEvents(tx: Tx, events: readonly Claim[], now: Date): Promise<(string | undefined)[]> {
    const fresh = await this.store.claimEvents(tx, events, now);
    if (fresh === null) return events.map(({ eventId }) => eventId);
    const ids = events.map((one) => (fresh.delete(keyOf(one)) ? one.eventId : undefined));
    const taken = await this.store.takenByOthers(
      tx,
      events.filter((_, at) => ids[at] === undefined),
    );
    if (taken.size === 0) return ids;
    const beside = events.map((one) => ({ ...one, eventId: idBeside(one.eventId, one.mark) }));
    const isBeside = events.map((one, at) => ids[at] === undefined && taken.has(keyOf(one)));
    const wanted = beside.filter((_, at) => isBeside[at]);
    const freshBeside = (await this.store.claimEvents(tx, wanted, now)) ?? new Set(wanted.map(keyOf));
    return beside.map((one, at) => (isBeside[at] && freshBeside.delete(keyOf(one)) ? one.eventId : ids[at]));
  }

  /** The statement that marks events as seen; fails with a unique violation when somebody has seen one of their ids. */
  claimAllEvents(events: readonly Claim[], now: Date): Bound {
    return this.store.claimAllEvents(events, now);
  }

  /** The statement that counts outcomes; call `observe` after its commit. */
  addOutcomes(counts: readonly OutcomeCount[]): Bound[] {
    return this.store.addOutcomes(counts);
  }

  /** Shows committed counts in the metrics. */
  observe(counts: readonly OutcomeCount[]): void {
    for (const { projectId, outcome, count, nobody = 0 } of counts)
      this.counter.observe(projectId, outcome, count, nobody);
  }

  /** The statement that keeps payloads as samples, scrubbed. A cell is a part of an issue. */
  saveSamples(
    samples: readonly {
      cellId: number;
      customerId: number | undefined;
      queued: Omit<QueuedEvent, 'facts' | 'fault'>;
    }[],
    now: Date,
  ): Bound[] {
    const rows = samples.flatMap(({ cellId, customerId, queued }) => {
      const { event, payload } = inFull(queued);
      if (payload === undefined) return [];
      const text = JSON.stringify(this.scrubber.payload({ ...payload }, event.user));
      const { projectId, eventId } = queued;
      return [{ projectId, eventId, cellId, customerId, receivedAt: now, payload: text }];
    });
    return this.store.saveSamples(rows);
  }

  /** An event whose texts hold no secrets and nothing that names the customer. */
  scrubbed(event: AppEvent): AppEvent {
    return this.scrubber.event(event);
  }

  /** The newest samples of these cells. */
  async samplesOf(
    sql: Sql,
    cellIds: readonly number[],
    limit: number,
  ): Promise<{ eventId: string; receivedAt: Date; payload: unknown }[]> {
    return this.store.samplesOf(sql, cellIds, limit);
  }

  /** The newest samples of one project or of all, read again as events; undefined where a payload cannot be read by itself. */
  async recentSamples(
    sql: Sql,
    projectId: number | undefined,
    limit: number,
  ): Promise<{ cellId: number; event: AppEvent | undefined }[]> {
    const rows = await this.store.recentSamples(sql, projectId, limit);
    return rows.map(({ cellId, receivedAt, payload }) => ({
      cellId,
      event: readSample(payload, receivedAt.getTime()),
    }));
  }

  /**
   * Error reports that a project's SDKs dropped by themselves between two moments, by reason, each with what ends it; `claimed` of
   * them were reported with a public key.
   */
  async dropsBetween(
    sql: Sql,
    projectId: number,
    from: Date,
    to: Date,
  ): Promise<{ reason: string; quantity: number; claimed: number; fix: string }[]> {
    const rows = await this.telemetry.dropsIn(sql, projectId, from, to);
    return rows.map((row) => ({ ...row, fix: dropFix(row.reason) }));
  }
}

function keyOf({ projectId, eventId, mark }: Claim): string {
  return `${projectId}:${eventId}:${mark}`;
}
