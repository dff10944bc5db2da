/** An issue that people called fixed. */
export interface Resolution {
  /** Epoch milliseconds. */
  readonly at: number;
  /** The release that holds the fix; null when the fix needs none (a server setting, a third party). */
  readonly release: string | null;
}

/** First sight of each release of a project by our clock, epoch milliseconds: their order where names have none. */
export type ReleaseDates = ReadonlyMap<string, number>;

interface Version {
  readonly numbers: readonly number[];
  readonly pre: readonly string[];
  readonly build: string;
}

/** Two to four numbers, with what semver allows behind them: `2.4.1`, `v3.0`, `1.2.3.4`, `2.0.0-rc.1+77`. */
const VERSION = /^v?(\d{1,9}(?:\.\d{1,9}){1,3})(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?$/;

/**
 * Compares releases by name: negative when `a` came before `b`, 0 when they are the same, undefined when the names do not say.
 * Reads plain versions and Sentry's `package@version`; precedence is semver's, and build numbers break ties.
 */
export function compareReleases(a: string, b: string): number | undefined {
  if (a === b) return 0;
  const [packageA, versionA] = parts(a);
  const [packageB, versionB] = parts(b);
  if (packageA !== packageB || versionA === undefined || versionB === undefined) return undefined;
  return (
    compareNumbers(versionA.numbers, versionB.numbers) ||
    comparePre(versionA.pre, versionB.pre) ||
    byBuild(versionA, versionB)
  );
}

function parts(release: string): [name: string, version: Version | undefined] {
  const at = release.lastIndexOf('@');
  const found = VERSION.exec(release.slice(at + 1).trim());
  if (!found) return ['', undefined];
  const [, numbers = '', pre, build = ''] = found;
  const name = at > 0 ? release.slice(0, at) : '';
  return [name, { numbers: numbers.split('.').map(Number), pre: pre === undefined ? [] : pre.split('.'), build }];
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** A pre-release comes before its release; numbers compare as numbers and come before words (semver 2.0.0, 11). */
function comparePre(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [x, y] = [a[i], b[i]];
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    if (x === y) continue;
    const [isX, isY] = [/^\d+$/.test(x), /^\d+$/.test(y)];
    if (isX && isY) return Number(x) - Number(y);
    return isX !== isY ? (isX ? -1 : 1) : x < y ? -1 : 1;
  }
  return 0;
}

/** Builds of one version: numbers in their order, anything else says nothing. */
function byBuild(a: Version, b: Version): number | undefined {
  if (a.build === b.build) return 0;
  return /^\d+$/.test(a.build) && /^\d+$/.test(b.build) ? Number(a.build) - Number(b.build) : undefined;
}

/**
 * Whether an event speaks against a fix. Without a release in the resolution every event that happened after it does. With one
 * only that release or a later one does: customers on older releases still have the fault. Order is by name where both names
 * have one, else by first sight; a fix that was never seen came, if at all, after the resolution. An event that names no
 * release never does.
 */
export function speaksAgainstFix(
  event: { readonly occurredAt: number; readonly release: string | undefined },
  fix: Resolution,
  dates: ReleaseDates,
): boolean {
  if (fix.release === null) return event.occurredAt > fix.at;
  if (event.release === undefined) return false;
  const byName = compareReleases(event.release, fix.release);
  if (byName !== undefined) return byName >= 0;
  const seen = dates.get(event.release);
  const fixed = dates.get(fix.release);
  if (seen === undefined) return false;
  return fixed === undefined ? seen > fix.at : seen > fixed;
}
