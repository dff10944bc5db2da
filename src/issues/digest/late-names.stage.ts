import { Injectable } from '@nestjs/common';
import { CustomerDirectory } from '../../customers/public.js';
import { IntakeLedger } from '../../intake/public.js';
import { TraceNames, type TracedUser } from '../../intake/trace-names.service.js';
import { Database, type Tx } from '../../platform/db/database.js';
import { IDLE, type Stage, type StageResult } from '../../platform/stages/stage.js';
import { type Trust, weakerTrust } from '../../projects/project-key.js';
import { type CountedEvent, totalsByCustomer, totalsByRelease } from './batch.js';
import { DigestStore } from './digest.store.js';
import { Newcomers } from './newcomers.service.js';

const MINUTE = 60_000;
/** Time for which a span that names the user may come after the error, and errors that wait for one; beyond it the oldest stay nobody's. By judgement. */
const WAITS_MS = MINUTE;
const MOST_WAITING = 20_000;

/** A counted event that names nobody and belongs to a trace. */
export interface Unnamed extends CountedEvent {
  readonly projectId: number;
  readonly traceId: string;
  readonly keyId?: number | undefined;
}

type Named = Unnamed & { readonly user: TracedUser; readonly trust: Trust };

/**
 * Gives errors the customer whom a later span of their trace names: in most servers the error ends first, and the request around it names the user.
 * An error is counted once all the same; it only gets its customer. In the memory of the process that counted it, so a second run finds nothing left
 * and a process that is killed leaves such errors nobody's.
 */
@Injectable()
export class LateNames implements Stage {
  readonly name = 'late-names';
  readonly pauseMs = 2000;
  readonly limitMs = 60_000;
  /** The one counted longest ago first; epoch milliseconds of when by event. */
  private readonly waiting = new Map<Unnamed, number>();

  constructor(
    private readonly traces: TraceNames,
    private readonly directory: CustomerDirectory,
    private readonly newcomers: Newcomers,
    private readonly store: DigestStore,
    private readonly ledger: IntakeLedger,
    private readonly database: Database,
  ) {}

  /** Lets committed events wait for their customer. */
  wait(events: readonly Unnamed[], now: Date): void {
    for (const event of events) this.waiting.set(event, now.getTime());
    for (const event of this.waiting.keys()) {
      if (this.waiting.size <= MOST_WAITING) return;
      this.waiting.delete(event);
    }
  }

  async runOnce(now: Date): Promise<StageResult> {
    const named: Named[] = [];
    for (const [event, since] of this.waiting) {
      const user = this.traces.find(event.projectId, event.traceId, now.getTime());
      if (user) named.push({ ...event, user, trust: weakerTrust(event.trust ?? 'claimed', user.trust) });
      if (user || now.getTime() - since > WAITS_MS) this.waiting.delete(event);
    }
    if (named.length === 0) return IDLE;
    await this.database.transaction((tx) => this.attribute(tx, named, now));
    return { worked: named.length, more: false };
  }

  private async attribute(tx: Tx, named: readonly Named[], now: Date): Promise<void> {
    const people = named.map(({ projectId, keyId, source, user, trust }) => {
      // Of a signed user the id alone is proven, as in digest.
      const identities = trust === 'signed' ? user.identities.filter(({ kind }) => kind === 'id') : user.identities;
      return { projectId, keyId, source, identities };
    });
    const known = await this.directory.look(tx, people);
    const strangers = await this.directory.strangersAmong(people, known);
    const beyond = this.newcomers.beyond(people, strangers, now);
    const allowed = people.map((one, at) => (beyond[at] ? { ...one, identities: [] } : one));
    const customers = await this.directory.recognise(tx, allowed, now, known);
    const hits = named
      .map((event, at) => ({ ...event, customerId: customers[at] }))
      .filter(({ customerId }) => customerId !== undefined);
    if (hits.length === 0) return;
    const releases = totalsByRelease(hits).map((one) => ({ ...one, events: 0 }));
    tx.commitWith(
      this.store.countHits(totalsByCustomer(hits), releases, now),
      ...this.ledger.addOutcomes(ownedNow(hits, now)),
    );
  }
}

/** They are nobody's no more. */
function ownedNow(hits: readonly Unnamed[], now: Date) {
  const minute = new Date(Math.floor(now.getTime() / MINUTE) * MINUTE);
  return [...new Set(hits.map(({ projectId }) => projectId))].map((projectId) => {
    const nobody = -hits.filter((one) => one.projectId === projectId).length;
    return { projectId, minute, outcome: 'accepted' as const, count: 0, nobody };
  });
}
