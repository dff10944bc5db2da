/** How long a test waits before it fails, in milliseconds. */
const WAIT_MS = 20_000;

/** Things that arrive at a test server, in order, and a way to wait for them that does not sleep. */
export class Arrivals<T> {
  readonly all: T[] = [];
  private readonly waiters = new Set<() => void>();

  /** Records an arrival and wakes those who wait. */
  add(item: T): void {
    this.all.push(item);
    for (const look of [...this.waiters]) look();
  }

  /** Resolves once at least `count` of the arrivals that `filter` accepts are in; rejects after `timeoutMs`. */
  async waitFor(count: number, filter: (item: T) => boolean, timeoutMs = WAIT_MS): Promise<T[]> {
    const matching = () => this.all.filter(filter);
    await new Promise<void>((resolve, reject) => {
      const finish = (settle: () => void) => {
        clearTimeout(timer);
        this.waiters.delete(look);
        settle();
      };
      const look = () => {
        if (matching().length >= count) finish(resolve);
      };
      const late = () => reject(new Error(`${matching().length} of ${count} arrived within ${timeoutMs} ms`));
      const timer = setTimeout(() => finish(late), timeoutMs);
      this.waiters.add(look);
      look();
    });
    return matching();
  }
}
