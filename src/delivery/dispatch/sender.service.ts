import { setTimeout } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { type Message } from '../../outreach/campaign.js';
import { MessageQueue, type ReadyMessage } from '../../outreach/public.js';
import { type MessageReason } from '../../outreach/reasons.js';
import { Clock } from '../../platform/clock.js';
import { Database, type Tx } from '../../platform/db/database.js';
import { PG_ERROR, pgCode } from '../../platform/db/pg-error.js';
import { messageOf } from '../../platform/errors.js';
import { LOGGER, type Logger } from '../../platform/logging/logger.js';
import { Metrics } from '../../platform/metrics.js';
import { MAX_ATTEMPTS, settle, type Settlement } from '../algorithm/outcome.js';
import { type ApprovedTemplate, type Gateway, type OutgoingMessage, type SendResult } from '../gateway.js';
import { outgoing, textNameAt } from '../outgoing.js';
import { type Attempt, AttemptStore } from './attempt.store.js';
import { FirstMessages } from './first-messages.service.js';
import { Receipts } from '../receipts/receipts.service.js';
import { ReturnAddresses } from './return-addresses.service.js';
import { Gateways, type Way } from './gateways.service.js';
import { Grouped } from './grouped.js';
import { Leases } from './leases.service.js';

/** Times, and the pause between them in milliseconds, that an outcome is offered to a database that does not answer: for two minutes. */
const TRIES = 120;
const TRY_AGAIN_MS = 1000;

const RESULT_WORDS = {
  sent: 'sent',
  shown: 'shown',
  retry: 'retry',
  rejected: 'rejected',
  inDoubt: 'in_doubt',
} as const;

/** An attempt under way. */
interface Begun extends Attempt {
  readonly message: Message;
  readonly channel: OutgoingMessage['channel'];
  readonly address: string;
}

/** An attempt and how it ended; without a result the provider was not called at all. */
interface Ended {
  readonly begun: Begun;
  readonly result?: SendResult;
  /** True: the trouble was the way, and there is another. */
  readonly failover: boolean;
}

/** A thing to be committed about an attempt: that it is about to begin, or how it ended. */
type Step =
  { readonly begun: Begun; readonly ended?: undefined } | { readonly ended: Ended; readonly begun?: undefined };

/**
 * Sends one message: commits that it is about to, calls the provider, and writes down what came of it. Only a live lease calls, and an
 * outcome that the database does not take at once is offered again, since it may be the only trace of a message that went out.
 */
@Injectable()
export class Sender {
  private readonly attempts;
  /** Whoever has an outcome begins with the next message: one commit for both. */
  private readonly steps = new Grouped<Step, boolean>((some) => this.commit(some));

  constructor(
    private readonly queue: MessageQueue,
    private readonly gateways: Gateways,
    private readonly leases: Leases,
    private readonly store: AttemptStore,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly addresses: ReturnAddresses,
    private readonly receipts: Receipts,
    private readonly firsts: FirstMessages,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.attempts = metrics.counter('attempts_total', 'Calls to providers by result.', ['gateway', 'result', 'reason']);
  }

  /**
   * Makes one attempt. A failure of ours before the call leaves the message to its lease.
   * @returns once the provider has answered; `written` resolves when the outcome is committed, until which the lease must live
   */
  async send(way: Way, { message, content }: ReadyMessage): Promise<{ written: Promise<void> }> {
    const { gateway, pace } = way;
    const { channel } = content;
    const surroundings = await this.addresses.surroundings();
    const wait = pace.take(this.clock.now());
    if (wait > 0) await setTimeout(wait);
    const begun = {
      id: this.clock.uuid(),
      message,
      channel,
      gateway: gateway.name,
      startedAt: this.clock.now(),
      address: content.address,
    };
    if (!(await this.steps.add({ begun }))) {
      // Its campaign was paused, all sending is held, or the lease was lost.
      way.breaker.leave();
      return { written: this.queue.release([message]) };
    }
    const now = this.clock.now();
    const template = templateOf(content, gateway.name);
    const result = !this.leases.isLive(message, now)
      ? undefined
      : template === 'none'
        ? NO_TEXT
        : await this.call(gateway, outgoing(message, content, surroundings, now, template), message, now);
    this.gateways.learn(way, result, this.clock.now());
    const failover = this.gateways.hasOther(channel, gateway.name, this.clock.now());
    const isFailover = failover && result !== undefined && this.gateways.isTrouble(result);
    return { written: this.writeDown({ begun, result, failover: isFailover }) };
  }

