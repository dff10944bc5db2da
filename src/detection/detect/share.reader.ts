import { Injectable } from '@nestjs/common';
import { type Sql } from '../../platform/db/database.js';
import { type ShareRow } from '../algorithm/detectors/share-watch.v1.js';
import { type ActiveMinute } from './project-watch.js';
import { type IssueMinute } from '../series.js';
import { SeriesReadModel } from '../read/series.read-model.js';
import { ACTIVE, type ReleaseMinute, releasesToWatch, SESSIONS, type SessionMinute, sharesOf } from './shares.js';

/** Shares of a stretch of minutes. */
export interface ShareRows {
  /** All series that may have rows in the stretch. */
  readonly names: readonly string[];
  /** Makes the rows of one minute, by series. */
  of(minute: ActiveMinute, issues: readonly IssueMinute[]): Map<string, ShareRow>;
}

/** Reads the counts behind shares: errors and sessions by release, of as many releases as we watch. */
@Injectable()
export class ShareReader {
  constructor(private readonly series: SeriesReadModel) {}

  /** Reads the minutes from `from` to before `to`, epoch minutes. */
  async read(sql: Sql, projectId: number, from: number, to: number): Promise<ShareRows> {
    if (from >= to) return { names: [], of: () => new Map() };
    const all = {
      releases: await this.series.releaseRows(sql, projectId, from, to),
      sessions: await this.series.sessionRows(sql, projectId, from, to),
    };
    const named = new Map<string, number>();
    const add = (release: string, much: number) => named.set(release, (named.get(release) ?? 0) + much);
    for (const { release, arrivals } of all.releases) add(release, arrivals);
    for (const { release, started } of all.sessions) add(release, started);
    const newest = named.size === 0 ? [] : await this.series.newestReleases(sql, projectId);
    const watched = releasesToWatch(newest, named);
    const releases = byMinute(all.releases.filter(({ release }) => watched.has(release)));
    const sessions = byMinute(all.sessions.map((row) => (watched.has(row.release) ? row : { ...row, release: '' })));
    const releaseNames = [...named.keys()].filter((release) => watched.has(release));
    return {
      names: [SESSIONS, ACTIVE, ...releaseNames.flatMap((one) => [`release:${one}`, `${SESSIONS}:${one}`])],
      of: (minute, issues) => sharesOf(minuteOf(minute, issues, releases, sessions)),
    };
  }
}

function minuteOf(
  { minute, active, customers, received }: ActiveMinute,
  issues: readonly IssueMinute[],
  releases: ReadonlyMap<number, readonly ReleaseMinute[]>,
  sessions: ReadonlyMap<number, readonly SessionMinute[]>,
) {
  return {
    minute,
    use: received ? (active ?? 1) : 0,
    customers,
    hit: issues.reduce((sum, row) => sum + row.customers, 0),
    releases: releases.get(minute) ?? [],
    sessions: sessions.get(minute) ?? [],
  };
}

function byMinute<T extends { readonly minute: number }>(rows: readonly T[]): Map<number, T[]> {
  const minutes = new Map<number, T[]>();
  for (const row of rows) minutes.set(row.minute, [...(minutes.get(row.minute) ?? []), row]);
  return minutes;
}
