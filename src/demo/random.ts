/** Numbers in [0, 1) that are the same at each start: mulberry32, a 32-bit generator in the public domain. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One of `values`, each with the weight at its place in `weights`. */
export function pick<T>(random: () => number, values: readonly T[], weights: readonly number[]): T {
  let left = random() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [at, value] of values.entries()) {
    left -= weights[at] ?? 0;
    if (left < 0) return value;
  }
  throw new Error('there is nothing to pick from');
}
