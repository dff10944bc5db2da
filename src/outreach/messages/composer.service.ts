import { Inject, Injectable } from '@nestjs/common';
import { Audiences } from '../../audience/public.js';
import { type Channel, type Recipient } from '../../customers/customer.js';
import { CustomerDirectory } from '../../customers/public.js';
import { Explanations } from '../../explanations/public.js';
import { dateLocale, formatMoment, greetingName, render, type TemplateValues } from '../../explanations/reader.js';
import { type Incident, SEVERITIES } from '../../incidents/incident.js';
import { Incidents } from '../../incidents/public.js';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { PublicUrl } from '../../platform/http/public-url.js';
import { type ApprovedWords } from '../algorithm/approved-text.js';
import { chooseChannel } from '../algorithm/decide.js';
import { afterQuietHours } from '../algorithm/quiet-hours.js';
import { zonesOf } from '../algorithm/zones.js';
import { type MessageSection } from '../approved-texts-config.js';
import { asksForHelp, type Campaign, type Message } from '../campaign.js';
import { CampaignStore } from '../campaigns/campaign.store.js';
import { ApprovedTexts } from './approved-texts.service.js';
import { linkValues, sectionOf, type Words, writeWords } from './channel-texts.js';
import { Looked } from './looked.js';
import { type MailExtras, MailWriter } from './mail-writer.service.js';
import { ToldStore } from './told.store.js';
import { OpenContacts } from '../open-contacts.registry.js';
import { OUTREACH_CONFIG, type OutreachConfig } from '../outreach-config.js';
import { CHANNELS_AVAILABLE, POLICIES_CONFIG, type Policy } from '../policy.js';
import { type MessageReason } from '../reasons.js';

/** Incidents that a message about several names; the others are counted. */
const MOST_NAMED = 3;

/** In the place of a link's token; no token looks like it. */
const HARMLESS_LINK = 'preview';

/** Text and destination of a message. */
export interface Content extends Words {
  readonly channel: Channel;
  readonly address: string;
  /** Parts of a mail beside its text. */
  readonly mail?: MailExtras;
}

/** A text as a preview shows it, with the HTML that a mail has beside it. */
export interface Shown {
  readonly subject: string | null;
  readonly body: string;
  readonly html: string | null;
  /** The provider's name of the approved text that it goes out as; null where the text is ours. */
  readonly approvedText: string | null;
}

/** Whom a text is for, and how it goes. */
interface Addressed {
  readonly recipient: Recipient;
  readonly channel: Channel;
  readonly policy: Policy | undefined;
  readonly looked: Looked;
  /** True: it speaks to the contact of an account. */
  readonly forAccount: boolean;
}

/** Decision about a claimed message. */
export type Composition =
  /** `without` are those of the messages that were to become part of it that are not. */
  | { readonly kind: 'ready'; readonly content: Content; readonly without: readonly Message[] }
  | { readonly kind: 'hold'; readonly until: Date; readonly reason: MessageReason }
  | { readonly kind: 'suppress'; readonly reason: MessageReason }
  | { readonly kind: 'cancel'; readonly reason: MessageReason };

/** Decides once more, in the moment of sending, and writes the text: consent, quiet hours, caps and the incident may have changed since the plan. */
@Injectable()
export class Composer {
  constructor(
    @Inject(POLICIES_CONFIG) private readonly policies: readonly Policy[],
    @Inject(CHANNELS_AVAILABLE) private readonly available: readonly Channel[],
    @Inject(OUTREACH_CONFIG) private readonly config: OutreachConfig,
    private readonly directory: CustomerDirectory,
    private readonly incidents: Incidents,
    private readonly audiences: Audiences,
    private readonly explanations: Explanations,
    private readonly campaigns: CampaignStore,
    private readonly told: ToldStore,
    private readonly contacts: OpenContacts,
    private readonly publicUrl: PublicUrl,
    private readonly mails: MailWriter,
    private readonly approved: ApprovedTexts,
  ) {}

  /** Looks up in one go whom these messages are for. */
  async look(sql: Sql, messages: readonly Message[]): Promise<Looked> {
    const ids = [...new Set(messages.flatMap(({ customerId }) => customerId ?? []))];
    if (ids.length === 0) return new Looked();
    const planned = new Date(Math.min(...messages.map(({ createdAt }) => createdAt.getTime())));
    const [recipients, unlinked, contacts] = await Promise.all([
      this.directory.recipients(sql, ids),
      this.directory.unlinkedSince(sql, ids, planned),
      this.contacts.of(sql, ids),
    ]);
    return new Looked(new Map(recipients.map((one) => [one.customerId, one])), unlinked, contacts);
  }

