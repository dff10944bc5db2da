import { Injectable } from '@nestjs/common';
import { Scrubber } from '../../events/scrubber.js';
import { Meaning } from '../../explanations/meaning.service.js';
import { Incidents } from '../../incidents/public.js';
import { Database, type Tx } from '../../platform/db/database.js';
import { notFound, Problem } from '../../platform/errors.js';
import { earlierAbout } from '../algorithm/attribute.js';
import { handoverFor, lineFor, wantsPerson } from '../algorithm/wants-person.js';
import { type Contact, type Handover } from '../contact.js';
import { Attributions } from './attribution.service.js';
import { ContactStore } from './contact.store.js';
import { type Place, type SenderNames, Senders } from './senders.service.js';

/** A contact as a support channel reports it. */
export interface ReportedContact extends SenderNames {
  readonly channel: string;
  readonly externalId: string;
  readonly text: string;
  readonly at?: Date;
  readonly locale?: string;
}

/** Answer to a report: what the contact is about, and what the customer said about it before. */
export interface TakenContact {
  readonly contact: Contact;
  readonly earlier: readonly Contact[];
  /** How often the customer asked about this, this time included. */
  readonly asked: number;
  /** True while the incident is not resolved. */
  readonly stillOpen: boolean;
  readonly handover: Handover | null;
  /** Line for the customer; null where no person is needed. */
  readonly line: string | null;
}

/** Words that a user of an app wrote into its feedback form. */
interface Feedback {
  readonly id: number;
  readonly projectId: number;
  readonly customerId: number | null;
  readonly message: string;
  readonly at: Date;
}

/** A reply of a customer to a message of ours. */
interface Reply {
  readonly id: number;
  readonly projectId: number | null;
  readonly customerId: number;
  readonly channel: string;
  readonly locale: string | null;
  readonly text: string;
  readonly at: Date;
}

/** Where a contact belongs, and who makes it. */
interface Whose extends Place {
  readonly customerId: number | null;
}

/** Takes contacts. */
@Injectable()
export class ContactRecorder {
  constructor(
    private readonly senders: Senders,
    private readonly attributions: Attributions,
    private readonly incidents: Incidents,
    private readonly meaning: Meaning,
    private readonly scrubber: Scrubber,
    private readonly store: ContactStore,
    private readonly database: Database,
  ) {}

  /** Takes a contact, and answers alike when it is reported again: the first report holds. */
  async take(reported: ReportedContact, reportedBy: string, now: Date): Promise<TakenContact> {
    const kept = await this.database.transaction((tx) => this.keep(tx, reported, reportedBy, now));
    const taken = kept.matchedBy === null ? await this.byMeaning(kept, reported) : kept;
    return this.answer(taken, reported.locale ?? taken.locale);
  }

  /** The same contact with the open incident that its words surely mean, for those whom nothing hit and whose words are new. */
  private async byMeaning(contact: Contact, reported: ReportedContact): Promise<Contact> {
    const { projectIds } = this.senders.place(reported);
    const open = (await this.incidents.open(this.database)).filter(({ projectId }) => projectIds.has(projectId));
    const ids = open.map(({ id }) => id);
    const meant = await this.meaning.of(contact.text, contact.locale, ids);
    return (meant && (await this.store.matched(this.database, contact.id, meant))) ?? contact;
  }

  /** Keeps a contact in a transaction of the caller; the one of before if its channel has reported it already. */
  async keep(tx: Tx, reported: ReportedContact, reportedBy: string, now: Date): Promise<Contact> {
    const { channel, externalId } = reported;
    const known = await this.store.named(tx, channel, externalId);
    if (known) return known;
    const { projectId, projectIds } = this.senders.place(reported);
    const customerId = await this.senders.find(tx, reported);
    return this.add(tx, reported, { projectId, projectIds, customerId }, reportedBy, now);
  }

  /** Keeps what a user of an app wrote into its feedback form as a contact; the row names it, so that it is kept once. */
  async keepFeedback(tx: Tx, row: Feedback, now: Date): Promise<void> {
    const { projectId, customerId } = row;
    const reported = { channel: 'feedback', externalId: `feedback-${row.id}`, text: row.message, at: row.at };
    const whose = { projectId, projectIds: new Set([projectId]), customerId };
    await this.add(tx, reported, whose, 'forewarn', now);
  }

  /** Keeps a reply to a message of ours as a contact; the row names it, so that it is kept once. */
  async keepReply(tx: Tx, row: Reply, now: Date): Promise<Contact> {
    const { projectId, customerId, channel, text, at } = row;
    const place = projectId === null ? this.senders.place({}) : { projectId, projectIds: new Set([projectId]) };
    const locale = row.locale === null ? {} : { locale: row.locale };
    const reported = { channel, externalId: `reply-${row.id}`, text, at, ...locale };
    return this.add(tx, reported, { ...place, customerId }, 'forewarn', now);
  }

  private async add(tx: Tx, reported: ReportedContact, whose: Whose, reportedBy: string, now: Date): Promise<Contact> {
    const { channel, externalId } = reported;
    const { projectId, projectIds, customerId } = whose;
    const text = this.scrubber.text(reported.text);
    const locale = reported.locale ?? null;
    const found = await this.attributions.of(tx, { customerId, projectIds, text, locale }, now);
    const contact = {
      ...{ channel, externalId, customerId, projectId, text, locale, reportedBy },
      at: reported.at ?? now,
      incidentId: found?.incidentId ?? null,
      matchedBy: found?.matchedBy ?? null,
      score: found?.score ?? null,
    };
    const kept = (await this.store.insert(tx, contact, now)) ?? (await this.store.named(tx, channel, externalId));
    if (!kept) throw new Error('a contact that was reported twice at once is not there');
    return kept;
  }

  /**
   * Says by a person's word which incident a contact is about, null for none.
   * @throws Problem 404 for a contact, 400 for an incident that does not exist
   */
  async assign(id: number, incidentId: number | null): Promise<Contact> {
    return this.database.transaction(async (tx) => {
      if (incidentId !== null && !(await this.incidents.find(tx, incidentId)))
        throw new Problem(400, 'invalid', `incidentId: there is no incident ${incidentId}.`);
      const contact = await this.store.assign(tx, id, incidentId);
      if (!contact) throw notFound('contact', String(id));
      return contact;
    });
  }

  private async answer(contact: Contact, locale: string | null): Promise<TakenContact> {
    const others = contact.customerId === null ? [] : await this.store.ofCustomer(this.database, contact.customerId);
    const earlier = earlierAbout(
      contact,
      others.filter(({ id }) => id !== contact.id),
    );
    const incident =
      contact.incidentId === null ? undefined : await this.incidents.find(this.database, contact.incidentId);
    const stillOpen = incident !== undefined && incident.status !== 'resolved';
    const asked = earlier.length + 1;
    const matched = contact.incidentId !== null;
    const handover = handoverFor({ wantsPerson: wantsPerson(contact.text), asked, stillOpen, matched });
    return { contact, earlier, asked, stillOpen, handover, line: handover && lineFor(handover, locale) };
  }
}
