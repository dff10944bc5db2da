import { type OnApplicationShutdown } from '@nestjs/common';
import { type Channel, CHANNELS } from '../../customers/customer.js';
import { type Message } from '../../outreach/campaign.js';
import { Settings } from '../../platform/config/settings.js';
import { Database } from '../../platform/db/database.js';
import { LOGGER, type Logger } from '../../platform/logging/logger.js';
import { Metrics } from '../../platform/metrics.js';
import { Breaker } from '../algorithm/breaker.js';
import { Outage } from '../algorithm/outage.js';
import { Pace } from '../algorithm/pace.js';
import { DELIVERY_CONFIG, type DeliveryConfig } from '../delivery-config.js';
import { type Gateway, type SendResult } from '../gateway.js';
import { gatewaysSet } from '../gateway.factories.js';
import { OUTBOX, OutboxGateway } from '../outbox/outbox.gateway.js';
import { AttemptStore } from './attempt.store.js';

/** Reasons that say nothing about a message and much about the way: another way is tried then. */
const TROUBLES: ReadonlySet<string> = new Set([
  'provider_unavailable',
  'timeout',
  'connection_lost',
  'tls',
  'provider_error',
  'auth',
  'setup',
]);

/** One way out: a gateway, whether it is left alone, and how fast it may be used. */
export interface Way {
  readonly gateway: Gateway;
  readonly breaker: Breaker;
  readonly outage: Outage;
  readonly pace: Pace;
}

/**
 * The ways out of each channel, in the order in which they are used: providers as configured, or the built-in outbox for all when there is none
 * at all. A message that was certainly not taken goes another way; one in doubt never does.
 */
export class Gateways implements OnApplicationShutdown {
  private readonly ways = new Map<Channel, Way[]>();

  constructor(
    gateways: readonly { readonly gateway: Gateway; readonly perSecond?: number | undefined }[],
    private readonly logger: Logger,
    metrics: Metrics,
  ) {
    for (const { gateway, perSecond } of gateways) {
      const way = { gateway, breaker: new Breaker(), outage: new Outage(), pace: new Pace(perSecond) };
      this.ways.set(gateway.channel, [...(this.ways.get(gateway.channel) ?? []), way]);
    }
    metrics.gauge(
      'gateway_usable',
      'Whether a gateway is in use (1) or left alone after troubles (0).',
      ['gateway'],
      (gauge) => {
        for (const { gateway, breaker } of this.all())
          gauge.set({ gateway: gateway.name }, breaker.isResting() ? 0 : 1);
      },
    );
  }

  /** The first gateway of a channel, undefined where none is configured. */
  get(channel: Channel): Gateway | undefined {
    return this.ways.get(channel)?.[0]?.gateway;
  }

  /** The gateway of a channel with this name. */
  named(channel: Channel, name: string | null): Gateway | undefined {
    return this.ways.get(channel)?.find(({ gateway }) => gateway.name === name)?.gateway;
  }

  /** True when a message of the channel could go out now, or no gateway of it is there to wait for. */
  isUsable(channel: Channel, now: Date): boolean {
    const ways = this.ways.get(channel) ?? [];
    return ways.length === 0 || ways.some(({ breaker }) => breaker.isOpenTo(now));
  }

  /** The way for a message, undefined when none can be used now. Where the last attempt met trouble, another way comes first. */
  choose(channel: Channel, message: Pick<Message, 'gateway' | 'stateReason'>, now: Date): Way | undefined {
    const usable = (this.ways.get(channel) ?? []).filter(({ breaker }) => breaker.isOpenTo(now));
    const left = TROUBLES.has(message.stateReason ?? '') ? message.gateway : null;
    const way = usable.find(({ gateway }) => gateway.name !== left) ?? usable[0];
    way?.breaker.take();
    return way;
  }

  /** True when a channel has another way than this one that can be used now. */
  hasOther(channel: Channel, name: string, now: Date): boolean {
    return (this.ways.get(channel) ?? []).some(
      ({ gateway, breaker }) => gateway.name !== name && breaker.isOpenTo(now),
    );
  }

  /** Learns from a result if the way is to be left alone; undefined when there was no call. */
  learn(way: Way, result: SendResult | undefined, now: Date): void {
    const { gateway, breaker } = way;
    if (!result) return breaker.leave();
    const reason = 'reason' in result ? result.reason : '';
    this.tell(way, result, now);
    const setup = result.kind === 'rejected' && result.scope === 'setup';
    // A refusal of our setup stops the campaign where there is no other way, and works again as soon as a person has mended it.
    if (setup && !this.hasOther(gateway.channel, gateway.name, now)) breaker.worked();
    else if (TROUBLES.has(reason)) breaker.failed(now, setup);
    else breaker.worked();
  }

  /** Says in the log that a way takes nothing, and that it is back; not once a message. */
  private tell({ gateway: { name, channel }, outage }: Way, result: SendResult, now: Date): void {
    const [reason, code] = ['reason' in result ? result.reason : '', 'code' in result ? result.code : undefined];
    const news = outage.note(TROUBLES.has(reason), now);
    if (news?.kind === 'down')
      this.logger.warn(
        { gateway: name, channel, reason, code },
        `${name} takes no messages; they wait and are tried again, or go another way where there is one`,
      );
    if (news?.kind === 'back')
      this.logger.info({ gateway: name, channel, seconds: news.downMs / 1000 }, `${name} takes messages again`);
  }

  /** True when a result says nothing about the message, so that another way may take it. */
  isTrouble(result: SendResult): boolean {
    return (result.kind === 'retry' || result.kind === 'rejected') && TROUBLES.has(result.reason);
  }

  /** Channels with a provider, and the names of their gateways in order. */
  providers(): { channel: Channel; gateway: string }[] {
    return [...this.ways].flatMap(([channel, ways]) =>
      ways.flatMap(({ gateway: { name } }) => (name === OUTBOX ? [] : [{ channel, gateway: name }])),
    );
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.all().map(({ gateway }) => gateway.close()));
  }

  private all(): Way[] {
    return [...this.ways.values()].flat();
  }
}

/** Makes `Gateways`: each loads what only it needs, so that an installation without a provider does without its library. */
export const GATEWAYS = {
  provide: Gateways,
  inject: [Settings, DELIVERY_CONFIG, AttemptStore, Database, LOGGER, Metrics],
  useFactory: async (
    settings: Settings,
    config: DeliveryConfig,
    store: AttemptStore,
    database: Database,
    logger: Logger,
    metrics: Metrics,
  ): Promise<Gateways> => {
    const set = gatewaysSet(settings, config);
    const made = await Promise.all(set.map(async ({ make, perSecond }) => ({ gateway: await make(), perSecond })));
    const outbox = CHANNELS.map((channel) => ({ gateway: new OutboxGateway(channel, store, database) }));
    return new Gateways(made.length === 0 ? outbox : made, logger, metrics);
  },
};
