import { logGamma } from '../../detection/algorithm/tail.v1.js';

/** Bounds of a share or a ratio. */
export type Interval = readonly [low: number, high: number];

/** Computes the log of the beta function for a, b > 0. */
export function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

/**
 * Computes the log of the e-value of "a hit falls into this group more often than its share": hits one by one, each in
 * the group or not, against a uniform mixture over all shares. It is a test martingale, so the chance that it ever
 * passes 1/α is at most α, however often one looks (Ville's inequality). Recomputing every minute costs nothing.
 * @param inside hits in the group
 * @param hits all hits
 * @param share the group's share of the active, between 0 and 1
 */
export function logEvidence(inside: number, hits: number, share: number): number {
  if (share <= 0 || share >= 1 || inside <= hits * share) return 0;
  return logBeta(1 + inside, 1 + hits - inside) - inside * Math.log(share) - (hits - inside) * Math.log(1 - share);
}

/**
 * Computes the interval that holds the share of hits among the `next` customers with probability `level`, after `hits`
 * of `seen` customers of the same kind: quantiles of the beta-binomial distribution with Jeffreys' prior.
 */
export function predictiveInterval(hits: number, seen: number, next: number, level: number): Interval {
  if (next <= 0) return [0, 1];
  const [a, b] = [hits + 0.5, seen - hits + 0.5];
  const tail = (1 - level) / 2;
  const base = logGamma(next + 1) - logBeta(a, b);
  let below = 0;
  let low: number | undefined;
  for (let count = 0; count <= next; count += 1) {
    const ways = base - logGamma(count + 1) - logGamma(next - count + 1);
    below += Math.exp(ways + logBeta(count + a, next - count + b));
    if (low === undefined && below > tail) low = count / next;
    if (below >= 1 - tail) return [low ?? 0, count / next];
  }
  return [low ?? 0, 1];
}

/** Computes the 95 % interval of (hits / ofHits) / (active / ofActive) by the normal approximation of its logarithm. */
export function liftInterval(hits: number, ofHits: number, active: number, ofActive: number): Interval {
  const lift = hits / ofHits / (active / ofActive);
  const spread = 1.96 * Math.sqrt(1 / hits - 1 / ofHits + 1 / active - 1 / ofActive);
  return [lift * Math.exp(-spread), lift * Math.exp(spread)];
}
