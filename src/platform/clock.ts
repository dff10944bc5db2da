import { randomFillSync } from 'node:crypto';

/** Random bytes asked of the system at once, since each question has a price of its own. */
const POOL_BYTES = 4096;
let pool = Buffer.alloc(0);

/** The only source of time and chance; tests replace it. The class itself is the injection token. */
export abstract class Clock {
  /** The current moment. */
  abstract now(): Date;

  /** An unguessable URL-safe token of `bytes` random bytes (12 bytes = 96 bits = 16 characters). */
  abstract token(bytes: number): string;

  /**
   * A time-ordered UUID (RFC 9562, version 7), so that primary keys grow at one end of their index.
   */
  uuid(): string {
    const time = this.now().getTime().toString(16).padStart(12, '0');
    const random = Buffer.from(this.token(16), 'base64url').toString('hex').padEnd(32, '0');
    const variant = ((parseInt(random.slice(3, 4), 16) & 0x3) | 0x8).toString(16);
    return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`;
  }
}

/** The machine's clock and random source. */
export class SystemClock extends Clock {
  now(): Date {
    return new Date();
  }

  token(bytes: number): string {
    if (pool.length < bytes) pool = randomFillSync(Buffer.alloc(Math.max(bytes, POOL_BYTES)));
    const token = pool.toString('base64url', 0, bytes);
    pool.fill(0, 0, bytes); // what was handed out is not kept
    pool = pool.subarray(bytes);
    return token;
  }
}
