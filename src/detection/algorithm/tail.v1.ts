const MAX_UNLIKELINESS = 300;
const LN10 = Math.LN10;

/**
 * Computes the natural logarithm of the gamma function for x > 0 (Stirling series after shifting x above 8; error below
 * 1e-10).
 */
export function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  while (z < 8) {
    shift += Math.log(z);
    z += 1;
  }
  const inverse = 1 / (z * z);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / z;
  return (z - 0.5) * Math.log(z) - z + 0.9189385332046727 + series - shift;
}

/**
 * -log10 of P(X >= seen) for a negative binomial count, 0 to 300.
 * @param mean expected count, 0 or more
 * @param size the negative binomial's size: variance = mean + mean² / size; Infinity is Poisson
 */
export function upperUnlikeliness(seen: number, mean: number, size: number): number {
  if (seen <= mean || seen <= 0) return 0;
  if (mean <= 0) return MAX_UNLIKELINESS;
  const ratioAt = (k: number) => (size === Infinity ? mean / (k + 1) : (((k + size) / (k + 1)) * mean) / (mean + size));
  const sum = sumFrom(seen, ratioAt);
  return clamp(-(logProbability(seen, mean, size) + Math.log(sum)) / LN10);
}

/** -log10 of P(X <= seen) for a negative binomial count, 0 to 300; parameters as in {@link upperUnlikeliness}. */
export function lowerUnlikeliness(seen: number, mean: number, size: number): number {
  if (seen >= mean || mean <= 0) return 0;
  const ratioAt = (step: number) => {
    const k = seen - step;
    if (k <= 0) return 0;
    return size === Infinity ? k / mean : (k * (mean + size)) / ((k - 1 + size) * mean);
  };
  const sum = sumFrom(0, ratioAt);
  return clamp(-(logProbability(seen, mean, size) + Math.log(sum)) / LN10);
}

/** Log-likelihood ratio of a count under `ratio` times the expected mean against the expected mean itself. */
export function logLikelihoodRatio(seen: number, mean: number, size: number, ratio: number): number {
  if (mean <= 0) return 0;
  if (size === Infinity) return seen * Math.log(ratio) - mean * (ratio - 1);
  const raised = mean * ratio;
  const odds = Math.log((ratio * (size + mean)) / (size + raised));
  return seen * odds - size * Math.log((size + raised) / (size + mean));
}

function logProbability(k: number, mean: number, size: number): number {
  if (size === Infinity) return k * Math.log(mean) - mean - logGamma(k + 1);
  const total = mean + size;
  const choose = logGamma(k + size) - logGamma(size) - logGamma(k + 1);
  return choose + size * Math.log(size / total) + k * Math.log(mean / total);
}

/** Sums 1 + r(first) + r(first) r(first+1) + …, and stops where the rest no longer matters. */
function sumFrom(first: number, ratioAt: (k: number) => number): number {
  let sum = 1;
  let term = 1;
  for (let k = first; k < first + 100_000; k += 1) {
    term *= ratioAt(k);
    sum += term;
    if (term < sum * 1e-9) break;
  }
  return sum;
}

function clamp(unlikeliness: number): number {
  return Math.min(MAX_UNLIKELINESS, Math.max(0, unlikeliness));
}
