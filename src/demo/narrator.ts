import {
  type BotExplanationView,
  type CausesView,
  type ContactView,
  type ContextView,
  type HandOverView,
  type IncidentView,
  type IssueView,
  type MatchView,
  type MessageView,
} from './api.js';
import { type DemoCustomer } from './customers.js';
import { type Screen } from './screen.js';

/** Puts what the API says into words on the screen. */
export class Narrator {
  constructor(private readonly screen: Screen) {}

  /** The ordinary day: errors there are, and nobody is told. */
  quietDay(visits: number, errors: number, issues: readonly IssueView[], incidents: number, campaigns: number): void {
    this.screen.say(`${visits} visits with ${errors} errors, of the kinds that every app has. Known issues:`);
    for (const issue of issues) this.screen.say(`  ${inWords(issue)}`, 'dim');
    this.screen.say(
      `incidents: ${incidents}, messages: ${campaigns}. An issue becomes an incident at 5 customers in 10 minutes.`,
    );
  }

  /** Tells which fault happened and why Forewarn calls it an incident. */
  incident(incident: IncidentView, issue: IssueView | undefined, firstHitAt: Date | undefined): void {
    if (issue) this.screen.say(`new issue ${inWords(issue)}, since release ${issue.firstRelease}`);
    const words = incident.timeline?.find((entry) => entry.kind === 'opened')?.details.words;
    this.screen.say(
      `incident ${incident.id} opens by itself, severity ${incident.severity} (${String(words)})`,
      'yellow',
    );
    this.screen.say(`  ${since(firstHitAt, incident.openedAt)} after the first failed checkout`, 'yellow');
  }

  /** The first wave of messages, with a text of each language. */
  firstMessages(sent: readonly MessageView[], firstHitAt: Date | undefined): void {
    const firstAt = sent.map((one) => one.sentAt ?? '').sort()[0] ?? '';
    this.screen.say(
      `${sent.length} customers already have a message, the first ${since(firstHitAt, firstAt)} after the first failed checkout`,
      'green',
    );
    this.message('from the template', sent, 'en', 'sms');
    this.message('from the template', sent, 'zh', 'sms');
  }

  /** Tells what the affected share, and how many are at risk. */
  causes({ items, atRisk }: CausesView): void {
    for (const { words } of items) this.screen.say(words, 'yellow');
    if (items.length === 0) this.screen.say('nothing stands out yet, so nobody is called at risk', 'yellow');
    else if (!atRisk) this.screen.say('everybody who shares it was hit already, so there is nobody to warn', 'yellow');
    if (!atRisk) return;
    const percent = Math.round(atRisk.expectedHitRate * 100);
    this.screen.say(
      `${atRisk.size} others share it and were not hit yet; ${percent} % of them are expected to be`,
      'yellow',
    );
  }

  /** The messages to those at risk. */
  warnings(sent: readonly MessageView[]): void {
    if (sent.length === 0) return this.screen.say('none of them may be written to now', 'yellow');
    this.screen.say(`${sent.length} of them were warned, in words that say "may"`, 'green');
    this.message('warned', sent, 'en', 'sms');
    this.message('warned', sent, 'zh', 'sms');
  }

  /** Those who were warned and met the fault later. */
  warnedAndHit(sent: readonly MessageView[], hitAt: ReadonlyMap<string, Date>): void {
    const warned = sent.filter(({ audience, kind }) => audience === 'atRisk' && kind === 'notice');
    if (warned.length === 0) return;
    const hit = warned.filter(({ customer }) => hitAt.has(customer?.externalId ?? ''));
    const before = hit.filter(({ customer, sentAt }) => {
      return Date.parse(sentAt ?? '') <= (hitAt.get(customer?.externalId ?? '')?.getTime() ?? 0);
    });
    this.screen.say(
      `${hit.length} of the ${warned.length} who were warned met the fault, ${before.length} of them after the warning; none was told twice`,
      'green',
    );
  }

  /** The messages that went out after ops had written the explanation. */
  laterMessages(sent: readonly MessageView[]): void {
    if (sent.length === 0) return;
    this.screen.say(`${sent.length} more have a message, in the words of ops`, 'green');
    this.message('in the words of ops', sent, 'en', 'email');
    this.message('in the words of ops', sent, 'zh', 'sms');
  }

