import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { Arrivals } from './arrivals.js';
import { anErrorEnvelope, anEventId } from './envelopes.js';
import { send } from './wire.js';

/** Between two attempts to deliver, milliseconds; without it a daemon that starts would have no processor to start on. */
const RETRY_MS = 20;

/** Where to send to: a project's envelope address without a slash at its end. */
export interface LoadTarget {
  readonly base: string;
  readonly project: { readonly id: string; readonly key: string };
}

/**
 * An app that keeps sending: each event again and again until it is answered 200, as SDKs with a cache on disk do.
 * `answered` has one entry for each event, in order of its 200.
 */
export class SteadyLoad {
  readonly answered = new Arrivals<string>();
  /** Requests that were refused or cut. */
  failures = 0;
  private stopped = false;
  private abandoned = false;
  private readonly agent = new Agent({ keepAlive: true });
  private readonly workers: Promise<void>[];

  constructor(
    private target: LoadTarget,
    connections: number,
  ) {
    this.workers = Array.from({ length: connections }, (_, at) => this.work(at));
  }

  /** From now on another address, such as that of a daemon that was started again. */
  redirect(target: LoadTarget): void {
    this.target = target;
  }

  /** Waits until so many more events were answered than now. */
  async more(count: number): Promise<void> {
    await this.answered.waitFor(this.answered.all.length + count, () => true, 60_000);
  }

  /** Starts no further event, and waits until those under way are answered. */
  async finish(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.workers);
    this.agent.destroy();
  }

  /** Gives up, for the end of a test that failed. */
  abandon(): void {
    this.stopped = this.abandoned = true;
    this.agent.destroy();
  }

  private async work(at: number): Promise<void> {
    while (!this.stopped) {
      const id = anEventId();
      const body = anErrorEnvelope({ event_id: id, user: { id: `c-${at}` } });
      while (!(await this.deliver(body))) {
        if (this.abandoned) return;
        this.failures++;
        await pause(RETRY_MS);
      }
      this.answered.add(id);
    }
  }

  private async deliver(body: string): Promise<boolean> {
    const { base, project } = this.target;
    try {
      const answer = await send(`${base}/api/${project.id}/envelope/?sentry_key=${project.key}`, {
        body,
        agent: this.agent,
      });
      return answer.status === 200;
    } catch {
      return false; // no daemon there; the next attempt may find one
    }
  }
}