  /**
   * Decides about a message that this transaction has claimed; `looked` is what `look` said of it.
   * @param others messages to the same customer about other incidents that become part of it
   */
  async compose(
    tx: Tx,
    message: Message,
    now: Date,
    looked: Looked,
    others: readonly (Message & { readonly isApproved: boolean })[] = [],
  ): Promise<Composition> {
    const recipient = message.customerId === null ? undefined : looked.recipients.get(message.customerId);
    if (!recipient) return { kind: 'cancel', reason: 'erased' };
    const { incidentId, campaignId } = message;
    const incident = await looked.once(`incident ${incidentId}`, () => this.incidents.find(tx, incidentId));
    const campaign = await looked.once(`campaign ${campaignId}`, () => this.campaigns.find(tx, campaignId));
    if (!incident || !campaign) return { kind: 'cancel', reason: 'incident_gone' };
    if (message.kind !== 'resolved' && incident.status === 'resolved') return { kind: 'cancel', reason: 'resolved' };
    if (await this.isNotHit(tx, message, incident, looked)) return { kind: 'cancel', reason: 'not_hit' };
    if (message.kind !== 'resolved' && looked.isInContact(recipient.customerId, incident.id))
      return { kind: 'suppress', reason: 'in_contact' };
    if (message.turn > 1 && (await this.told.arrivedBefore(tx, message)))
      return { kind: 'cancel', reason: 'arrived_after_all' };
    const policy = this.policies.find((one) => one.name === campaign.policy);
    const allowed = this.channels(policy, message);
    const about = { section: sectionOf(message), locale: message.locale, incident };
    const carries = (channel: Channel) => this.approved.carries(channel, about);
    const rules = { countries: this.config.countries, purpose: policy?.class, carries };
    const choice = chooseChannel(recipient, allowed, rules);
    if ('suppressed' in choice) return { kind: 'suppress', reason: choice.suppressed };
    const { pausedUntil } = recipient;
    if (pausedUntil && pausedUntil > now && policy?.class !== 'legal')
      return { kind: 'hold', until: pausedUntil, reason: 'customer_paused' };
    const { zones, known } = zonesOf(recipient);
    const until = afterQuietHours(now, zones, policy?.quietHours);
    if (until > now) return { kind: 'hold', until, reason: known ? 'quiet_hours' : 'quiet_hours_zone_unknown' };
    if (await this.isOverCap(tx, message, policy, now)) return { kind: 'suppress', reason: 'cap' };
    const told = [{ message, incident }];
    const joins = this.approved.carries(choice.channel, { ...about, section: severalOf(message) });
    for (const other of joins ? others : []) {
      const about = await looked.once(`incident ${other.incidentId}`, () => this.incidents.find(tx, other.incidentId));
      if (!other.isApproved || about === undefined) continue;
      if ((about.status === 'resolved') !== (message.kind === 'resolved')) continue;
      if (await this.isNotHit(tx, other, about, looked)) continue;
      if (message.kind === 'resolved' || !looked.isInContact(recipient.customerId, about.id))
        told.push({ message: other, incident: about });
    }
    const forAccount = told.some((one) => one.message.account !== null);
    const to = { recipient, channel: choice.channel, policy, looked, forAccount };
    const words =
      told.length > 1
        ? await this.severalText(
            tx,
            message,
            told.map((one) => one.incident),
            to,
          )
        : await this.text(tx, message, incident, recipient, choice.channel, policy, looked);
    const without = others.filter((other) => !told.some((one) => one.message.id === other.id));
    return { kind: 'ready', content: { ...choice, ...words }, without };
  }

