import { type HitEvidence } from '../issue.js';

/** Error reports that SDKs dropped for one reason; `claimed` of them were reported with a public key, which anybody has. */
export interface Drops {
  readonly reason: string;
  readonly quantity: number;
  readonly claimed: number;
  readonly fix: string;
}

/** Whether a list of affected customers is whole. */
export interface Completeness {
  readonly complete: boolean;
  /** Error reports that are missing at least. */
  readonly missing: number;
  /** Whether reports with a public key count. */
  readonly claimsCount: boolean;
  readonly words: string;
  readonly drops: readonly Drops[];
}

/**
 * Judges whether the affected list of an issue is whole. Most browsers report with a public key, so claims count for an issue that such keys
 * reported. They do not for one whose customers are mostly known by a server key: there a stranger could mark the list of every issue
 * incomplete. Pure.
 * @param drops while the issue was active
 */
export function completenessOf(
  drops: readonly Drops[],
  known: Pick<HitEvidence, 'claimed' | 'signed' | 'server'>,
): Completeness {
  const claimed = drops.reduce((sum, one) => sum + one.claimed, 0);
  const said = drops.reduce((sum, one) => sum + one.quantity, 0) - claimed;
  const claimsCount = known.server === 0 || known.server < known.claimed + known.signed;
  const missing = said + (claimsCount ? claimed : 0);
  return { complete: missing === 0, missing, claimsCount, words: wordsFor(missing, claimed, claimsCount), drops };
}

function wordsFor(missing: number, claimed: number, claimsCount: boolean): string {
  const first =
    missing === 0
      ? 'No SDK reported that it dropped errors while this issue was active.'
      : `Incomplete: while this issue was active the app's SDKs dropped at least ${missing} error reports by themselves, so customers may be missing.`;
  if (claimed === 0) return first;
  if (claimsCount) return `${first} Of these, ${claimed} were reported with a public key, which anybody can do.`;
  return `${first} Another ${claimed} were reported with a public key; they do not count, since most customers of this issue are known by a server key.`;
}
