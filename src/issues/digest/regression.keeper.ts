import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type Bound, type Tx } from '../../platform/db/database.js';
import { speaksAgainstFix } from './release-order.js';
import { type Place } from './cell.js';
import { RegressionStore } from './regression.store.js';

/** An event and the issue that it counts for. */
export interface PlacedEvent {
  readonly projectId: number;
  readonly occurredAt: number;
  readonly release: string | undefined;
  readonly place: Place;
}

/** Remembers when each release was first seen, and reopens resolved issues when an event speaks against the fix. */
@Injectable()
export class RegressionKeeper {
  private readonly releases = new LRUCache<string, true>({ max: 20_000 });

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
    const against = hits.find((hit) => speaksAgainstFix(hit, fix, dates));
    if (against) await this.store.reopen(tx, issueId, against.release ?? null, now);
  }
}
