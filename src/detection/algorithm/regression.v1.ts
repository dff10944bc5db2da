import type { Verdict } from '../detection.js';
import { clockTime, span } from './words.js';

/** How an issue was resolved. */
export interface Resolution {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Release that holds the fix; null when the fix needs none (a server setting, a third party). */
  readonly release: string | null;
}

/** Hits on a resolved issue, summed over one release and one minute. */
export interface HitsOfRelease {
  /** Epoch minutes. */
  readonly minute: number;
  readonly release: string | null;
  readonly arrivals: number;
}

/** First sight of each release, epoch milliseconds: their order, whatever the names look like. */
export type ReleaseDates = ReadonlyMap<string, number>;

/** Requests under way when an issue is resolved may still fail for this long. */
const GRACE_MS = 5 * 60_000;
/** Window and customers from which a hit on a fixed issue is a regression and not a straggler. */
const WINDOW_MS = 60 * 60_000;

/**
 * Whether a hit speaks against the fix. With a release in the resolution only that release or a later one does: customers
 * on old releases still have the fault. Without one every hit after the grace time does.
 */
export function speaksAgainstFix(hit: HitsOfRelease, resolution: Resolution, releases: ReleaseDates): boolean {
  if (hit.minute * 60_000 < resolution.at + GRACE_MS) return false;
  if (resolution.release === null) return true;
  if (hit.release === null) return false;
  if (hit.release === resolution.release) return true;
  const fixed = releases.get(resolution.release);
  const seen = releases.get(hit.release);
  if (seen === undefined) return false;
  return fixed === undefined ? seen >= resolution.at : seen > fixed;
}

/**
 * The verdict on a resolved issue, or null while it holds.
 * @param hits those of the last hour are enough
 * @param customers how many customers within an hour make it a regression
 */
export function regressed(
  resolution: Resolution,
  hits: readonly HitsOfRelease[],
  releases: ReleaseDates,
  now: number,
  customers: number,
): Verdict | null {
  const against = hits.filter(
    (hit) => hit.arrivals > 0 && hit.minute * 60_000 > now - WINDOW_MS && speaksAgainstFix(hit, resolution, releases),
  );
  const seen = against.reduce((sum, { arrivals }) => sum + arrivals, 0);
  if (seen < customers) return null;
  const since = Math.min(...against.map(({ minute }) => minute)) * 60_000;
  const fix =
    resolution.release === null ? `resolved at ${clockTime(resolution.at)} UTC` : `fixed in ${resolution.release}`;
  return {
    kind: 'regression',
    since,
    at: now,
    expected: 0,
    seen,
    windowMs: now - since,
    unit: 'customers',
    unlikeliness: 0,
    words: `${seen} ${seen === 1 ? 'customer' : 'customers'} in ${span(now - since)} on an issue ${fix}, since ${clockTime(since)} UTC`,
  };
}