  /** The text about several incidents, worst first; `lead` is the message that is sent. */
  private async severalText(
    sql: Sql,
    lead: Message,
    incidents: readonly Incident[],
    { recipient, channel, policy, looked, forAccount }: Addressed,
  ): Promise<Words & { readonly mail?: MailExtras }> {
    const { locale } = lead;
    const dates = dateLocale(recipient.locale, locale);
    const texts = this.explanations.textsOf(locale);
    const sorted = incidents.toSorted(worse);
    const [worst] = sorted;
    if (!worst) throw new Error('there is no incident to write about');
    const section = severalOf(lead);
    const isOver = lead.kind === 'resolved';
    const problems: string[] = [];
    for (const incident of sorted.slice(0, MOST_NAMED)) {
      const explanations = await looked.once(
        `explanation ${incident.id} ${locale} ${dates} ${recipient.timeZone}`,
        () => this.explanations.forReader(sql, [incident], locale, recipient.timeZone, dates),
      );
      const {
        title = '',
        body = '',
        workaround = null,
        nextUpdate = null,
        fixed,
      } = explanations.get(incident.id) ?? {};
      const short = this.explanations.areaOf(incident, locale) ?? title;
      const news = section === 'severalUpdate' ? await this.newsFor(sql, lead, incident) : null;
      const values = isOver
        ? { title, body: fixed ?? '', workaround: null, nextUpdate: null }
        : { title, body: news ?? body, workaround, nextUpdate };
      problems.push(channel === 'sms' ? short : render(texts.several.problem, values));
    }
    const more = sorted.length - problems.length;
    const forContact = lead.audience === 'at_risk' ? 'accountAtRisk' : 'account';
    const why = texts.why[forAccount && lead.kind === 'notice' ? forContact : section];
    const words = this.write(
      channel,
      { section, locale, incident: worst },
      {
        product: this.explanations.productOf(worst),
        name: greetingName(recipient.name),
        count: String(sorted.length),
        problems: problems.join(channel === 'sms' ? (/^zh\b/.test(locale) ? '；' : '; ') : '\n\n'),
        more: more > 0 ? String(more) : null,
        helpQuestion: policy?.askForHelp && asksForHelp(lead) ? texts.askForHelp[channel] : null,
        stillOpen: isOver ? await this.mails.stillOpen(sql, worst, recipient, locale) : null,
        ...linkValues(channel, policy?.links ?? 'signed', this.publicUrl.base, lead),
        reason: why,
      },
    );
    if (channel !== 'email') return words;
    return this.mails.complete(sql, { message: { ...lead, why }, incident: worst, workaround: null }, words);
  }

  /**
   * The text as it would go out now, for a preview; the channel is the planned one. Its link is nobody's, so that nothing happens to whoever tries it.
   * @param together incidents beside its own that it would speak for as well
   */
  async preview(
    sql: Sql,
    campaign: Campaign,
    message: Message,
    together: readonly number[] = [],
  ): Promise<Shown | undefined> {
    const [recipient] = message.customerId === null ? [] : await this.directory.recipients(sql, [message.customerId]);
    const incident = await this.incidents.find(sql, campaign.incidentId);
    if (!recipient || !incident || !message.channel) return undefined;
    const policy = this.policies.find(({ name }) => name === campaign.policy);
    const harmless = { ...message, linkToken: HARMLESS_LINK };
    const forAccount = message.account !== null;
    const to = { recipient, channel: message.channel, policy, looked: new Looked(), forAccount };
    const others =
      together.length === 0 ? [] : (await this.incidents.open(sql)).filter(({ id }) => together.includes(id));
    const { subject, body, mail, approved } =
      others.length > 0
        ? await this.severalText(sql, harmless, [incident, ...others], to)
        : await this.text(sql, harmless, incident, recipient, message.channel, policy);
    return { subject, body, html: mail?.html ?? null, approvedText: approved ? nameOf(approved) : null };
  }

  /** Of these messages, the ids of notices that would be cancelled, since what hit their customers was somebody else's. */
  async voided(sql: Sql, incident: Incident, messages: readonly Message[]): Promise<Set<string>> {
    const looked = await this.look(sql, messages);
    const voided = new Set<string>();
    for (const message of messages) if (await this.isNotHit(sql, message, incident, looked)) voided.add(message.id);
    return voided;
  }

  /** True where what hit the customer was taken back with a name since the notice was planned: it was somebody else's. */
  private async isNotHit(sql: Sql, message: Message, incident: Incident, { unlinked }: Looked): Promise<boolean> {
    const { kind, audience, account, customerId } = message;
    if (
      kind !== 'notice' ||
      audience !== 'affected' ||
      account !== null ||
      customerId === null ||
      !unlinked.has(customerId)
    )
      return false;
    return !(await this.audiences.isHit(sql, incident, customerId));
  }

