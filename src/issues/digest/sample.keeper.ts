import { Injectable } from '@nestjs/common';
import { type QueuedEvent } from '../../intake/queued-event.js';
import { IntakeLedger } from '../../intake/public.js';
import { type Bound, type Tx } from '../../platform/db/database.js';
import { recentMap } from '../../platform/recent-map.js';
import { type Place } from './cell.js';
import { DigestStore } from './digest.store.js';

/**
 * Of an issue's events in an hour the 1st, 2nd, 4th … 512th are kept: ten payloads at most, spread over how the fault goes
 * on, so that a storm costs nothing.
 */
const LAST_SAMPLED = 512;
/**
 * Samples a second at most beyond the first of each issue. To scrub and write one costs far more than to count an event, and
 * when thousands of issues are hit at once nobody reads a second one of each.
 */
const FURTHER_A_SECOND = 50;
const HOUR = 3_600_000;
const SECOND = 1000;

/** As much of an event as its sample takes. */
type SampledEvent = Omit<QueuedEvent, 'facts' | 'fault'>;

/** Keeps some payloads of each issue and lets the rest go. */
@Injectable()
export class SampleKeeper {
  /** Events by issue and hour. */
  private readonly kept = recentMap<string, number>(50_000);
  /** The running second, and the samples in it that were not the first of their issue. */
  private second = 0;
  private further = 0;

  constructor(
    private readonly store: DigestStore,
    private readonly ledger: IntakeLedger,
  ) {}

  /** True where `learn` has nothing to ask. */
  remembers(places: readonly Place[], now: Date): boolean {
    return this.unknown(places, hourOf(now)).size === 0;
  }

  /** Asks what was kept of issues of which it is not known, as after a start; call it before `keep`. */
  async learn(tx: Tx, places: readonly Place[], now: Date): Promise<void> {
    const hour = hourOf(now);
    const unknown = this.unknown(places, hour);
    if (unknown.size === 0) return;
    const counts = await this.store.sampledSince(tx, [...unknown], new Date(hour * HOUR));
    for (const issueId of unknown) this.kept.set(`${issueId}:${hour}`, eventsBehind(counts.get(issueId) ?? 0));
  }

  /** The statement that saves the payloads of a batch that are still wanted. */
  keep(
    events: readonly { event: SampledEvent; place: Place | undefined; customerId: number | undefined }[],
    now: Date,
  ): Bound[] {
    const hour = hourOf(now);
    const samples = [];
    for (const { event, place, customerId } of events) {
      if (place === undefined || !event.hasPayload) continue;
      const key = `${place.issueId}:${hour}`;
      const count = this.kept.get(key) ?? 0;
      if (count >= LAST_SAMPLED) continue;
      this.kept.set(key, count + 1);
      if (isPowerOfTwo(count + 1) && (count === 0 || this.mayKeepFurther(now)))
        samples.push({ cellId: place.cellId, customerId, queued: event });
    }
    return this.ledger.saveSamples(samples, now);
  }

  private mayKeepFurther(now: Date): boolean {
    const second = Math.floor(now.getTime() / SECOND);
    if (second !== this.second) {
      this.second = second;
      this.further = 0;
    }
    return this.further++ < FURTHER_A_SECOND;
  }

  /** Issues of which it is not known what was kept; new ones have nothing. */
  private unknown(places: readonly Place[], hour: number): Set<number> {
    const unknown = new Set<number>();
    for (const place of places)
      if (!place.fresh && !this.kept.has(`${place.issueId}:${hour}`)) unknown.add(place.issueId);
    return unknown;
  }
}

function hourOf(now: Date): number {
  return Math.floor(now.getTime() / HOUR);
}

function isPowerOfTwo(n: number): boolean {
  return (n & (n - 1)) === 0;
}

/** How many events at least there were when so many samples are kept. */
function eventsBehind(samples: number): number {
  return samples === 0 ? 0 : 2 ** (samples - 1);
}
