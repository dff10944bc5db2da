import { setImmediate } from 'node:timers/promises';

/** Items of one commit at most: a statement over so many rows stays within some milliseconds. */
const MOST = 200;
/**
 * Time after a commit in which others may join those that wait already, milliseconds, and how many that wait are enough; the first of a calm time waits
 * for nobody. Each commit has a price of its own, and a process that is killed leaves what waits in doubt. A judgement: in `bench:outreach` a commit had
 * twelve steps with it, nine with half of it, and eight without.
 */
const GATHER_MS = 8;
const ENOUGH = 16;

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly done: (result: Result) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Puts what comes at nearly the same time into one commit: a commit costs about as much for one row as for a hundred. When a commit of
 * several fails, each is tried alone, so that one that the database refuses does not hold back the others.
 */
export class Grouped<Item, Result> {
  private waiting: Waiting<Item, Result>[] = [];
  private busy = false;
  /** Ends the wait for others. */
  private enough: (() => void) | undefined;

  /** @param commit takes some items and gives one result for each, in their order */
  constructor(private readonly commit: (items: readonly Item[]) => Promise<readonly Result[]>) {}

  /** The result of one item once it is committed; rejects when the commit of this item alone failed. */
  add(item: Item): Promise<Result> {
    return new Promise((done, failed) => {
      this.waiting.push({ item, done, failed });
      if (this.waiting.length >= ENOUGH) this.enough?.();
      if (!this.busy) void this.work();
    });
  }

  private async work(): Promise<void> {
    this.busy = true;
    try {
      await setImmediate(); // others that are about to add come along
      while (this.waiting.length > 0) {
        await this.commitSome(this.waiting.splice(0, MOST));
        if (this.waiting.length > 0 && this.waiting.length < ENOUGH) await this.gather();
      }
    } finally {
      this.busy = false;
    }
  }

  private async gather(): Promise<void> {
    await new Promise<void>((done) => {
      const timer = setTimeout(done, GATHER_MS);
      this.enough = () => {
        clearTimeout(timer);
        done();
      };
    });
    this.enough = undefined;
  }

  private async commitSome(some: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.commit(some.map(({ item }) => item));
      some.forEach(({ done }, at) => done(results[at] as Result));
    } catch (error) {
      if (some.length === 1) some[0]?.failed(error);
      else for (const one of some) await this.commitSome([one]);
    }
  }
}
