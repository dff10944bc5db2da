import { Inject, Injectable } from '@nestjs/common';
import { type Channel, CHANNELS } from '../customers/customer.js';
import { CustomerDirectory } from '../customers/public.js';
import { Incidents } from '../incidents/public.js';
import { Database, type Sql, type Tx } from '../platform/db/database.js';
import { assertNever, messageOf } from '../platform/errors.js';
import { LOGGER, type Logger } from '../platform/logging/logger.js';
import { wake } from '../platform/stages/wake.js';
import { type Message } from './campaign.js';
import { CampaignStore } from './campaigns/campaign.store.js';
import { BatchStore } from './messages/batch.store.js';
import { Composer, type Composition, type Content } from './messages/composer.service.js';
import { type Looked } from './messages/looked.js';
import { type Beginning, type Lease, LeaseStore, type Settled } from './messages/lease.store.js';
import { type MessageChange, MessageStore } from './messages/message.store.js';
import { SendCeilings } from './limits/ceilings.service.js';
import { SwitchStore, type SwitchState } from './brakes/switch.store.js';
import { OUTREACH_CONFIG, type OutreachConfig } from './outreach-config.js';
import { POLICIES_CONFIG, type Policy } from './policy.js';
import { type MessageReason } from './reasons.js';
import { type DoubtEnding, type MessageState } from './states.js';

/** Fields that a provider's answer or report writes beside the new state. */
export type Settling = Omit<MessageChange, 'from' | 'to' | 'attempt' | 'leaseUntil' | 'gateway'>;

export { type Lease, type Settled } from './messages/lease.store.js';

/** A message that is ready to go out. */
export interface ReadyMessage {
  readonly message: Message;
  readonly content: Content;
}

/** A message that becomes part of another one. */
type Following = Message & { readonly isApproved: boolean };

