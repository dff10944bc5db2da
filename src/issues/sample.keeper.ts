import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type AcceptedEvent } from '../intake/accepted-event.js';
import { IntakeLedger } from '../intake/public.js';
import { type Tx } from '../platform/db/database.js';
import { type Place } from './cell.js';
import { DigestStore } from './digest.store.js';

/** Payloads kept of an issue in an hour: enough to understand a fault, little enough that a storm costs nothing. */
const PER_ISSUE_AND_HOUR = 10;
const HOUR = 3_600_000;

/** Keeps some payloads of each issue and lets the rest go. */
@Injectable()
export class SampleKeeper {
  private readonly kept = new LRUCache<string, number>({ max: 50_000 });

  constructor(
    private readonly store: DigestStore,
    private readonly ledger: IntakeLedger,
  ) {}

  /** Saves the payloads of a batch that are still wanted. */
  async keep(
    tx: Tx,
    events: readonly { accepted: AcceptedEvent; place: Place | undefined }[],
    now: Date,
  ): Promise<void> {
    const hour = Math.floor(now.getTime() / HOUR);
    await this.learn(tx, events, hour);
    const samples = [];
    for (const { accepted, place } of events) {
      if (place === undefined || accepted.payload === undefined) continue;
      const key = `${place.issueId}:${hour}`;
      const count = this.kept.get(key) ?? 0;
      if (count >= PER_ISSUE_AND_HOUR) continue;
      this.kept.set(key, count + 1);
      samples.push({ cellId: place.cellId, accepted });
    }
    await this.ledger.saveSamples(tx, samples, now);
  }

  /** After a start, asks what was kept of the issues before. */
  private async learn(tx: Tx, events: readonly { place: Place | undefined }[], hour: number): Promise<void> {
    const unknown = new Set<number>();
    for (const { place } of events)
      if (place !== undefined && !this.kept.has(`${place.issueId}:${hour}`)) unknown.add(place.issueId);
    if (unknown.size === 0) return;
    const counts = await this.store.sampledSince(tx, [...unknown], new Date(hour * HOUR));
    for (const issueId of unknown) this.kept.set(`${issueId}:${hour}`, counts.get(issueId) ?? 0);
  }
}
