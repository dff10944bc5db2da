/** One thing that waits: in which lane, a project's as a rule, and how large it is, events or bytes. */
export interface Waiting {
  readonly lane: number | string;
  readonly size: number;
}

/**
 * A queue in which lanes take turns: what one project floods in delays its own events, not those of the others.
 * Within a lane the order stays.
 */
export class FairQueue<T extends Waiting> {
  /** In the order in which the lanes' turns come. */
  private readonly lanes = new Map<number | string, { items: T[]; size: number }>();
  private total = 0;

  /** Sizes of all that waits together. */
  get size(): number {
    return this.total;
  }

  /** The same of one lane. */
  sizeOf(lane: number | string): number {
    return this.lanes.get(lane)?.size ?? 0;
  }

  /** The things at the head of each lane. */
  heads(): T[] {
    return [...this.lanes.values()].flatMap((lane) => lane.items.slice(0, 1));
  }

  push(item: T): void {
    const lane = this.lanes.get(item.lane);
    if (lane) {
      lane.items.push(item);
      lane.size += item.size;
    } else {
      this.lanes.set(item.lane, { items: [item], size: item.size });
    }
    this.total += item.size;
  }

  /** Takes things in turns up to `most` in size; always at least one, however large it is. */
  take(most: number): T[] {
    const taken: T[] = [];
    let size = 0;
    while (this.lanes.size > 0) {
      const [name, lane] = this.lanes.entries().next().value!;
      const next = lane.items[0]!;
      if (taken.length > 0 && size + next.size > most) break;
      lane.items.shift();
      lane.size -= next.size;
      size += next.size;
      taken.push(next);
      this.lanes.delete(name);
      if (lane.items.length > 0) this.lanes.set(name, lane);
    }
    this.total -= size;
    return taken;
  }
}
