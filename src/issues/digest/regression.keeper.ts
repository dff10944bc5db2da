import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type Tx } from '../../platform/db/database.js';
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

  /** Looks at a batch. What it returns is to be handed to `remember` after the commit. */
  async look(tx: Tx, events: readonly PlacedEvent[], now: Date): Promise<string[]> {
    const fresh = await this.saveReleases(tx, events, now);
    const resolved = events.filter(({ place }) => place.status === 'resolved');
    const issueIds = [...new Set(resolved.map(({ place }) => place.issueId))].sort((a, b) => a - b);
    for (const issueId of issueIds) {
      const hits = resolved.filter(({ place }) => place.issueId === issueId);
      await this.judge(tx, issueId, hits, now);
    }
    return fresh;
  }

  /** Keeps what a committed transaction saved. */
  remember(fresh: readonly string[]): void {
    for (const key of fresh) this.releases.set(key, true);
  }

  private async saveReleases(tx: Tx, events: readonly PlacedEvent[], now: Date): Promise<string[]> {
    const unknown = new Map<string, { projectId: number; release: string }>();
    for (const { projectId, release } of events) {
      if (release === undefined) continue;
      const key = `${projectId}:${release}`;
      if (!this.releases.has(key)) unknown.set(key, { projectId, release });
    }
    if (unknown.size > 0) await this.store.saveReleases(tx, [...unknown.values()], now);
    return [...unknown.keys()];
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