  /** Commits steps of any attempts; tells for each that begins whether it may. */
  private async commit(steps: readonly Step[]): Promise<boolean[]> {
    try {
      return await this.commitOnce(steps);
    } catch (error) {
      // A provider that gives the same id twice: the id is of no use then, the outcome is.
      if (steps.length > 1 || !steps[0]?.ended || pgCode(error) !== PG_ERROR.uniqueViolation) throw error;
      return this.commitOnce(steps, 'withoutId');
    }
  }

  private async commitOnce(steps: readonly Step[], ids?: 'withoutId'): Promise<boolean[]> {
    const begins = steps.flatMap(({ begun }) => begun ?? []);
    const until = this.leases.end(new Date(Math.min(...begins.map(({ startedAt }) => startedAt.getTime()))));
    const [mine] = await this.database.transaction((tx) =>
      Promise.all([
        this.begin(tx, begins, until),
        this.end(
          tx,
          steps.flatMap(({ ended }) => ended ?? []),
          ids,
        ),
      ]),
    );
    const own = begins.filter(({ message }) => mine.has(message.id)).map(({ message }) => message);
    this.leases.hold(own, until);
    return steps.map(({ begun }) => begun === undefined || mine.has(begun.message.id));
  }

  private async begin(tx: Tx, some: readonly Begun[], until: Date): Promise<ReadonlySet<string>> {
    if (some.length === 0) return new Set();
    const beginnings = some.map(({ message, gateway }) => ({ id: message.id, fence: message.fence, gateway }));
    const [marked] = await Promise.all([this.queue.begin(tx, beginnings, until), this.store.begin(tx, some)]);
    return marked;
  }

  /** A gateway that throws has a fault of ours after which nobody knows: that is a doubt, not a failure. */
  private async call(gateway: Gateway, message: OutgoingMessage, row: Message, now: Date): Promise<SendResult> {
    try {
      return await gateway.send(message, now);
    } catch (error) {
      this.queue.logFault(row, error);
      return { kind: 'inDoubt', reason: 'provider_error' };
    }
  }

  private async writeDown(ended: Ended): Promise<void> {
    const { message, gateway } = ended.begun;
    for (let tries = 1; ; tries++) {
      try {
        await this.steps.add({ ended });
        break;
      } catch (error) {
        if (tries >= TRIES) {
          this.queue.logFault(message, error);
          return;
        }
        this.logger.warn(
          { messageId: message.id, err: error },
          `an outcome waits for the database: ${messageOf(error)}`,
        );
        await setTimeout(TRY_AGAIN_MS);
      }
    }
    const reason = ended.result && 'reason' in ended.result ? ended.result.reason : '';
    this.attempts.inc({ gateway, result: wordOf(ended), reason });
  }