  /** A "fixed" and a "came back" begin on the channel of the notice, and what is tried on the next channel stays there. */
  private channels(policy: Policy | undefined, message: Message): Channel[] {
    const free = message.kind === 'notice' && message.turn === 1;
    const wanted = free && policy ? policy.channels : message.channel ? [message.channel] : [];
    return wanted.filter((channel) => this.available.includes(channel));
  }

  /** Caps hold for notices and updates; who was told of a fault is also told of its end, and that the end was none. */
  private async isOverCap(tx: Tx, message: Message, policy: Policy | undefined, now: Date): Promise<boolean> {
    const isCapped = message.kind === 'notice' || message.kind === 'update';
    if (!policy?.caps || !isCapped || message.customerId === null) return false;
    const count = await this.told.countForCap(
      tx,
      message.customerId,
      message,
      new Date(now.getTime() - policy.caps.per),
    );
    return count >= policy.caps.messages;
  }

  /** Updates posted about an incident since its customer was written to last; null for none. */
  private async newsFor(sql: Sql, { customerId, locale }: Message, incident: Incident): Promise<string | null> {
    const family = [incident.id, ...incident.mergedIds];
    const since = customerId === null ? undefined : await this.told.lastSentAt(sql, family, customerId);
    return (since && (await this.explanations.newsSince(sql, incident, locale, since))) ?? null;
  }

  /** The words of a message: the provider's approved text, where that takes no other, or our own. */
  private write(
    channel: Channel,
    about: { readonly section: MessageSection; readonly locale: string; readonly incident: Incident },
    values: TemplateValues,
  ): Words {
    const approved = this.approved.write(channel, about, values);
    if (approved) return { subject: null, body: approved.body, approved };
    return writeWords(channel, this.explanations.textsOf(about.locale)[about.section], values);
  }

  private async text(
    sql: Sql,
    message: Message,
    incident: Incident,
    recipient: Recipient,
    channel: Channel,
    policy: Policy | undefined,
    looked = new Looked(),
  ): Promise<Words & { readonly mail?: MailExtras }> {
    const { locale } = message;
    const dates = dateLocale(recipient.locale, locale);
    const explanations = await looked.once(`explanation ${incident.id} ${locale} ${dates} ${recipient.timeZone}`, () =>
      this.explanations.forReader(sql, [incident], locale, recipient.timeZone, dates),
    );
    const explanation = explanations.get(incident.id);
    const values: TemplateValues = {
      product: this.explanations.productOf(incident),
      area: this.explanations.areaOf(incident, locale),
      name: greetingName(recipient.name),
      since: formatMoment(incident.startedAt, dates, recipient.timeZone),
      title: explanation?.title ?? '',
      body: explanation?.body ?? '',
      workaround: explanation?.workaround ?? null,
      nextUpdate: explanation?.nextUpdate ?? null,
      news: message.kind === 'update' ? await this.newsFor(sql, message, incident) : null,
      helpQuestion:
        policy?.askForHelp && asksForHelp(message) ? this.explanations.textsOf(locale).askForHelp[channel] : null,
      fixed: explanation?.fixed ?? '',
      stillOpen: message.kind === 'resolved' ? await this.mails.stillOpen(sql, incident, recipient, locale) : null,
      ...linkValues(channel, policy?.links ?? 'signed', this.publicUrl.base, message),
      reason: message.why,
    };
    const words = this.write(channel, { section: sectionOf(message), locale, incident }, values);
    if (channel !== 'email') return words;
    return this.mails.complete(sql, { message, incident, workaround: values['workaround'] ?? null }, words);
  }
}

/** The provider's name of an approved text; where it differs by gateway, each with the gateway. */
function nameOf({ id }: ApprovedWords): string {
  if (typeof id === 'string') return id;
  return Object.entries(id)
    .map(([gateway, name]) => `${gateway} ${name}`)
    .join(', ');
}

/** The section of a text about several incidents. */
function severalOf({ kind, audience }: Message) {
  if (kind === 'update') return 'severalUpdate';
  if (kind === 'resolved') return 'severalResolved';
  return audience === 'at_risk' ? 'severalAtRisk' : 'several';
}

/** The worse incident first, of equals the one that began first. */
function worse(a: Incident, b: Incident): number {
  return (
    SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) || a.startedAt.getTime() - b.startedAt.getTime()
  );
}
