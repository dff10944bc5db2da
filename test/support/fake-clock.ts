import { randomBytes } from 'node:crypto';
import { Clock } from '../../src/platform/clock.js';
import { parseDuration } from '../../src/platform/duration.js';

/** A Tuesday morning, in winter time in Europe. */
export const NOON_UTC = '2026-03-10T12:00:00.000Z';

/** A clock that stands still until a test moves it. */
export class FakeClock extends Clock {
  private moment: number;

  constructor(start: string = NOON_UTC) {
    super();
    this.moment = Date.parse(start);
  }

  now(): Date {
    return new Date(this.moment);
  }

  token(bytes: number): string {
    return randomBytes(bytes).toString('base64url');
  }

  /** Moves to a moment, for example `2026-03-29T00:30:00Z`. */
  set(moment: string): void {
    this.moment = Date.parse(moment);
  }

  /** Moves on by a duration as the configuration writes it, for example `10m`. */
  advance(duration: string): void {
    const ms = parseDuration(duration);
    if (ms === undefined) throw new Error(`"${duration}" is not a duration`);
    this.moment += ms;
  }
}