  private async end(tx: Tx, some: readonly Ended[], ids?: 'withoutId'): Promise<void> {
    if (some.length === 0) return;
    const now = this.clock.now();
    const endings = some.map((one) => ({ ...one, settlement: settlementOf(one, now) }));
    const noted = this.store.end(
      tx,
      endings.map(({ begun, result, settlement }) => ({
        id: begun.id,
        result: wordOf({ result }),
        reason: 'reason' in settlement ? settlement.reason : null,
        providerId: settlement.to === 'sent' ? settlement.providerId : null,
      })),
      now,
    );
    const settled = endings.map(({ begun, result, settlement }) => {
      const { id, fence } = begun.message;
      const paused = settlement.to === 'failed' && settlement.pauseCampaign;
      return {
        id,
        fence,
        to: paused ? ('pending' as const) : settlement.to,
        reason: 'reason' in settlement ? settlement.reason : null,
        nextAt: paused ? now : 'nextAt' in settlement ? settlement.nextAt : undefined,
        providerId: settlement.to === 'sent' && !ids ? settlement.providerId : undefined,
        providerCode: result && 'code' in result ? result.code : undefined,
      };
    });
    const [own] = await Promise.all([this.queue.settleAll(tx, settled, now), noted]);
    const sizes = endings.flatMap(({ begun, result }) =>
      result?.kind === 'sent' && result.segments !== undefined
        ? [{ messageId: begun.message.id, segments: result.segments }]
        : [],
    );
    await this.receipts.sized(tx, sizes);
    const mine = endings.filter(({ begun }) => own.has(begun.message.id));
    const told = mine.filter(({ settlement, begun }) => settlement.to === 'sent' && begun.message.kind === 'notice');
    await this.firsts.note(
      tx,
      told.map(({ begun }) => begun.message.incidentId),
      now,
    );
    tx.afterCommit(() => {
      for (const one of mine) this.say(one);
    });
    for (const { begun, result, settlement } of endings) {
      if (settlement.to !== 'failed' || !own.has(begun.message.id)) continue;
      const { reason, pauseCampaign, refuseAddress } = settlement;
      if (pauseCampaign) {
        await this.queue.pauseCampaign(tx, begun.message.campaignId, reason, now);
        continue;
      }
      const message = { ...begun.message, channel: begun.channel, address: begun.address };
      const code = result && 'code' in result ? result.code : undefined;
      await this.receipts.refused(tx, message, { source: begun.gateway, reason, code, suppress: refuseAddress }, now);
    }
  }

  /** One line a message, without a word of it or whom it is to. While a way is down that is said once, of the way. */
  private say({ begun, result, settlement }: Ended & { readonly settlement: Settling }): void {
    const { id, campaignId, incidentId, attempts } = begun.message;
    const reason = 'reason' in settlement ? settlement.reason : undefined;
    const code = result && 'code' in result ? result.code : undefined;
    const facts = { messageId: id, campaignId, incidentId, channel: begun.channel, gateway: begun.gateway };
    const isQuiet = !result || (settlement.to === 'pending' && this.gateways.isTrouble(result));
    this.logger[isQuiet ? 'debug' : 'info']({ ...facts, attempt: attempts + 1, reason, code }, LINES[settlement.to]);
  }
}

/** A gateway without a name for the text: as good as one that refuses our setup. */
const NO_TEXT = { kind: 'rejected', reason: 'setup', scope: 'setup', code: 'no approved text' } as const;

/** The text as a provider knows it; undefined where it takes any, `none` where this one knows none. */
function templateOf({ approved }: ReadyMessage['content'], gateway: string): ApprovedTemplate | undefined | 'none' {
  const id = approved && textNameAt(approved, gateway);
  if (approved && id === undefined) return 'none';
  return approved && id !== undefined ? { id, parameters: approved.parameters } : undefined;
}

/** Lines of the log, by the state that an attempt leaves its message in. */
const LINES: Readonly<Record<Settling['to'], string>> = {
  sent: 'message sent',
  shown: 'message only shown on the outbox page',
  pending: 'message not taken yet; it is tried again',
  failed: 'message refused',
  in_doubt: 'message in doubt: the provider did not say whether it took it',
};

type Settling = Settlement | { readonly to: 'pending'; readonly reason: MessageReason; readonly nextAt: Date };

function settlementOf({ begun, result, failover }: Ended, now: Date): Settling {
  if (!result) return { to: 'pending', reason: 'worker_lost', nextAt: now };
  const isLast = begun.message.attempts + 1 >= MAX_ATTEMPTS;
  if (failover && !isLast && 'reason' in result) return { to: 'pending', reason: result.reason, nextAt: now };
  return settle(result, begun.message.attempts + 1, now);
}

function wordOf({ result }: Pick<Ended, 'result'>): string {
  return result ? RESULT_WORDS[result.kind] : 'not_sent';
}
