import { type ForwardTarget } from '../../projects/projects-config.js';

/** Header that marks what was forwarded. */
export const FORWARDED = 'x-forewarn-forwarded';

/** Bounds of what waits for one project: what comes beyond is dropped. */
export const MOST_BODIES = 10_000;
export const MOST_BYTES = 16 * 1024 * 1024;

/** Connections to one place. */
const PARALLEL = 4;
const TIMEOUT_MS = 10_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;

/** A body as it came, with what its sender said of it. */
export interface ForwardedBody {
  readonly operation: string;
  readonly contentType: string | undefined;
  readonly encoding: string | undefined;
  readonly userAgent: string | undefined;
  readonly address: string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  readonly body: Buffer;
}

/** Hears of what becomes of bodies. */
interface ForwardWatch {
  /** `refused`: the place will never take it; `dropped`: there was no room, or the process stopped. */
  ended(result: 'sent' | 'refused' | 'dropped'): void;
  /** The place has begun to take nothing. */
  troubled(code: string): void;
}

type Answer = { readonly kind: 'sent' | 'refused' } | { readonly kind: 'later'; code: string; afterMs: number };

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

  constructor(
    private readonly target: ForwardTarget,
    private readonly watch: ForwardWatch,
  ) {}

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
    this.pause = undefined;
    const left = this.waiting;
    this.again.length = 0;
    this.fresh.clear();
    this.underway.clear();
    for (let at = 0; at < left; at++) this.watch.ended('dropped');
    return left;
  }

  /** Sends on as many connections as are free; on one alone while the place has just refused. */
  private go(): void {
    while (this.pause === undefined && this.underway.size < (this.failures > 0 ? 1 : PARALLEL)) {
      const next = this.again.pop() ?? first(this.fresh);
      if (!next) return;
      this.fresh.delete(next);
      this.underway.add(next);
      void this.send(next);
    }
  }

  private async send(one: ForwardedBody): Promise<void> {
    const answer = await post(this.target, one);
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

/** One attempt; never rejects. The key goes in a header, so that no error and no log of a proxy shows it in a URL. */
async function post({ base, projectId, key }: ForwardTarget, one: ForwardedBody): Promise<Answer> {
  try {
    const answer = await fetch(`${base}/api/${projectId}/${one.operation}/`, {
      method: 'POST',
      headers: {
        'x-sentry-auth': `Sentry sentry_version=7, sentry_client=forewarn-forward/1, sentry_key=${key}`,
        'x-forwarded-for': one.address,
        [FORWARDED]: '1',
        ...(one.contentType !== undefined && { 'content-type': one.contentType }),
        ...(one.encoding !== undefined && { 'content-encoding': one.encoding }),
        ...(one.userAgent !== undefined && { 'user-agent': one.userAgent }),
      },
      body: one.body as Uint8Array<ArrayBuffer>,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await answer.body?.cancel();
    if (answer.ok) return { kind: 'sent' };
    const { status } = answer;
    if (status < 500 && status !== 429 && status !== 408) return { kind: 'refused' };
    const seconds = Number(answer.headers.get('retry-after') ?? NaN);
    return { kind: 'later', code: `http ${status}`, afterMs: seconds > 0 ? seconds * 1000 : 0 };
  } catch (error) {
    const { name, cause } = error as { name?: string; cause?: { code?: unknown } };
    const code = cause?.code ?? name;
    return { kind: 'later', code: typeof code === 'string' ? code : 'error', afterMs: 0 };
  }
}