  /** The good news. */
  fixedMessages(sent: readonly MessageView[]): void {
    this.screen.say(`${sent.length} customers hear that it works again`, 'green');
    this.message('fixed', sent, 'en', 'sms');
    this.message('fixed', sent, 'zh', 'sms');
  }

  /** Shows the bot's answer to one customer. */
  bot({ externalId }: DemoCustomer, who: string, items: readonly BotExplanationView[]): void {
    for (const { hit, evidence, title, body, workaround } of items) {
      const shown = { hit, events: evidence?.events ?? 0, title, body, ...(workaround !== null && { workaround }) };
      this.screen.quote(`${externalId}, ${who}`, JSON.stringify(hit ? shown : { hit, events: 0, title }));
    }
  }

  /** A customer's question and the bot's answer. */
  question({ externalId, name }: DemoCustomer, text: string, contact: ContactView, { match, items }: MatchView): void {
    this.screen.quote(`${externalId} ${name} writes in the chat`, text);
    this.screen.say(
      `POST /v1/contacts says what it is about: incident ${contact.incidentId ?? 'none'}, asked ${plural(contact.asked, 'time')}`,
    );
    const [answer] = items;
    if (!answer)
      return this.screen.say('POST /v1/bot/match finds nothing that fits, so the bot says nothing', 'yellow');
    const { title, body, workaround } = answer;
    this.screen.quote(`the bot answers (${match})`, [title, body, workaround ?? ''].join('\n').trim());
  }

  /** Tells what the customer sees as they are given to a person, and what that person has before they say a word. */
  handOver({ id, line }: HandOverView, { incidents, messages, contacts, unresolved }: ContextView): void {
    this.screen.say(`it does not help; hand-over ${id}, and the customer reads: ${line}`, 'green');
    const [hit] = incidents;
    const times = hit?.evidence ? `hit ${plural(hit.evidence.events, 'time')}` : 'not hit';
    const told = messages.map(({ channel, state }) => `${channel ?? 'no message'} (${state})`).join(', ') || 'nothing';
    this.screen.say('the human has the whole story (GET /v1/customers/…/context):');
    this.screen.say(
      `  ${times}; told by ${told}; asked on ${contacts.map(({ channel }) => channel).join(', ')}`,
      'dim',
    );
    for (const { words } of unresolved) this.screen.say(`  ${words}`, 'dim');
  }

  /** How many of those who were told contacted support, beside those whom nobody could tell. */
  contacts(
    { told, untold }: Readonly<Record<'told' | 'untold', { readonly customers: number; readonly contacts: number }>>,
    asks: Readonly<Record<'told' | 'untold', number>>,
    warning: string | null,
  ): void {
    this.screen.say(
      `the demo lets one in ${asks.untold} of those call whom nobody told, one in ${asks.told} of the others`,
    );
    this.screen.say(
      `${told.contacts} of ${told.customers} who were told called, ${untold.contacts} of ${untold.customers} who were not; each call was matched to the incident`,
    );
    const avoided = Math.round((told.customers * untold.contacts) / Math.max(1, untold.customers)) - told.contacts;
    this.screen.say(`had they called as often as the others, that would be ${plural(avoided, 'more call')}`, 'green');
    if (warning !== null) this.screen.say(`GET /v1/reports/deflection warns: ${warning}`, 'dim');
  }

  private message(what: string, messages: readonly MessageView[], locale: string, channel: 'sms' | 'email'): void {
    const readers = messages.filter((one) => one.locale === locale);
    const message = readers.find((one) => one.channel === channel) ?? readers[0];
    if (!message) return;
    const kind = message.channel === 'sms' ? 'SMS' : 'Email';
    const subject = message.subject === null ? '' : `${message.subject}\n\n`;
    this.screen.quote(`${kind} to ${message.address}, ${what}`, subject + (message.body ?? ''));
  }
}

function since(from: Date | undefined, to: string): string {
  return `${((Date.parse(to) - (from?.getTime() ?? 0)) / 1000).toFixed(1)} s`;
}

function inWords({ title, events, customers }: IssueView): string {
  return `"${title}": ${plural(events, 'event')}, ${plural(customers, 'customer')}`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}
