/** How well a clustering agrees with the truth; every number is 0 to 1. */
export interface ClusterScores {
  /** Share of items whose group is exactly their true group. */
  readonly ga: number;
  /** F1 over groups; a group is right when it is exactly a true one. */
  readonly fga: number;
  readonly pairP: number;
  readonly pairR: number;
  readonly pairF: number;
  readonly b3F: number;
}

const pairs = (n: number): number => (n * (n - 1)) / 2;
const f1 = (p: number, r: number): number => (p + r > 0 ? (2 * p * r) / (p + r) : 0);

function countBy(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** Scores `predicted` against `truth`, item by item. Precision of pairs is 1 when nothing was put together. */
export function clusterScores(truth: readonly string[], predicted: readonly string[]): ClusterScores {
  const trueSizes = countBy(truth);
  const groupSizes = countBy(predicted);
  const cells = new Map<string, { t: string; p: string; n: number }>();
  truth.forEach((t, i) => {
    const p = predicted[i] ?? '';
    const cell = cells.get(`${t}\n${p}`);
    if (cell) cell.n++;
    else cells.set(`${t}\n${p}`, { t, p, n: 1 });
  });
  let [exactItems, exactGroups, together, b3P, b3R] = [0, 0, 0, 0, 0];
  for (const { t, p, n } of cells.values()) {
    const [inTruth, inGroup] = [trueSizes.get(t) ?? 0, groupSizes.get(p) ?? 0];
    if (n === inTruth && n === inGroup) {
      exactItems += n;
      exactGroups++;
    }
    together += pairs(n);
    b3P += (n * n) / inGroup;
    b3R += (n * n) / inTruth;
  }
  const sum = (sizes: Map<string, number>): number => [...sizes.values()].reduce((total, n) => total + pairs(n), 0);
  const [groupPairs, truePairs, items] = [sum(groupSizes), sum(trueSizes), truth.length];
  const pairP = groupPairs > 0 ? together / groupPairs : 1;
  const pairR = truePairs > 0 ? together / truePairs : 1;
  return {
    ga: exactItems / items,
    fga: f1(exactGroups / groupSizes.size, exactGroups / trueSizes.size),
    pairP,
    pairR,
    pairF: f1(pairP, pairR),
    b3F: f1(b3P / items, b3R / items),
  };
}
