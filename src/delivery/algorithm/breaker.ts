/** Troubles in a row after which a gateway is left alone: more than one bad connection, far fewer than a batch. A judgement. */
const TROUBLES = 5;
/** First and longest time for which it is left alone, milliseconds; each trial that fails doubles it. */
const FIRST_REST_MS = 15_000;
const LONGEST_REST_MS = 300_000;

/** A circuit breaker: leaves a gateway alone that fails again and again, and tries it with one message from time to time. */
export class Breaker {
  private troubles = 0;
  private restMs = FIRST_REST_MS;
  /** End of the rest, epoch milliseconds; 0 while it is in use. */
  private until = 0;
  private trying = false;

  /** True when a message may go to the gateway now; `take` must follow. */
  isOpenTo(now: Date): boolean {
    return this.until === 0 || (now.getTime() >= this.until && !this.trying);
  }

  /** True while the gateway is left alone, or tried for the first time after that. */
  isResting(): boolean {
    return this.until > 0;
  }

  /** Takes the way of one message; after a rest only one at a time. */
  take(): void {
    if (this.until > 0) this.trying = true;
  }

  /** The gateway answered, whatever it said about the message. */
  worked(): void {
    this.troubles = 0;
    this.until = 0;
    this.trying = false;
    this.restMs = FIRST_REST_MS;
  }

  /** The gateway could not be used. `atOnce`: nothing else will come of it, such as for wrong credentials. */
  failed(now: Date, atOnce = false): void {
    this.troubles++;
    const again = this.trying;
    this.trying = false;
    if (!again && !atOnce && this.troubles < TROUBLES) return;
    if (again) this.restMs = Math.min(this.restMs * 2, LONGEST_REST_MS);
    this.until = now.getTime() + this.restMs;
  }

  /** The trial ended without a word about the gateway. */
  leave(): void {
    this.trying = false;
  }
}
