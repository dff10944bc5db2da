import { Injectable } from '@nestjs/common';
import { type Channel, CHANNELS } from '../../customers/customer.js';
import { MessageQueue, type ReadyMessage } from '../../outreach/public.js';
import { Clock } from '../../platform/clock.js';
import { type Stage, type StageResult } from '../../platform/stages/stage.js';
import { Gateways } from './gateways.service.js';
import { Leases } from './leases.service.js';
import { Sender } from './sender.service.js';

/** Messages claimed at once on a channel. */
const BATCH = 100;
/**
 * Messages of a channel that wait in this process when it claims the next: so many that a claim has come before they are sent. A quarter of it sent 0.68
 * of what bare nodemailer does, this 0.77 (bench:outreach with a million, one run each); of the double, more would be decided about long before it goes out.
 */
const LOW = 100;
/** Time after which a run claims no more, milliseconds, so that a daemon that stops does not wait long. */
const CLAIM_FOR_MS = 5000;

/**
 * SEND: claims due messages channel by channel, so that a slow provider holds up its own channel alone. The lease of each is renewed until
 * its outcome is written down. A message whose process dies while it is being sent is in doubt, and never sent again on a guess.
 * Keyed by (message, fence).
 */
@Injectable()
export class DispatchStage implements Stage {
  readonly name = 'dispatch';
  readonly pauseMs = 1000;
  readonly limitMs = 300_000;

  private readonly unwritten = new Set<Promise<void>>();

  constructor(
    private readonly queue: MessageQueue,
    private readonly gateways: Gateways,
    private readonly leases: Leases,
    private readonly sender: Sender,
    private readonly clock: Clock,
  ) {}

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    const usable = CHANNELS.filter((channel) => this.gateways.isUsable(channel, now));
    const lanes = usable.map(
      (channel) => new Lane(this.queue, this.gateways, this.leases, this.clock, channel, now, signal),
    );
    const runs = await Promise.allSettled(lanes.map((lane) => this.run(lane)));
    for (const run of runs) if (run.status === 'rejected') throw run.reason;
    const worked = lanes.reduce((sum, lane) => sum + lane.claimed, 0);
    return { worked, more: lanes.some((lane) => lane.more) };
  }

  private async run(lane: Lane): Promise<void> {
    const worker = async () => {
      for (let one = await lane.next(); one; one = await lane.next()) await this.sendOne(one);
    };
    const parallel = this.gateways.get(lane.channel)?.parallel ?? 1;
    const workers = await Promise.allSettled(Array.from({ length: parallel }, worker));
    await Promise.allSettled([...this.unwritten]);
    await lane.giveBack();
    for (const one of workers) if (one.status === 'rejected') throw one.reason;
  }

  /** Keeps the lease until an outcome is written, while its worker goes on with the next message. */
  private await(written: Promise<void>, { message }: ReadyMessage): void {
    const done = written.finally(() => {
      this.leases.drop(message);
      this.unwritten.delete(done);
    });
    this.unwritten.add(done);
    done.catch((error: unknown) => this.queue.logFault(message, error));
  }

  private async sendOne(one: ReadyMessage): Promise<void> {
    const way = this.gateways.choose(one.content.channel, one.message, this.clock.now());
    try {
      // All ways are left alone for a while where there is none.
      const { written } = way ? await this.sender.send(way, one) : { written: this.queue.release([one.message]) };
      this.await(written, one);
    } catch (error) {
      this.leases.drop(one.message);
      throw error;
    }
  }
}

/** Messages of one channel that this run has claimed and not begun. */
class Lane {
  claimed = 0;
  more = true;
  private readonly waiting: ReadyMessage[] = [];
  private claiming: Promise<void> | undefined;

  constructor(
    private readonly queue: MessageQueue,
    private readonly gateways: Gateways,
    private readonly leases: Leases,
    private readonly clock: Clock,
    readonly channel: Channel,
    private readonly began: Date,
    private readonly signal: AbortSignal,
  ) {}

  /** The next message, claimed before it is needed; undefined when there is none, or the run is to end. */
  async next(): Promise<ReadyMessage | undefined> {
    for (;;) {
      if (this.signal.aborted) return undefined;
      if (this.waiting.length <= LOW && this.mayClaim()) this.claim();
      const one = this.waiting.shift();
      if (one || !this.claiming) return one;
      await this.claiming;
    }
  }

  /** Gives back what was claimed and not begun. */
  async giveBack(): Promise<void> {
    await this.claiming?.catch(() => undefined);
    const left = this.waiting.splice(0).map(({ message }) => message);
    for (const message of left) this.leases.drop(message);
    await this.queue.release(left);
  }

  private mayClaim(): boolean {
    if (!this.gateways.isUsable(this.channel, this.clock.now())) return false;
    const late = this.clock.now().getTime() - this.began.getTime() > CLAIM_FOR_MS;
    return this.more && !this.claiming && !(late && this.claimed > 0);
  }

  private claim(): void {
    this.claiming = this.claimBatch().finally(() => (this.claiming = undefined));
    this.claiming.catch(() => (this.more = false)); // whoever waits for it throws
  }

  private async claimBatch(): Promise<void> {
    const now = this.clock.now();
    const until = this.leases.end(now);
    const { claimed, ready } = await this.queue.claim(now, BATCH, until, [this.channel]);
    this.leases.hold(
      ready.map(({ message }) => message),
      until,
    );
    this.waiting.push(...ready);
    this.claimed += claimed;
    this.more = claimed === BATCH;
  }
}
