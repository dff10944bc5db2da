import { type ForwardTarget } from '../../projects/projects-config.js';
import { type ForwardedBody, OldPlace } from './old-place.js';

/** Bounds of what waits for one project: what comes beyond is dropped. */
export const MOST_BODIES = 10_000;
export const MOST_BYTES = 16 * 1024 * 1024;

/**
 * Connections to one place: one that answers after 100 ms takes ten bodies a second on each, and apps have hundreds of errors a second on bad days
 * (bench:forward: with four a place 100 ms away took 38 of 400 a second).
 */
const PARALLEL = 32;
/** Bodies begun in a slot of time, so that what waited goes out beside what apps send and not in place of it: 1,000 a second. */
const SLOT_MS = 100;
const MOST_A_SLOT = 100;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;

/** Hears of what becomes of bodies. */
interface ForwardWatch {
  /** `refused`: the place will never take it; `dropped`: there was no room, or the process stopped. */
  ended(result: 'sent' | 'refused' | 'dropped'): void;
  /** The place has begun to take nothing. */
  troubled(code: string): void;
}

/** Bodies that wait in memory for one place, oldest first. What it does not take for now stays, and is tried again. */
export class ForwardQueue {
  /** Those that were tried already come first. */
  private readonly again: ForwardedBody[] = [];
  private readonly fresh = new Set<ForwardedBody>();
  private readonly underway = new Set<ForwardedBody>();
  private held = 0;
  private failures = 0;
  private pause: NodeJS.Timeout | undefined;
  private closed = false;
  private idle: (() => void) | undefined;
  private readonly place;
  private begun = 0;
  private slot: NodeJS.Timeout | undefined;

  constructor(
    target: ForwardTarget,
    private readonly watch: ForwardWatch,
  ) {
    this.place = new OldPlace(target, PARALLEL);
  }

  /** Bodies that wait or are under way. */
  get waiting(): number {
    return this.again.length + this.fresh.size + this.underway.size;
  }

  /** Bytes of them. */
  get bytes(): number {
    return this.held;
  }

  /** When the oldest of them came, epoch milliseconds. */
  get oldest(): number | undefined {
    const first = [...this.again, ...this.underway, ...[...this.fresh.values()].slice(0, 1)];
    return first.length === 0 ? undefined : Math.min(...first.map(({ receivedAt }) => receivedAt));
  }

  /** Takes a body, or drops it where there is no room. */
  add(one: ForwardedBody): void {
    if (this.closed || this.waiting >= MOST_BODIES || this.held + one.body.length > MOST_BYTES)
      return this.watch.ended('dropped');
    // A part of a larger piece of memory would keep all of it.
    const whole = one.body.length === one.body.buffer.byteLength;
    this.fresh.add(whole ? one : { ...one, body: Buffer.from(new Uint8Array(one.body).buffer) });
    this.held += one.body.length;
    this.go();
  }

  /** Ends sending once nothing is left, it takes too long or the place takes nothing; returns how many bodies were dropped. */
  async close(graceMs: number): Promise<number> {
    this.closed = true;
    if (this.waiting > 0 && this.failures === 0) {
      await new Promise<void>((done) => {
        this.idle = done;
        setTimeout(done, graceMs).unref();
      });
    }
    clearTimeout(this.pause);
    clearTimeout(this.slot);
    this.pause = this.slot = undefined;
    const left = this.waiting;
    this.again.length = 0;
    this.fresh.clear();
    this.underway.clear();
    for (let at = 0; at < left; at++) this.watch.ended('dropped');
    this.place.close();
    return left;
  }

  /** Sends on as many connections as are free; on one alone while the place has just refused. */
  private go(): void {
    while (this.pause === undefined && this.underway.size < (this.failures > 0 ? 1 : PARALLEL)) {
      if (this.begun >= MOST_A_SLOT) return;
      const next = this.again.pop() ?? first(this.fresh);
      if (!next) return;
      this.begin();
      this.fresh.delete(next);
      this.underway.add(next);
      void this.send(next);
    }
  }

  private begin(): void {
    this.begun += 1;
    this.slot ??= setTimeout(() => {
      this.slot = undefined;
      this.begun = 0;
      this.go();
    }, SLOT_MS).unref();
  }

  private async send(one: ForwardedBody): Promise<void> {
    const answer = await this.place.post(one);
    // A stop that could not wait has counted it.
    if (!this.underway.delete(one)) return;
    if (answer.kind === 'later') {
      this.again.push(one);
      this.wait(answer);
    } else {
      this.failures = 0;
      this.held -= one.body.length;
      this.watch.ended(answer.kind);
    }
    if (this.closed && (this.waiting === 0 || this.failures > 0)) this.idle?.();
    this.go();
  }

  private wait({ code, afterMs }: { readonly code: string; readonly afterMs: number }): void {
    if (this.failures === 0) this.watch.troubled(code);
    if (this.pause !== undefined) return;
    const ms = Math.min(LONGEST_PAUSE_MS, Math.max(afterMs, FIRST_PAUSE_MS * 2 ** Math.min(this.failures, 10)));
    this.failures += 1;
    this.pause = setTimeout(() => {
      this.pause = undefined;
      this.go();
    }, ms).unref();
  }
}

function first<T>(set: ReadonlySet<T>): T | undefined {
  for (const one of set) return one;
  return undefined;
}
