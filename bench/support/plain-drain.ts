interface Cluster {
  readonly id: number;
  readonly tokens: string[];
}

/** A digit run as one sign: the mask that people write first. */
export function digitMask(message: string): string {
  return message.replace(/\d+/g, '<*>');
}

/**
 * The baseline: Drain as in the paper (He et al., ICWS 2017), depth 4, similarity 0.4 (the paper's most used), a hundred children a node,
 * tokens split at white space, numbers masked. One setting for all inputs.
 */
export class PlainDrain {
  private readonly leaves = new Map<string, Cluster[]>();
  private readonly children = new Map<string, Set<string>>();
  private nextId = 1;

  add(message: string): number {
    const tokens = digitMask(message).split(/\s+/);
    const leaf = this.leafOf(tokens);
    const best = closest(leaf, tokens);
    if (best === undefined) {
      leaf.push({ id: this.nextId, tokens });
      return this.nextId++;
    }
    tokens.forEach((token, at) => {
      if (best.tokens[at] !== token) best.tokens[at] = '<*>';
    });
    return best.id;
  }

  private leafOf(tokens: readonly string[]): Cluster[] {
    let path = String(tokens.length);
    for (const token of tokens.slice(0, 2)) path = this.step(path, token.includes('<*>') ? '<*>' : token);
    const leaf = this.leaves.get(path) ?? [];
    this.leaves.set(path, leaf);
    return leaf;
  }

  private step(path: string, token: string): string {
    const known = this.children.get(path) ?? new Set<string>();
    this.children.set(path, known);
    const child = known.has(token) || known.size < 100 ? token : '<*>';
    known.add(child);
    return `${path}\n${child}`;
  }
}

function closest(leaf: readonly Cluster[], tokens: readonly string[]): Cluster | undefined {
  let [best, most]: [Cluster | undefined, number] = [undefined, 0.4 * tokens.length];
  for (const cluster of leaf) {
    const same = tokens.reduce(
      (count, token, at) => count + Number(cluster.tokens[at] === token && token !== '<*>'),
      0,
    );
    if (same >= most) [best, most] = [cluster, same];
  }
  return best;
}
