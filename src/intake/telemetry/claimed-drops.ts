const MINUTE = 60_000;
/**
 * Error reports that one source may claim to have dropped in a minute. A browser drops a few; an office behind one address a few hundred. What
 * is beyond is let go, so that one request cannot say "a billion": the sum says "at least". Chosen by judgement, not measured.
 */
const MOST_A_MINUTE = 1000;
/** Sources that are told apart in a minute; what comes of more shares one allowance. */
const MOST_SOURCES = 10_000;
const OTHERS = -1;

/** Bounds what each source says of itself with a public key that its SDK dropped. */
export class ClaimedDrops {
  private minute = 0;
  private readonly taken = new Map<number, number>();

  /** How much of `quantity` counts; `now` in epoch milliseconds. */
  take(source: number, quantity: number, now: number): number {
    const minute = Math.floor(now / MINUTE);
    if (minute !== this.minute) {
      this.minute = minute;
      this.taken.clear();
    }
    const key = this.taken.has(source) || this.taken.size < MOST_SOURCES ? source : OTHERS;
    const taken = this.taken.get(key) ?? 0;
    const counts = Math.min(quantity, MOST_A_MINUTE - taken);
    this.taken.set(key, taken + counts);
    return counts;
  }
}
