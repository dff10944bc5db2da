import { Inject, Injectable } from '@nestjs/common';
import { type Member } from '../audience/audience.js';
import { type Channel, type Recipient } from '../customers/customer.js';
import { CustomerDirectory } from '../customers/public.js';
import { formatMoment, render } from '../explanations/reader.js';
import { Explanations } from '../explanations/public.js';
import { Clock } from '../platform/clock.js';
import { type Tx } from '../platform/db/database.js';
import { afterQuietHours, chooseChannel } from './algorithm/decide.js';
import { type Message } from './campaign.js';
import { MessageStore, type Plan, type PlannedMessage } from './message.store.js';
import { CHANNELS_AVAILABLE, type Policy } from './policy.js';

/** Messages planned in one go: more would hold up whoever else waits for this thread. */
const PAGE = 500;
const MINUTE = 60_000;

/** Plans messages: for each customer the channel, the language, the hour, and why they get it, or why they do not. */
@Injectable()
export class Planner {
  constructor(
    @Inject(CHANNELS_AVAILABLE) private readonly available: readonly Channel[],
    private readonly directory: CustomerDirectory,
    private readonly explanations: Explanations,
    private readonly messages: MessageStore,
    private readonly clock: Clock,
  ) {}

  /** Plans a notice for each of these members; returns how many were planned anew. */
  async planNotices(tx: Tx, plan: Plan, policy: Policy, members: readonly Member[], now: Date): Promise<number> {
    const whys = new Map<string, string>();
    let planned = 0;
    for (const page of pagesOf(members)) {
      const recipients = await this.recipients(
        tx,
        page.map((one) => one.customerId),
      );
      const messages: PlannedMessage[] = [];
      for (const { customerId, evidence } of page) {
        const recipient = recipients.get(customerId);
        if (!recipient) continue;
        const locale = this.explanations.localeFor(recipient.locale);
        const why = this.whyNotice(evidence.lastAt, locale, recipient.timeZone, whys);
        messages.push({ ...this.base(recipient, locale, why), ...this.route(recipient, policy, policy.channels, now) });
      }
      planned += await this.messages.insert(tx, plan, messages, now);
    }
    return planned;
  }

  /** Written once for each minute, language and zone of a wave, since there are few of them and writing is what costs. */
  private whyNotice(at: string, locale: string, timeZone: string | null, written: Map<string, string>): string {
    const key = `${locale} ${timeZone} ${Math.floor(Date.parse(at) / MINUTE)}`;
    const known = written.get(key);
    if (known !== undefined) return known;
    const lastAt = formatMoment(new Date(at), locale, timeZone);
    const why = render(this.explanations.textsOf(locale).why.notice, { lastAt });
    written.set(key, why);
    return why;
  }

  /** Plans a "fixed" for each customer who got one of these notices, on the same channel. */
  async planResolved(tx: Tx, plan: Plan, policy: Policy, told: readonly Message[], now: Date): Promise<void> {
    for (const page of pagesOf(told)) {
      const recipients = await this.recipients(
        tx,
        page.flatMap((one) => one.customerId ?? []),
      );
      const messages: PlannedMessage[] = [];
      for (const { customerId, channel, locale } of page) {
        const recipient = recipients.get(customerId ?? 0);
        if (!recipient || channel === null) continue;
        const why = render(this.explanations.textsOf(locale).why.resolved, {});
        messages.push({ ...this.base(recipient, locale, why), ...this.route(recipient, policy, [channel], now) });
      }
      await this.messages.insert(tx, plan, messages, now);
    }
  }

  private async recipients(tx: Tx, ids: readonly number[]): Promise<Map<number, Recipient>> {
    return new Map((await this.directory.recipients(tx, ids)).map((one) => [one.customerId, one]));
  }

  private base(recipient: Recipient, locale: string, why: string) {
    return { id: this.clock.uuid(), linkToken: this.clock.token(12), customerId: recipient.customerId, locale, why };
  }

  private route(
    recipient: Recipient,
    policy: Policy,
    channels: readonly Channel[],
    now: Date,
  ): Pick<PlannedMessage, 'channel' | 'state' | 'stateReason' | 'nextAt'> {
    const choice = chooseChannel(
      recipient,
      channels.filter((one) => this.available.includes(one)),
    );
    if ('suppressed' in choice)
      return { channel: null, state: 'suppressed', stateReason: choice.suppressed, nextAt: now };
    const nextAt = afterQuietHours(now, recipient.timeZone, policy.quietHours);
    return { channel: choice.channel, state: 'pending', stateReason: nextAt > now ? 'quiet_hours' : null, nextAt };
  }
}

function pagesOf<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / PAGE) }, (_, nth) => all.slice(nth * PAGE, (nth + 1) * PAGE));
}
