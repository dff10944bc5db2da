import { Injectable } from '@nestjs/common';
import { type Recipient } from '../../customers/customer.js';
import { CustomerDirectory } from '../../customers/public.js';
import { HandOverDesk } from '../../explanations/hand-over-desk.service.js';
import { PageOutcomes } from '../../explanations/page-outcomes.service.js';
import { Explanations } from '../../explanations/public.js';
import { dateLocale, formatMoment, render } from '../../explanations/reader.js';
import { type Incident } from '../../incidents/incident.js';
import { Incidents } from '../../incidents/public.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { Problem } from '../../platform/errors.js';
import { PublicUrl } from '../../platform/http/public-url.js';
import { storable } from '../../platform/http/text.js';
import { type Brand } from '../../projects/brand.js';
import { Brands } from '../../projects/brands.service.js';
import { changesOf, type Choice, pauseEnd, preferencesOf, undoOf } from '../algorithm/preferences.js';
import { type Message } from '../campaign.js';
import { MailWriter } from '../messages/mail-writer.service.js';
import { MessageStore } from '../messages/message.store.js';
import { type Done, HELP_LIMIT, type PageView } from './page.html.js';

/** Time for which a page shows its incident, milliseconds: a quarter. Chosen by judgement; unsubscribing works as long as the message is kept. */
const LIFE_MS = 90 * 86_400_000;

/** A message whose link was opened, with whom it is for and what it is about. */
export interface Opened {
  readonly message: Message & { readonly customerId: number };
  readonly recipient: Recipient;
  readonly incident: Incident;
  readonly brand: Brand;
  /** Path of its page, with that of `PUBLIC_URL`. */
  readonly path: string;
  readonly isExpired: boolean;
}

/** Fields of a form as they came. */
export type Form = Readonly<Record<string, unknown>>;

/** Serves the page behind the link of a message, and does what customers ask there. */
@Injectable()
export class CustomerPages {
  constructor(
    private readonly messages: MessageStore,
    private readonly incidents: Incidents,
    private readonly explanations: Explanations,
    private readonly directory: CustomerDirectory,
    private readonly outcomes: PageOutcomes,
    private readonly desk: HandOverDesk,
    private readonly mails: MailWriter,
    private readonly brands: Brands,
    private readonly publicUrl: PublicUrl,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Finds what a link leads to; undefined for one that we did not give, or whose customer is gone. Marks that people copy along are forgiven. */
  async open(token: string): Promise<Opened | undefined> {
    const key = /^([\w-]{16})[.,;:!?)\]>'"。，；）」』]*$/u.exec(token)?.[1];
    const message = key === undefined ? undefined : await this.messages.byLink(this.database, key);
    if (!message || message.customerId === null) return undefined;
    const incident = await this.incidents.find(this.database, message.incidentId);
    const [recipient] = await this.directory.recipients(this.database, [message.customerId]);
    if (!incident || !recipient) return undefined;
    return {
      message: { ...message, customerId: message.customerId },
      recipient,
      incident,
      brand: this.brands.of(incident.projectId),
      path: `${new URL(this.publicUrl.base).pathname.replace(/\/$/, '')}/i/${message.linkToken}`,
      isExpired: this.clock.now().getTime() - message.createdAt.getTime() > LIFE_MS,
    };
  }

  /** Notes that a link was opened: it stands in one message alone, so the message arrived. */
  async seen({ message }: Opened): Promise<void> {
    await this.messages.endDoubt(this.database, message, 'link_opened', this.clock.now());
  }

  /** Everything that the page shows. */
  async view({ message, recipient, incident, brand, path }: Opened, done: Done | undefined): Promise<PageView> {
    const { locale } = message;
    const { timeZone } = recipient;
    const dates = dateLocale(recipient.locale, locale);
    const { page: words } = this.explanations.textsOf(locale);
    const texts = await this.explanations.forReader(this.database, [incident], locale, timeZone, dates);
    const text = texts.get(incident.id);
    const isResolved = incident.resolvedAt !== null;
    const began = formatMoment(incident.startedAt, dates, timeZone);
    const body = (isResolved ? text?.fixed : text?.body) ?? '';
    const pausedUntil = recipient.pausedUntil ?? null;
    return {
      ...{ locale, words, brand, path, isResolved, body, done, why: message.why },
      title: (isResolved ? text?.fixedTitle : text?.title) ?? '',
      since: body.includes(began) ? null : render(words.since, { since: began }),
      workaround: isResolved ? null : (text?.workaround ?? null),
      nextUpdate: isResolved ? null : (text?.nextUpdate ?? null),
      updates: await this.explanations.news(this.database, incident, { locale, timeZone, dates }),
      stillOpen: await this.mails.stillOpen(this.database, incident, recipient, locale),
      preferences: preferencesOf(recipient),
      pausedUntil:
        pausedUntil === null || pausedUntil <= this.clock.now() ? null : formatMoment(pausedUntil, dates, timeZone),
    };
  }

  /** Ends messages about the service and marketing on the channel of the message. Twice is as good as once. */
  async unsubscribe({ message: { customerId, channel } }: Opened): Promise<void> {
    if (channel === null) return;
    const word = { customerId, channel, granted: false, source: 'unsubscribe_link' } as const;
    await this.database.transaction((tx) => this.directory.recordConsent(tx, word, this.clock.now()));
  }

  /** Gives back what unsubscribing took away. */
  async undo({ message: { customerId, channel } }: Opened): Promise<void> {
    if (channel === null) return;
    const ledger = await this.directory.consentLedger(this.database, customerId);
    await this.record(customerId, undoOf(ledger, channel));
  }

  /** Keeps what a customer chose. A form that is not ours changes nothing. */
  async choose({ message: { customerId }, recipient }: Opened, form: Form): Promise<void> {
    if (form['form'] !== 'preferences') return;
    const isOn = (channel: string, purpose: string) => form[`${channel}.${purpose}`] === 'on';
    await this.record(customerId, changesOf(preferencesOf(recipient), isOn));
  }

  /** Holds messages to a customer for some days, or no longer. */
  async pause({ message: { customerId } }: Opened, form: Form): Promise<void> {
    const until = pauseEnd(Number(form['days'] ?? Number.NaN), this.clock.now());
    if (until !== undefined) await this.directory.pause(this.database, customerId, until);
  }

  /** Notes whether the explanation helped. */
  async helped({ message, incident }: Opened, form: Form): Promise<void> {
    const { id: messageId, customerId } = message;
    if (form['answer'] !== 'yes' && form['answer'] !== 'no') return;
    const word = { messageId, customerId, incidentId: incident.id, helped: form['answer'] === 'yes' };
    await this.database.transaction((tx) => this.outcomes.note(tx, word, this.clock.now()));
  }

  /** Gives a customer to a person of the team; one request about an incident at a time. */
  async help({ message, incident }: Opened, form: Form): Promise<Done> {
    const { customerId, locale } = message;
    const text = typeof form['text'] === 'string' ? storable(form['text'].slice(0, HELP_LIMIT)).trim() : '';
    const about = { customerId, incidentId: incident.id };
    try {
      await this.desk.pass({ about, channel: 'page', locale, by: 'customer page', ...(text !== '' && { text }) });
      return 'helpTaken';
    } catch (error) {
      if (error instanceof Problem && error.status === 429) return 'helpTooMany';
      throw error;
    }
  }

  private async record(customerId: number, choices: readonly Choice[]): Promise<void> {
    await this.database.transaction(async (tx) => {
      for (const one of choices)
        await this.directory.recordConsent(tx, { customerId, ...one, source: 'unsubscribe_link' }, this.clock.now());
    });
  }
}
