/**
 * Shortest time between two words that a way is down, milliseconds: a way that works every other time is a line a minute, not one a message. Chosen
 * by judgement: half of it is twice as many lines that say the same, double of it hides for two minutes that the trouble is back.
 */
const SAY_AGAIN_MS = 60_000;

/** Something to say about a way out: that it takes nothing, or that it takes messages again after so long. */
export type OutageNews = { readonly kind: 'down' } | { readonly kind: 'back'; readonly downMs: number };

/** Tells from the results of one way when to say that it is down, and that it is back: once each, not once a message. */
export class Outage {
  /** Since when it is known to be down, epoch milliseconds. */
  private since: number | undefined;
  private saidAt = -Infinity;

  /** Takes the next result; returns what there is to say. */
  note(isTrouble: boolean, now: Date): OutageNews | undefined {
    const at = now.getTime();
    if (isTrouble) {
      if (this.since !== undefined || at < this.saidAt + SAY_AGAIN_MS) return undefined;
      this.since = this.saidAt = at;
      return { kind: 'down' };
    }
    if (this.since === undefined) return undefined;
    const downMs = at - this.since;
    this.since = undefined;
    return { kind: 'back', downMs };
  }
}
