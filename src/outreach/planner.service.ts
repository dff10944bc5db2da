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
    const recipients = await this.recipients(
      tx,
      members.map((one) => one.customerId),
    );
    const messages: PlannedMessage[] = [];
    // A wave has few different minutes and languages, and rendering is what costs.
    const reasons = new Map<string, string>();
    for (const { customerId, evidence } of members) {
      const recipient = recipients.get(customerId);
      if (!recipient) continue;
      const locale = this.explanations.localeFor(recipient.locale);
      const lastAt = formatMoment(new Date(evidence.lastAt), locale, recipient.timeZone);
      const key = `${locale} ${lastAt}`;
      const why = reasons.get(key) ?? render(this.explanations.textsOf(locale).why.notice, { lastAt });
      reasons.set(key, why);
      messages.push({ ...this.base(recipient, locale, why), ...this.route(recipient, policy, policy.channels, now) });
    }
    return this.messages.insert(tx, plan, messages, now);
  }

  /** Plans a "fixed" for each customer who got one of these notices, on the same channel. */
  async planResolved(tx: Tx, plan: Plan, policy: Policy, told: readonly Message[], now: Date): Promise<void> {
    const recipients = await this.recipients(
      tx,
      told.flatMap((one) => one.customerId ?? []),
    );
    const messages: PlannedMessage[] = [];
    for (const { customerId, channel, locale } of told) {
      const recipient = recipients.get(customerId ?? 0);
      if (!recipient || channel === null) continue;
      const why = render(this.explanations.textsOf(locale).why.resolved, {});
      messages.push({ ...this.base(recipient, locale, why), ...this.route(recipient, policy, [channel], now) });
    }
    await this.messages.insert(tx, plan, messages, now);
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
