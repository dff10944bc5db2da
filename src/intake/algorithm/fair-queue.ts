/** One thing that waits: of which project, and how many events it holds. */
export interface Waiting {
  readonly projectId: number;
  readonly events: number;
}

/**
 * A queue in which projects take turns: what one project floods in delays its own events, not those of the others.
 * Within a project the order stays.
 */
export class FairQueue<T extends Waiting> {
  /** In the order in which the projects' turns come. */
  private readonly lanes = new Map<number, { items: T[]; events: number }>();
  private total = 0;

  /** Events waiting. */
  get events(): number {
    return this.total;
  }

  /** Events of one project that wait. */
  eventsOf(projectId: number): number {
    return this.lanes.get(projectId)?.events ?? 0;
  }

  /** The things at the head of each project's lane. */
  heads(): T[] {
    return [...this.lanes.values()].flatMap((lane) => lane.items.slice(0, 1));
  }

  push(item: T): void {
    const lane = this.lanes.get(item.projectId);
    if (lane) {
      lane.items.push(item);
      lane.events += item.events;
    } else {
      this.lanes.set(item.projectId, { items: [item], events: item.events });
    }
    this.total += item.events;
  }

  /** Takes things in turns until they hold `most` events; always at least one, however large it is. */
  take(most: number): T[] {
    const taken: T[] = [];
    let events = 0;
    while (this.lanes.size > 0) {
      const [projectId, lane] = this.lanes.entries().next().value!;
      const next = lane.items[0]!;
      if (taken.length > 0 && events + next.events > most) break;
      lane.items.shift();
      lane.events -= next.events;
      events += next.events;
      taken.push(next);
      this.lanes.delete(projectId);
      if (lane.items.length > 0) this.lanes.set(projectId, lane);
    }
    this.total -= events;
    return taken;
  }
}
