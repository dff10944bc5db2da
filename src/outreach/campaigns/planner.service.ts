import { Inject, Injectable } from '@nestjs/common';
import { type AtRiskMember, type HeldOut, type Member } from '../../audience/audience.js';
import { type Channel, type Recipient } from '../../customers/customer.js';
import { CustomerDirectory } from '../../customers/public.js';
import { dateLocale, formatMoment, render } from '../../explanations/reader.js';
import { Explanations } from '../../explanations/public.js';
import { Clock } from '../../platform/clock.js';
import { type Tx } from '../../platform/db/database.js';
import { readAhead, unwatched } from '../../platform/db/read-ahead.js';
import { type Incident } from '../../incidents/incident.js';
import { chooseChannel } from '../algorithm/decide.js';
import { afterQuietHours } from '../algorithm/quiet-hours.js';
import { zonesOf } from '../algorithm/zones.js';
import { type Message } from '../campaign.js';
import { type AccountContactsOfWave } from './account-contacts.service.js';
import { ApprovedTexts } from '../messages/approved-texts.service.js';
import { BatchStore } from '../messages/batch.store.js';
import { sectionOf } from '../messages/channel-texts.js';
import { MessageStore, type Plan, type PlannedMessage } from '../messages/message.store.js';
import { ToldStore } from '../messages/told.store.js';
import { OUTREACH_CONFIG, type OutreachConfig } from '../outreach-config.js';
import { CHANNELS_AVAILABLE, type Policy } from '../policy.js';

/** Messages planned in one go: more would hold up whoever else waits for this thread. */
const PAGE = 500;
const MINUTE = 60_000;
/** Wait on the next channel for others that were in one message, milliseconds: they are planned one right after the other. */
const AGAIN_MS = 30_000;
/** Longest wait of an update or an end for others, milliseconds, however long notices wait. A judgement: at double of it a customer may ask before they hear. */
const NEWS_WAIT_MS = 15 * MINUTE;

/** Somebody who gets a notice: a member of the audience, or a contact who is told for others. */
type Told = Member | AtRiskMember | { readonly customerId: number };

/** A plan with the incident that it is about. */
interface PlanAbout extends Plan {
  readonly incident: Incident;
}

/** Plans messages: for each customer the channel, the language, the hour, and why they get it, or why they do not. */
@Injectable()
export class Planner {
  constructor(
    @Inject(CHANNELS_AVAILABLE) private readonly available: readonly Channel[],
    @Inject(OUTREACH_CONFIG) private readonly config: OutreachConfig,
    private readonly directory: CustomerDirectory,
    private readonly explanations: Explanations,
    private readonly messages: MessageStore,
    private readonly told: ToldStore,
    private readonly batches: BatchStore,
    private readonly approved: ApprovedTexts,
    private readonly clock: Clock,
  ) {}

  /**
   * Plans a notice for each of these members, and for the contacts who are told in place of some of them, who get theirs as suppressed; returns how
   * many were planned anew.
   */
  async planNotices(
    tx: Tx,
    plan: PlanAbout,
    policy: Policy,
    members: readonly (Member | AtRiskMember)[],
    contacts: AccountContactsOfWave,
    now: Date,
  ): Promise<number> {
    const whys = new Map<string, string>();
    const make = (member: Told, recipient: Recipient): PlannedMessage => {
      const locale = this.explanations.localeFor(recipient.locale);
      const spoken = contacts.of(recipient.customerId);
      if (spoken && contacts.isToldByContact(recipient.customerId)) {
        const { account } = spoken;
        const route = { channel: null, state: 'suppressed', stateReason: 'told_by_contact' } as const;
        return { ...this.base(recipient, locale, ''), ...route, nextAt: now, passesOn: false, account };
      }
      const isContact = spoken !== undefined && spoken.contactId !== null;
      const why = isContact
        ? this.explanations.textsOf(locale).why[plan.audience === 'at_risk' ? 'accountAtRisk' : 'account']
        : 'evidence' in member
          ? this.whyNotice(member.evidence.lastAt, locale, recipient, whys)
          : this.whyAtRisk(locale, whys);
      const account = isContact ? spoken.account : null;
      const carries = this.carrier({ ...plan, account }, locale);
      const route = this.route(recipient, policy, policy.channels, now, carries);
      const alone = spoken && !isContact && route.state === 'pending' ? 'no_account_contact' : null;
      return {
        ...this.base(recipient, locale, why),
        ...route,
        stateReason: route.stateReason ?? alone,
        account,
      };
    };
    const all = [...members, ...contacts.outsiders.map((customerId) => ({ customerId }))];
    return this.planEach(tx, plan, all, now, make, mergesUntil(policy, plan.kind, now));
  }

