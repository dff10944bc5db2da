import { type Trust, TRUSTS } from '../../projects/project-key.js';
import { soonness } from '../algorithm/soonness.v1.js';

/** One trait with a value. */
interface NamedTerm {
  readonly trait: string;
  readonly value: string;
}

/** Use of a trait by one customer; `trust` is an index of `TRUSTS`. */
interface Use {
  readonly name: string;
  readonly value: string;
  readonly count: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
  readonly trust: number;
}

/** Cause as a cohort needs it: its terms, and the trust of the hits behind it. */
export interface KnownCause {
  readonly terms: readonly NamedTerm[];
  readonly trust: Trust;
}

/**
 * Says how it is known that a customer is at risk: by the weakest word behind the cause that they match and behind the traits by which they match
 * it; of several causes the best known counts. What the directory says is the app's own word.
 * @param listed tells whether the directory itself gives a trait of this customer
 */
export function trustAtRisk(
  causes: readonly KnownCause[],
  uses: readonly Use[],
  listed: (trait: string) => boolean,
): Trust {
  const trusts = causes.map(({ terms, trust }) => {
    const said = terms.map(({ trait, value }) => {
      if (listed(trait)) return TRUSTS.length - 1;
      return uses.find((use) => use.name === trait && use.value === value)?.trust ?? 0;
    });
    return Math.min(TRUSTS.indexOf(trust), ...said);
  });
  return TRUSTS[Math.max(0, ...trusts)] ?? 'claimed';
}

/**
 * Expected uses a day of what is faulty: of the features given, and where the customer uses none of them, of whatever the causes name.
 * @param now epoch milliseconds
 */
export function soonnessOf(features: readonly string[], uses: readonly Use[], now: number): number {
  const times = ({ count, firstAt, lastAt }: Use) => ({ count, firstAt: firstAt.getTime(), lastAt: lastAt.getTime() });
  const faulty = uses.filter(({ name, value }) => name === 'feature' && features.includes(value));
  if (features.length > 0) return soonness(faulty.map(times), now);
  return Math.max(0, ...uses.map((use) => soonness([times(use)], now)));
}
