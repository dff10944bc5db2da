import { SystemClock } from '../../platform/clock.js';

/** A clock that stands where the replay has come to; chance is the machine's. */
export class ReplayClock extends SystemClock {
  /** @param moment epoch milliseconds */
  constructor(private moment: number) {
    super();
  }

  override now(): Date {
    return new Date(this.moment);
  }

  /** Goes on to a moment, epoch milliseconds; never back. */
  reach(moment: number): void {
    this.moment = Math.max(this.moment, moment);
  }
}
