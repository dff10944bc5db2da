/** Evenly spaced calls: so many a second, one after the other. */
export class Pace {
  private next = 0;

  /** @param perSecond calls a second in this process; undefined for as many as there are */
  constructor(private readonly perSecond: number | undefined) {}

  /** Takes the next place; returns how long to wait for it, milliseconds. */
  take(now: Date): number {
    if (this.perSecond === undefined) return 0;
    const at = Math.max(now.getTime(), this.next);
    this.next = at + 1000 / this.perSecond;
    return at - now.getTime();
  }
}
