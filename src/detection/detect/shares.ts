import { type ShareRow } from '../algorithm/detectors/share-watch.v1.js';
import { type CountUnit } from '../detection.js';
import { partsOf } from '../series.js';

/** Customers whom errors of one release hit in one minute. */
export interface ReleaseMinute {
  readonly release: string;
  readonly minute: number;
  readonly arrivals: number;
}

/** Sessions of one release in one minute; '' stands for no release. */
export interface SessionMinute {
  readonly release: string;
  readonly minute: number;
  readonly started: number;
  /** Crashed sessions, each device counted once an hour, so that a crash loop is one device. */
  readonly crashed: number;
}

/** Counts behind the shares of one closed minute. */
export interface ShareMinute {
  readonly minute: number;
  /** Exposure of the minute: active customers or sessions, or 1 if the app tells neither; 0 in a gap. */
  readonly use: number;
  /** Customers who used the app; null if it names none. */
  readonly customers: number | null;
  /** Customers hit, summed over issues. */
  readonly hit: number;
  readonly releases: readonly ReleaseMinute[];
  readonly sessions: readonly SessionMinute[];
}

/** Crashed of started sessions of the whole project; those of one release are `sessions:RELEASE`. */
export const SESSIONS = 'sessions';
/** Customers hit, of all who use the app, minute by minute. */
export const ACTIVE = 'active';
/**
 * Releases, services and areas that we watch in one project, of each kind. A state takes about 6 kB at most, so 50 of
 * each of four kinds stay below about 1 MB a project; an app has some tens of live releases at most. Beyond that we
 * drop the oldest releases, and the services and areas with the oldest last hit.
 */
export const MOST_OF_A_KIND = 50;

/** Whether a series is a share; the others are counts. */
export function isShare(series: string): boolean {
  return ['release', SESSIONS, ACTIVE].includes(partsOf(series).kind);
}

/** Names the unit of a share's `seen`. */
export function unitOf(series: string): CountUnit {
  const { kind } = partsOf(series);
  return kind === SESSIONS ? 'sessions' : kind === ACTIVE ? 'active customers' : 'customers';
}

/**
 * Makes the rows of one minute, by series. A release is measured by the use of the whole app, since apps roll out
 * gradually and do not tell how far.
 */
export function sharesOf({ minute, use, customers, hit, releases, sessions }: ShareMinute): Map<string, ShareRow> {
  const rows = new Map<string, ShareRow>();
  const add = (series: string, seen: number, ofAll: number) => {
    const before = rows.get(series) ?? { seen: 0, ofAll: 0 };
    rows.set(series, { minute, seen: before.seen + seen, ofAll: before.ofAll + ofAll });
  };
  if (customers !== null) add(ACTIVE, hit, customers);
  for (const { release, arrivals } of releases) add(`release:${release}`, arrivals, use);
  for (const { release, started, crashed } of sessions) {
    add(SESSIONS, crashed, started);
    if (release !== '') add(`${SESSIONS}:${release}`, crashed, started);
  }
  return rows;
}

/**
 * Picks the releases to watch: the newest, then, as far as there is room, those known from sessions alone, busiest
 * first.
 * @param newest releases that had an error, newest first
 * @param named how busy each release of this run is
 */
export function releasesToWatch(newest: readonly string[], named: ReadonlyMap<string, number>): Set<string> {
  const known = newest.slice(0, MOST_OF_A_KIND);
  const later = new Set(newest);
  const others = [...named].filter(([release]) => release !== '' && !later.has(release)).sort((a, b) => b[1] - a[1]);
  return new Set([...known, ...others.map(([release]) => release)].slice(0, MOST_OF_A_KIND));
}