  /** Says of each of these members who are held out on which channel they would have been written to. */
  async heldOut(
    tx: Tx,
    incident: Incident,
    policy: Policy,
    members: readonly (Member | AtRiskMember)[],
    now: Date,
  ): Promise<HeldOut[]> {
    const held: HeldOut[] = [];
    for (let at = 0; at < members.length; at += PAGE) {
      const page = members.slice(at, at + PAGE);
      const ids = page.map(({ customerId }) => customerId);
      const recipients = await this.recipients(tx, ids);
      for (const { customerId, kind } of page) {
        const recipient = recipients.get(customerId);
        const about = { incident, kind: 'notice', audience: kind } as const;
        const carries = this.carrier(about, this.explanations.localeFor(recipient?.locale ?? null));
        const channel = recipient ? this.route(recipient, policy, policy.channels, now, carries).channel : null;
        held.push({ customerId, audience: kind, channel });
      }
    }
    return held;
  }

  /** Written once for each language of a wave. */
  private whyAtRisk(locale: string, written: Map<string, string>): string {
    const why = written.get(locale) ?? render(this.explanations.textsOf(locale).why.atRisk, {});
    written.set(locale, why);
    return why;
  }

  /** Written once for each minute, language and zone of a wave, since there are few of them and writing is what costs. */
  private whyNotice(
    at: string,
    locale: string,
    { locale: own, timeZone }: Recipient,
    written: Map<string, string>,
  ): string {
    const dates = dateLocale(own, locale);
    const key = `${locale} ${dates} ${timeZone} ${Math.floor(Date.parse(at) / MINUTE)}`;
    const known = written.get(key);
    if (known !== undefined) return known;
    const lastAt = formatMoment(new Date(at), dates, timeZone);
    const why = render(this.explanations.textsOf(locale).why.notice, { lastAt });
    written.set(key, why);
    return why;
  }

  /** Plans word of the end, of the return or of the state for each customer who got one of these messages, on the same channel; returns how many are new. */
  async planNews(
    tx: Tx,
    plan: PlanAbout & { readonly kind: 'resolved' | 'returned' | 'update' },
    policy: Policy,
    told: readonly (Message & { readonly nextRound?: number })[],
    now: Date,
  ): Promise<number> {
    type One = (typeof told)[number];
    const make = ({ channel, locale, account, nextRound = 1 }: One, recipient: Recipient) => {
      if (channel === null) return undefined;
      const why = render(this.explanations.textsOf(locale).why[plan.kind], {});
      const carries = this.carrier({ ...plan, account }, locale);
      const next = carries(channel) || !policy.fallback ? [channel] : laterChannels(policy, channel);
      const route = this.route(recipient, policy, next, now, carries);
      return { ...this.base(recipient, locale, why), ...route, account, round: nextRound };
    };
    // The end waits for no other but where both were told in one message: good news is not put off for nothing.
    const waits = (one: One) => plan.kind === 'update' || one.merged > 0 || one.leadId !== null;
    const until = mergesUntil(policy, plan.kind, now, NEWS_WAIT_MS);
    const alone = await this.planEach(
      tx,
      plan,
      told.filter((one) => !waits(one)),
      now,
      make,
    );
    return alone + (await this.planEach(tx, plan, told.filter(waits), now, make, until));
  }

  /**
   * Plans the next channel for messages that did not arrive, decided anew for each customer; what has no next channel is noted with the reason.
   * @returns how many go on, and how many of those had failed
   */
  async planNextChannel(
    tx: Tx,
    incident: Incident,
    policy: Policy,
    missed: readonly Message[],
    now: Date,
  ): Promise<{ customers: number; failed: number }> {
    const going = missed.filter(({ channel }) => channel !== null && laterChannels(policy, channel).length > 0);
    for (const { campaignId, incidentId, kind, audience } of onePerCampaign(going)) {
      const own = going.filter((one) => one.campaignId === campaignId);
      const make = (message: Message, recipient: Recipient): PlannedMessage | undefined => {
        const { locale, why, account, round, turn, channel, state } = message;
        if (channel === null) return undefined;
        const carries = this.carrier({ incident, kind, audience, account }, locale);
        const route = this.route(recipient, policy, laterChannels(policy, channel), now, carries);
        const stateReason = route.stateReason ?? (state === 'failed' ? 'earlier_failed' : 'no_receipt');
        return { ...this.base(recipient, locale, why), ...route, stateReason, account, round, turn: turn + 1 };
      };
      const until = mergesUntil(policy, kind, now, AGAIN_MS);
      await this.planEach(tx, { campaignId, incidentId, kind, audience }, own, now, make, until);
    }
    await this.told.passedOn(
      tx,
      missed.map(({ id }) => id),
    );
    return { customers: going.length, failed: going.filter(({ state }) => state === 'failed').length };
  }

