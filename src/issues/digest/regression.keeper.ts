import { Injectable } from '@nestjs/common';
import { type Bound, type Tx } from '../../platform/db/database.js';
import { recentMap } from '../../platform/recent-map.js';
import { speaksAgainstFix } from './release-order.js';
import { type Trust } from '../../projects/project-key.js';
import { type Place } from './cell.js';
import { RegressionStore } from './regression.store.js';

/** An event and the issue that it counts for. */
export interface PlacedEvent {
  readonly projectId: number;
  readonly occurredAt: number;
  readonly release: string | undefined;
  readonly place: Place;
  /** How its customer is known; undefined is a claim. */
  readonly trust?: Trust | undefined;
  readonly source?: number | undefined;
  readonly customerId?: number | undefined;
}

/**
 * Claims that reopen an issue: from so many sources, or about so many customers. One event with a public key must not, as it names any
 * release that it likes; three sources are more than one person has at hand, and five customers are what opens an incident of a new fault anyway
 * (`detection.newFault.customers`). At half one person with a phone beside the desk reopens what was fixed; at double a fault that came back
 * is told later, by detection.
 */
const REOPENING = { sources: 3, customers: 5 };
/** How long claims wait for others, milliseconds. */
const DOUBT_LASTS = 24 * 3_600_000;
/** Claims of a batch that are kept; more say no more. */
const MOST_DOUBTS = 20;

/** Remembers when each release was first seen, and reopens resolved issues when what is known, or enough that is claimed, speaks against the fix. */
@Injectable()
export class RegressionKeeper {
  private readonly releases = recentMap<string, true>(20_000);

  constructor(private readonly store: RegressionStore) {}

  /** The statement that saves the releases of a batch that this process has not seen; hand `fresh` to `remember` after the commit. */
  saveReleases(events: readonly PlacedEvent[], now: Date): { fresh: string[]; bound: Bound[] } {
    const unknown = new Map<string, { projectId: number; release: string }>();
    for (const { projectId, release } of events) {
      if (release === undefined) continue;
      const key = `${projectId}:${release}`;
      if (!this.releases.has(key)) unknown.set(key, { projectId, release });
    }
    const bound = unknown.size > 0 ? [this.store.saveReleases([...unknown.values()], now)] : [];
    return { fresh: [...unknown.keys()], bound };
  }

  /** Reopens resolved issues of which an event of the batch speaks against the fix. Ask it after the releases were saved. */
  async reopen(tx: Tx, events: readonly PlacedEvent[], now: Date): Promise<void> {
    const resolved = events.filter(({ place }) => place.status === 'resolved');
    const issueIds = [...new Set(resolved.map(({ place }) => place.issueId))].sort((a, b) => a - b);
    for (const issueId of issueIds) {
      const hits = resolved.filter(({ place }) => place.issueId === issueId);
      await this.judge(tx, issueId, hits, now);
    }
  }

  /** Keeps what a committed transaction saved. */
  remember(fresh: readonly string[]): void {
    for (const key of fresh) this.releases.set(key, true);
  }

  private async judge(tx: Tx, issueId: number, hits: readonly PlacedEvent[], now: Date): Promise<void> {
    const [{ projectId, place } = {}] = hits;
    if (projectId === undefined || !place?.resolvedAt) return;
    const fix = { at: place.resolvedAt.getTime(), release: place.resolvedIn };
    const names = [...new Set(hits.flatMap(({ release }) => release ?? [])), ...(fix.release ? [fix.release] : [])];
    const dates = fix.release ? await this.store.releaseDates(tx, projectId, names) : new Map<string, number>();
    const against = hits.filter((hit) => speaksAgainstFix(hit, fix, dates));
    const sure = against.find(({ trust = 'claimed' }) => trust !== 'claimed');
    const told = sure ?? ((await this.isDoubted(tx, issueId, place.resolvedAt, against, now)) ? against[0] : undefined);
    if (told) await this.store.reopen(tx, issueId, told.release ?? null, now);
  }

  private async isDoubted(
    tx: Tx,
    issueId: number,
    resolvedAt: Date,
    against: readonly PlacedEvent[],
    now: Date,
  ): Promise<boolean> {
    if (against.length === 0) return false;
    const since = new Date(Math.max(resolvedAt.getTime(), now.getTime() - DOUBT_LASTS));
    const doubts = new Map(
      against.map(({ source = 0, customerId }) => [`${source} ${customerId}`, { source, customerId }] as const),
    );
    const found = await this.store.addDoubts(tx, issueId, [...doubts.values()].slice(0, MOST_DOUBTS), { since, now });
    return found.sources >= REOPENING.sources || found.customers >= REOPENING.customers;
  }
}
