import { Injectable } from '@nestjs/common';
import { type Recipient } from '../../customers/customer.js';
import { Explanations } from '../../explanations/public.js';
import { render, tidyLines } from '../../explanations/reader.js';
import { type Incident } from '../../incidents/incident.js';
import { Incidents } from '../../incidents/public.js';
import { type Sql } from '../../platform/db/database.js';
import { PublicUrl } from '../../platform/http/public-url.js';
import { type Brand } from '../../projects/brand.js';
import { Brands } from '../../projects/brands.service.js';
import { paletteOf } from '../algorithm/colours.js';
import { type Message } from '../campaign.js';
import { type Words } from './channel-texts.js';
import { mailHtml } from './mail-html.js';
import { NeighbourReadModel } from './neighbour.read-model.js';

/** Parts of a mail that no other channel has. */
export interface MailExtras {
  /** The same words as the text, for programs that show HTML. */
  readonly html: string;
  readonly replyTo: string | null;
  /** Message-IDs of what the customer got about the same fault, oldest first; empty for the first mail. */
  readonly thread: readonly string[];
}

/** Incidents that are named in a message about the end of another. */
const NAMED = 3;

/** Writes what stands around the words of a message: how to stop, who sends it, what else is wrong, and the HTML of a mail. */
@Injectable()
export class MailWriter {
  constructor(
    private readonly explanations: Explanations,
    private readonly incidents: Incidents,
    private readonly brands: Brands,
    private readonly neighbours: NeighbourReadModel,
    private readonly publicUrl: PublicUrl,
  ) {}

  /** Adds to a mail's text how to stop it and who sends it, and writes its HTML and its thread. */
  async complete(
    sql: Sql,
    { message, incident, workaround }: { message: Message; incident: Incident; workaround: string | null },
    words: Words,
  ): Promise<Words & { readonly mail: MailExtras }> {
    const brand = this.brands.of(incident.projectId);
    const { parts } = this.explanations.textsOf(message.locale);
    const link = `${this.publicUrl.base}/i/${message.linkToken}`;
    const unsubscribe = `${link}/unsubscribe`;
    const text = tidyLines([words.body, ...this.footer(brand, parts, unsubscribe)].join('\n\n'));
    const html = mailHtml({
      ...{ locale: message.locale, subject: words.subject ?? '', text, link, unsubscribe, workaround },
      ...{ reason: message.why, open: parts.open, brand, palette: paletteOf(brand.colour) },
    });
    const thread = message.kind === 'notice' ? [] : await this.thread(sql, message, incident);
    return { ...words, body: text, mail: { html, replyTo: brand.replyTo, thread } };
  }

  /** Says which other incidents still hurt a customer who hears that one is over; null where none does. */
  async stillOpen(sql: Sql, incident: Incident, { customerId, timeZone }: Recipient, locale: string) {
    const ids = await this.neighbours.open(sql, customerId, incident.id);
    if (ids.length === 0) return null;
    const others = (await this.incidents.open(sql)).filter(({ id }) => ids.includes(id)).slice(0, NAMED);
    if (others.length === 0) return null;
    const texts = await this.explanations.forReader(sql, others, locale, timeZone);
    const titles = [...texts.values()].map(({ title }) => title).join('; ');
    return render(this.explanations.textsOf(locale).parts.stillOpen, { titles });
  }

  private footer({ help, name, address }: Brand, parts: { stop: string; help: string }, unsubscribe: string): string[] {
    return [
      render(parts.stop, { unsubscribe }),
      ...(help === null ? [] : [render(parts.help, { help })]),
      address === null ? name : `${name}\n${address}`,
    ];
  }

  private async thread(sql: Sql, { id, customerId }: Message, incident: Incident): Promise<string[]> {
    if (customerId === null) return [];
    const { previousIncidentId: previous, mergedIds } = incident;
    return this.neighbours.mails(sql, customerId, [incident.id, ...mergedIds, ...(previous ? [previous] : [])], id);
  }
}