  /**
   * Plans a message for each of these whose customer is still there and for whom `make` gives one, a page at a time; returns how many are new.
   * @param merges until when they wait for others to the same customer
   */
  private async planEach<T extends { readonly customerId: number | null }>(
    tx: Tx,
    plan: Plan,
    all: readonly T[],
    now: Date,
    make: (one: T, recipient: Recipient) => PlannedMessage | undefined,
    merges?: Date,
  ): Promise<number> {
    let planned = 0;
    let writing = Promise.resolve(0);
    const read = (page: readonly T[]) => this.recipients(tx, [...new Set(page.flatMap((one) => one.customerId ?? []))]);
    for await (const { page, found: recipients } of readAhead(all, PAGE, read)) {
      const messages = page.flatMap((one) => {
        const recipient = recipients.get(one.customerId ?? 0);
        return (recipient && make(one, recipient)) ?? [];
      });
      // The database writes this page while the next is made.
      const before = writing;
      writing = unwatched(this.write(tx, plan, messages, now, merges));
      planned += await before;
    }
    return planned + (await writing);
  }

  private async write(
    tx: Tx,
    plan: Plan,
    messages: readonly PlannedMessage[],
    now: Date,
    merges: Date | undefined,
  ): Promise<number> {
    const planned = await this.messages.insert(tx, plan, messages, now);
    const ids = messages.map(({ customerId }) => customerId);
    if (merges) await this.batches.joinBatch(tx, plan, ids, merges, now);
    return planned;
  }

  private async recipients(tx: Tx, ids: readonly number[]): Promise<Map<number, Recipient>> {
    return new Map((await this.directory.recipients(tx, ids)).map((one) => [one.customerId, one]));
  }

  private base(recipient: Recipient, locale: string, why: string) {
    const [id, linkToken] = [this.clock.uuid(), this.clock.token(12)];
    return { id, linkToken, customerId: recipient.customerId, locale, why, round: 1, turn: 1 };
  }

  /** Says which channels have a text for such a message in a language. */
  private carrier(
    about: Pick<PlanAbout, 'incident' | 'kind' | 'audience'> & { readonly account?: string | null },
    locale: string,
  ): (channel: Channel) => boolean {
    return (channel) => this.approved.carries(channel, { section: sectionOf(about), locale, incident: about.incident });
  }

  private route(
    recipient: Recipient,
    policy: Policy,
    channels: readonly Channel[],
    now: Date,
    carries: (channel: Channel) => boolean,
  ): Pick<PlannedMessage, 'channel' | 'state' | 'stateReason' | 'nextAt' | 'passesOn'> {
    const choice = chooseChannel(
      recipient,
      channels.filter((one) => this.available.includes(one)),
      { countries: this.config.countries, purpose: policy.class, carries },
    );
    if ('suppressed' in choice)
      return { channel: null, state: 'suppressed', stateReason: choice.suppressed, nextAt: now, passesOn: false };
    const { zones, known } = zonesOf(recipient);
    const nextAt = afterQuietHours(now, zones, policy.quietHours);
    const held = known ? 'quiet_hours' : 'quiet_hours_zone_unknown';
    const passesOn = policy.fallback !== undefined && laterChannels(policy, choice.channel).length > 0;
    return { channel: choice.channel, state: 'pending', stateReason: nextAt > now ? held : null, nextAt, passesOn };
  }
}

/** Until when a message waits for others to the same customer; undefined where it does not. */
function mergesUntil({ merge }: Policy, kind: Plan['kind'], now: Date, atMost = Infinity): Date | undefined {
  return merge && kind !== 'returned' ? new Date(now.getTime() + Math.min(merge.within, atMost)) : undefined;
}

/** The channels that a policy names after one. */
function laterChannels({ channels }: Policy, channel: Channel): readonly Channel[] {
  return channels.slice(channels.indexOf(channel) + 1).filter((one) => one !== channel);
}

function onePerCampaign(messages: readonly Message[]): Message[] {
  return [...new Map(messages.map((one) => [one.campaignId, one])).values()];
}
