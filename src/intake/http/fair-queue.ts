/** One thing that waits: in which lane, a project's as a rule, whose it is within that lane, and how large it is, events or bytes. */
export interface Waiting {
  readonly lane: number | string;
  /** The sender within the lane, a network address as a rule; all are one where it is left out. */
  readonly sender?: number | string;
  readonly size: number;
}

interface Line<T> {
  readonly items: T[];
  size: number;
}

interface Lane<T> {
  /** In the order in which the senders' turns come. */
  readonly senders: Map<number | string, Line<T>>;
  size: number;
}

/**
 * A queue in which lanes take turns, and within a lane the senders: what one project floods in delays its own events, not those of the others,
 * and what one address floods in does not delay the other addresses of its project. The order of one sender stays.
 */
export class FairQueue<T extends Waiting> {
  /** In the order in which the lanes' turns come. */
  private readonly lanes = new Map<number | string, Lane<T>>();
  private total = 0;

  /** Sizes of all that waits together. */
  get size(): number {
    return this.total;
  }

  /** The same of one lane. */
  sizeOf(lane: number | string): number {
    return this.lanes.get(lane)?.size ?? 0;
  }

  /** The same of one sender. */
  sizeOfSender(lane: number | string, sender: number | string): number {
    return this.lanes.get(lane)?.senders.get(sender)?.size ?? 0;
  }

  /** The things at the head of each sender's. */
  heads(): T[] {
    return [...this.lanes.values()].flatMap(({ senders }) =>
      [...senders.values()].flatMap(({ items }) => items.slice(0, 1)),
    );
  }

  push(item: T): void {
    const { lane: name, sender = '', size } = item;
    const lane = this.lanes.get(name) ?? { senders: new Map<number | string, Line<T>>(), size: 0 };
    this.lanes.set(name, lane);
    const line = lane.senders.get(sender) ?? { items: [], size: 0 };
    lane.senders.set(sender, line);
    line.items.push(item);
    line.size += size;
    lane.size += size;
    this.total += size;
  }

  /** Takes things in turns up to `most` in size; always at least one, however large it is. */
  take(most: number): T[] {
    const taken: T[] = [];
    let size = 0;
    while (this.lanes.size > 0) {
      const [name, lane] = first(this.lanes);
      const [sender, line] = first(lane.senders);
      const next = line.items[0]!;
      if (taken.length > 0 && size + next.size > most) break;
      line.items.shift();
      line.size -= next.size;
      lane.size -= next.size;
      size += next.size;
      taken.push(next);
      lane.senders.delete(sender);
      if (line.items.length > 0) lane.senders.set(sender, line);
      this.lanes.delete(name);
      if (lane.senders.size > 0) this.lanes.set(name, lane);
    }
    this.total -= size;
    return taken;
  }
}

function first<K, V>(map: ReadonlyMap<K, V>): [K, V] {
  return map.entries().next().value!;
}