/** The queue between deciding and sending. Every change carries the fence, so that a worker who lost its lease changes nothing. */
@Injectable()
export class MessageQueue {
  constructor(
    private readonly store: MessageStore,
    private readonly batches: BatchStore,
    private readonly leases: LeaseStore,
    private readonly campaigns: CampaignStore,
    private readonly composer: Composer,
    private readonly directory: CustomerDirectory,
    private readonly incidents: Incidents,
    private readonly ceilings: SendCeilings,
    private readonly switches: SwitchStore,
    @Inject(OUTREACH_CONFIG) private readonly config: OutreachConfig,
    @Inject(POLICIES_CONFIG) private readonly policies: readonly Policy[],
    private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Claims due messages under a lease and composes them; those that may not go out are moved on here. What is over a ceiling of the
   * installation waits until there is room, and its incident says so.
   * @param channels those that are asked for; messages of no channel yet come with any of them
   */
  async claim(
    now: Date,
    limit: number,
    leaseUntil: Date,
    channels: readonly Channel[] = CHANNELS,
  ): Promise<{ claimed: number; ready: ReadyMessage[] }> {
    return this.database.transaction(async (tx) => {
      const open: Channel[] = [];
      for (const channel of channels) {
        const room = await this.ceilings.room(tx, channel, now);
        if (room.left > 0) open.push(channel);
        else await this.hold(tx, channel, room.opens, now);
      }
      const claimed = (await this.store.due(tx, now, limit, open)).map(withNextFence);
      const looked = await this.composer.look(tx, claimed);
      const several = repeated(claimed.map(({ customerId }) => customerId));
      // What is decided about these hangs on how others of them stand, so they are claimed first, and written to once more with their words.
      const bound = claimed.filter((one) => one.batchId !== null || several.has(one.customerId));
      await this.leases.claim(
        tx,
        bound.map((message) => ({ message })),
        leaseUntil,
      );
      const ready = await this.composeBound(tx, bound, now, looked);
      const alone = claimed.filter((one) => !bound.includes(one));
      ready.push(...(await this.composeAlone(tx, alone, now, looked, leaseUntil)));
      return { claimed: claimed.length, ready: await this.withRoom(tx, ready, now) };
    });
  }

  /** Decides about messages each of which may hang on what became of the one before it. */
  private async composeBound(tx: Tx, messages: readonly Message[], now: Date, looked: Looked): Promise<ReadyMessage[]> {
    const followers = await this.gather(tx, messages, now);
    const ready: ReadyMessage[] = [];
    for (const message of messages) {
      const others = followers.get(message.id) ?? [];
      const content = await this.settleComposition(
        tx,
        message,
        await this.composer.compose(tx, message, now, looked, others),
        others,
        now,
      );
      if (!content) continue;
      ready.push({ message, content });
      // The next message to the same customer counts this one against the cap.
      await this.leases.setContents(tx, ready.slice(-1));
    }
    return ready;
  }

  /** Decides about messages that stand by themselves, and claims them with their words in one write. */
  private async composeAlone(
    tx: Tx,
    messages: readonly Message[],
    now: Date,
    looked: Looked,
    leaseUntil: Date,
  ): Promise<ReadyMessage[]> {
    const decided: { message: Message; composed: Composition }[] = [];
    for (const message of messages)
      decided.push({ message, composed: await this.composer.compose(tx, message, now, looked) });
    await this.leases.claim(
      tx,
      decided.map(({ message, composed }) =>
        composed.kind === 'ready' ? { message, content: composed.content } : { message },
      ),
      leaseUntil,
    );
    const ready: ReadyMessage[] = [];
    for (const { message, composed } of decided) {
      const content = await this.settleComposition(tx, message, composed, [], now);
      if (content) ready.push({ message, content });
    }
    return ready;
  }

  /** Keeps the messages for which there is room; the others go back and wait. */
  private async withRoom(tx: Tx, ready: readonly ReadyMessage[], now: Date): Promise<ReadyMessage[]> {
    const going: ReadyMessage[] = [];
    for (const channel of CHANNELS) {
      const own = ready.filter(({ content }) => content.channel === channel);
      if (own.length === 0) continue;
      const { granted, opens } = await this.ceilings.take(tx, channel, own.length, now);
      going.push(...own.slice(0, granted));
      for (const { message } of own.slice(granted))
        await this.store.move(tx, message, { from: ['claimed'], to: 'pending', nextAt: now }, now);
      if (granted < own.length) await this.hold(tx, channel, opens, now);
    }
    return going;
  }

  private async hold(tx: Tx, channel: Channel, opens: Date, now: Date): Promise<void> {
    const { perHour, perDay } = this.config.limits[channel];
    for (const { incidentId, count } of await this.store.hold(tx, channel, opens, now)) {
      const fact = { kind: 'over_ceiling', channel, messages: count, perHour, perDay, opens } as const;
      await this.incidents.append(tx, incidentId, 'forewarn', fact, now);
      this.logger.warn(
        { incidentId, channel, messages: count, opens },
        'messages wait: a ceiling of outreach.limits is reached',
      );
    }
  }

  /** Finds the messages that become part of those that were claimed. */
  private async gather(tx: Tx, claimed: readonly Message[], now: Date): Promise<ReadonlyMap<string, Following[]>> {
    const leads = claimed.filter(({ batchId }) => batchId !== null);
    if (leads.length === 0) return new Map();
    const merging = this.policies.filter(({ merge }) => merge !== undefined);
    return this.batches.gather(tx, leads, new Map(merging.map((one) => [one.name, one.class])), now);
  }

  /** Moves on what may not go out now; returns the words of what may. */
  private async settleComposition(
    tx: Tx,
    message: Message,
    composed: Composition,
    others: readonly Following[],
    now: Date,
  ): Promise<Content | undefined> {
    const move = (change: Omit<MessageChange, 'from'>) =>
      this.store.move(tx, message, { from: ['claimed'], ...change }, now);
    switch (composed.kind) {
      case 'ready':
        if (composed.without.length > 0) {
          await this.batches.letGo(
            tx,
            composed.without.map(({ id }) => id),
          );
          await this.batches.setMerged(tx, message.id, others.length - composed.without.length);
        }
        return composed.content;
      case 'hold':
        await move({ to: 'pending', reason: composed.reason, nextAt: composed.until });
        return undefined;
      case 'suppress':
        await move({ to: 'suppressed', reason: composed.reason });
        return undefined;
      case 'cancel':
        await move({ to: 'cancelled', reason: composed.reason });
        return undefined;
      default:
        return assertNever(composed);
    }
  }

  /** Marks claimed messages as about to be handed to a provider; returns the ids of those whose lease was not lost. */
  async begin(tx: Tx, messages: readonly Beginning[], leaseUntil: Date): Promise<Set<string>> {
    return this.leases.begin(tx, messages, leaseUntil);
  }

  /** Writes down how attempts ended; returns the ids of those messages that their worker had not lost. */
  async settleAll(tx: Tx, messages: readonly Settled[], now: Date): Promise<Set<string>> {
    return this.leases.settle(tx, messages, now);
  }

  /** Moves the end of leases that are still held. */
  async renew(leases: readonly Lease[], until: Date): Promise<void> {
    await this.leases.renew(this.database, leases, until);
  }

  /** Gives back messages that were claimed and not begun. */
  async release(leases: readonly Lease[]): Promise<void> {
    await this.leases.release(this.database, leases);
  }

  /** Notes that messages which this gateway took while no provider was known reached nobody; returns how many. */
  async unsend(tx: Tx, gateway: string): Promise<number> {
    return this.store.unsend(tx, gateway);
  }

  /** Says whether messages go out, as of now. */
  async sending(sql: Sql): Promise<SwitchState> {
    return this.switches.read(sql);
  }

  /** Moves a message that is being sent or in doubt to where the provider's answer puts it. */
  async settle(tx: Tx, message: Message, to: MessageState, now: Date, change: Settling): Promise<boolean> {
    return this.store.move(tx, message, { from: ['sending', 'in_doubt'], to, ...change }, now);
  }

  /** Ends a doubt by what the provider knows. */
  async endDoubt(tx: Tx, message: Message, ending: DoubtEnding, now: Date, providerId?: string): Promise<boolean> {
    return this.store.endDoubt(tx, message, ending, now, providerId);
  }

  /** Takes what a provider reports later: delivered, or failed after all. Late and repeated reports change nothing. */
  async report(
    tx: Tx,
    id: string,
    to: Extract<MessageState, 'sent' | 'delivered' | 'failed'>,
    now: Date,
    change: Settling,
  ): Promise<boolean> {
    const message = await this.store.find(tx, id);
    if (!message) return false;
    const waiting = to === 'failed' ? [] : (['pending', 'claimed'] as const);
    const from: MessageState[] = [...waiting, 'sending', 'in_doubt', ...(to === 'sent' ? [] : (['sent'] as const))];
    return this.store.move(tx, message, { from, to, ...change }, now);
  }

  /** Takes messages of these customers back that are claimed and not begun, so that they are decided anew. */
  async recall(tx: Tx, customerIds: readonly number[], channel: Channel): Promise<void> {
    await this.leases.recall(tx, customerIds, channel);
  }

  /** Ends what is still to come about an incident for these customers, its end as well. */
  async stopIncident(tx: Tx, incidentId: number, customerIds: readonly number[], now: Date): Promise<void> {
    await this.leases.stopIncident(tx, incidentId, customerIds, now);
  }

  /** Gives back or puts in doubt what dead workers held. */
  async expireLeases(now: Date): Promise<{ released: number; doubted: number }> {
    const result = await this.database.transaction(async (tx) => {
      const expired = await this.leases.expire(tx, now);
      if (expired.released > 0) await wake(tx, 'dispatch');
      if (expired.doubted > 0) await wake(tx, 'reconcile');
      return expired;
    });
    if (result.doubted > 0) this.logger.warn(result, 'a worker ended while it was sending; its messages are in doubt');
    return result;
  }

  /** Takes messages in doubt for a look at the provider. */
  async claimDoubt(now: Date, limit: number, again: Date): Promise<Message[]> {
    return this.database.transaction((tx) => this.store.claimDoubt(tx, now, limit, again));
  }

  /** Stops a campaign whose provider refuses everything, so that a person looks at it. */
  async pauseCampaign(tx: Tx, campaignId: number, because: MessageReason, now: Date): Promise<void> {
    const reason = { code: 'provider_refuses_setup', because } as const;
    const change = { from: ['approved'], to: 'paused', reason, actor: 'forewarn', pausedBy: 'provider' } as const;
    await this.campaigns.setState(tx, campaignId, change, now);
  }

  /** Marks an address as refused for good; `opted_out` is the customer's own word and goes into the consent ledger. */
  async refuseAddress(tx: Tx, message: Message, channel: Channel, reason: string, now: Date): Promise<void> {
    if (message.customerId === null) return;
    if (reason === 'opted_out')
      await this.directory.recordConsent(
        tx,
        { customerId: message.customerId, channel, granted: false, source: 'provider' },
        now,
      );
    else await this.directory.suppress(tx, message.customerId, channel, reason, now);
  }

  /** One message, undefined when there is none. */
  async find(sql: Sql, id: string): Promise<Message | undefined> {
    return this.store.find(sql, id);
  }

  /** Logs what went wrong with one message without its contents. */
  logFault(message: Message, error: unknown): void {
    this.logger.error({ messageId: message.id, err: error }, `a message could not be handled: ${messageOf(error)}`);
  }
}

/** A due message as it is once it is claimed. */
function withNextFence(message: Message): Message {
  return { ...message, state: 'claimed', fence: message.fence + 1 };
}

/** Those that come more than once. */
function repeated<T>(all: readonly T[]): Set<T> {
  const seen = new Set<T>();
  return new Set(all.filter((one) => seen.has(one) || !seen.add(one)));
}
