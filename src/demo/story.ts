import { setTimeout as pause } from 'node:timers/promises';
import { type Api, type BotExplanationView, type IncidentView, type IssueView, type MessageView } from './api.js';
import { type Accounts, isSent, readAccounts } from './books.js';
import { demoCustomers } from './customers.js';
import { type Screen } from './screen.js';
import { Shop, type Visit } from './shop.js';
import { everydayErrors, Traffic, Witness } from './traffic.js';

const CUSTOMERS = 300;
/** Visits before the fault, while the release is broken, and after the fix; 25 a second. */
const VISITS = { before: 150, broken: 400, after: 75 };
const PATIENCE_MS = 30_000;
const POLL_MS = 200;

/** What ops write once they know more; `{{ since }}` becomes the reader's own local time. */
const EXPLANATIONS = {
  en: {
    title: 'Checkout fails in the iPhone app',
    body: 'Since {{ since }}, paying fails in our iPhone app. You were not charged. We have found the cause and are releasing a fix.',
    workaround: 'Please pay on shop.example in your browser; your cart is there.',
    nextUpdate: 'We will write again as soon as it is fixed.',
  },
  zh: {
    title: 'iPhone 应用暂时无法结账',
    body: '自{{ since }}起，iPhone 应用无法完成付款。您没有被扣款。我们已找到原因，正在发布修复版本。',
    workaround: '请在浏览器中打开 shop.example 付款，购物车内容已同步。',
    nextUpdate: '修复后我们会再次通知您。',
  },
};

/** The demo's story: a shop, a broken release, the people whom it hit, and what they were told. */
export class Story {
  private readonly customers = demoCustomers(CUSTOMERS);
  private readonly witness = new Witness();
  private readonly traffic: Traffic;
  private readonly everyday: Visit[];
  private readonly running = new Set<Shop>();
  private appErrors = 0;
  private dsn = '';

  constructor(
    private readonly screen: Screen,
    private readonly api: Api,
    private readonly signal: AbortSignal,
  ) {
    this.traffic = new Traffic(this.customers, this.witness, signal);
    this.everyday = everydayErrors(this.customers);
  }

  /** Plays everything; returns what the books compare. */
  async play(): Promise<Accounts> {
    try {
      const good = await this.openShop();
      await this.quietDay(good);
      const bad = await this.release('2.4.1', good);
      const incident = await this.fault(bad);
      await this.fix(bad, incident);
      return await readAccounts(this.api, incident.id, {
        customers: this.customers,
        witness: this.witness,
        appErrors: this.appErrors,
      });
    } finally {
      for (const shop of this.running) shop.kill();
    }
  }

  private async openShop(): Promise<Shop> {
    this.screen.chapter('1. A shop with 300 customers');
    const lines = this.customers.map((customer) => JSON.stringify(customer)).join('\n');
    const report = await this.api.send<{ imported: number }>(
      'POST',
      '/v1/customers/import',
      lines,
      'application/x-ndjson',
    );
    this.screen.say(
      `${report.imported} customers imported, with language, time zone, addresses and consent, for example:`,
    );
    this.screen.say(`  ${JSON.stringify(this.customers[1])}`, 'dim');
    const projects = await this.api.get<{ items: { slug: string; dsn: string }[] }>('/v1/projects');
    this.dsn = projects.items[0]?.dsn ?? '';
    const shop = await this.deploy('2.4.0');
    this.screen.say(`the shop runs release 2.4.0 with the Sentry SDK; all it knows of Forewarn is its DSN ${this.dsn}`);
    return shop;
  }

  private async quietDay(shop: Shop): Promise<void> {
    this.screen.chapter('2. An ordinary day');
    await this.flow(shop, VISITS.before, this.everyday.slice(0, 9));
    const issues = await this.issues();
    const incidents = await this.api.all<IncidentView>('/v1/incidents');
    this.screen.say(
      `${this.witness.visits} visits, ${this.witness.errors} errors that every app has; Forewarn knows them as ${issues.length} issues:`,
    );
    for (const issue of issues) this.screen.say(`  ${inWords(issue)}`, 'dim');
    this.screen.say(
      `incidents: ${incidents.length}, messages: 0. Nobody needs to hear of these (an incident needs 5 customers in 10 minutes)`,
    );
  }

  private async release(version: string, old: Shop): Promise<Shop> {
    this.screen.chapter(`3. Release ${version} goes out, and breaks the checkout for iPhones`);
    const shop = await this.deploy(version);
    this.appErrors += await this.retire(old);
    this.screen.say(`release ${version} is live`);
    return shop;
  }

  /** Customers keep coming while Forewarn, and then ops, find out. */
  private async fault(shop: Shop): Promise<IncidentView> {
    const traffic = this.flow(shop, VISITS.broken, this.everyday.slice(9));
    const [incident] = await Promise.all([this.meanwhile(), traffic]);
    return incident;
  }

  private async meanwhile(): Promise<IncidentView> {
    const [incident] = await this.until('an incident', async () =>
      some(await this.api.all<IncidentView>('/v1/incidents')),
    );
    if (!incident) throw new Error('there is no incident');
    await this.tellIncident(incident);
    const first = await this.until('the first messages', async () => {
      const messages = await this.api.messages(incident.id);
      return messages.length > 0 && messages.every(isFinal) ? some(messages.filter(isSent)) : undefined;
    });
    this.tellFirstMessages(first);
    await this.tellBot(first);
    await this.explain(incident);
    return incident;
  }

  private async tellIncident(incident: IncidentView): Promise<void> {
    const { timeline = [] } = await this.api.get<IncidentView>(`/v1/incidents/${incident.id}`);
    const issue = (await this.issues()).find((one) => incident.issues.includes(one.id));
    if (issue) this.screen.say(`a new issue: ${inWords(issue)}, first in release ${issue.firstRelease}`);
    const words = timeline.find((entry) => entry.kind === 'opened')?.details.words;
    this.screen.say(`incident ${incident.id} is open, ${incident.severity}: ${String(words)}`, 'yellow');
    this.screen.say(`${this.secondsAfterFirst(incident.openedAt)} seconds after the first failed checkout`);
  }

  private tellFirstMessages(sent: readonly MessageView[]): void {
    const firstAt = sent.map((one) => one.sentAt ?? '').sort()[0] ?? '';
    this.screen.say(
      `the first ${sent.length} customers have their message, the first of them ${this.secondsAfterFirst(firstAt)} seconds after the first failed checkout`,
      'green',
    );
    this.show('the text from the template', sent, 'en', 'email');
    this.show('the text from the template', sent, 'zh', 'sms');
  }

  private async tellBot(sent: readonly MessageView[]): Promise<void> {
    this.screen.chapter('4. Two customers ask the support bot (GET /v1/bot/explanations?customer=…)');
    const hit = sent.find((one) => one.locale === 'en')?.customer?.externalId ?? '';
    const spared = this.customers.find(
      (one) =>
        this.witness.seen.has(one.externalId) &&
        !this.witness.hit.has(one.externalId) &&
        one.attributes.platform === 'android' &&
        one.locale.startsWith('en'),
    );
    for (const [customer, who] of [
      [hit, 'who was hit'],
      [spared?.externalId ?? '', 'on Android, who was not'],
    ] as const) {
      const { items } = await this.api.get<{ items: BotExplanationView[] }>(
        `/v1/bot/explanations?customer=${customer}`,
      );
      for (const { hit, evidence, title, body } of items)
        this.screen.quote(
          `${customer}, ${who}`,
          JSON.stringify({ hit, evidence: evidence && { events: evidence.events }, title, body }),
        );
    }
  }

  private async explain(incident: IncidentView): Promise<void> {
    this.screen.chapter('5. Ops know more now, and write it down once a language');
    await this.api.send('PATCH', `/v1/incidents/${incident.id}`, { status: 'acknowledged' });
    for (const [locale, text] of Object.entries(EXPLANATIONS)) {
      await this.api.send('PUT', `/v1/incidents/${incident.id}/explanations/${locale}`, text);
      this.screen.say(`PUT /v1/incidents/${incident.id}/explanations/${locale}: "${text.title}"`);
    }
    this.screen.say(
      'from here on bots, customer pages and messages say this; meanwhile more customers run into the fault',
    );
  }

  private async fix(bad: Shop, incident: IncidentView): Promise<void> {
    const before = new Set((await this.api.messages(incident.id)).map((one) => one.id));
    this.screen.chapter('6. Release 2.4.2 fixes it');
    const good = await this.deploy('2.4.2');
    this.appErrors += await this.retire(bad);
    const failed = this.witness.hit.size;
    this.screen.say(`release 2.4.2 is live; ${failed} customers have met the fault, none is added from now on`);
    await this.flow(good, VISITS.after, []);
    this.appErrors += await this.retire(good);
    const all = await this.until('a message, or a reason against one, for everybody hit', async () => {
      const messages = await this.api.messages(incident.id);
      return messages.length >= failed && messages.every(isFinal) ? messages : undefined;
    });
    const later = all.filter((one) => isSent(one) && !before.has(one.id));
    if (later.length > 0) {
      this.screen.say(`the ${later.length} who were hit later have their message too, with the words of ops`, 'green');
      this.show('with the words of ops', later, 'en', 'sms');
      this.show('with the words of ops', later, 'zh', 'email');
    }
    await this.resolve(incident, all.filter(isSent).length);
  }

  private async resolve(incident: IncidentView, told: number): Promise<void> {
    this.screen.chapter('7. Ops resolve the incident, and those who were told hear of it');
    await this.api.send('PATCH', `/v1/incidents/${incident.id}`, { status: 'resolved' });
    this.screen.say(`PATCH /v1/incidents/${incident.id} {"status":"resolved"}`);
    const fixed = await this.until('the "fixed" messages', async () => {
      const messages = (await this.api.messages(incident.id)).filter((one) => one.kind === 'resolved');
      return messages.length >= told && messages.every(isFinal) ? messages.filter(isSent) : undefined;
    });
    this.screen.say(`${fixed.length} customers know that it works again`, 'green');
    this.show('"fixed"', fixed, 'en', 'sms');
    this.show('"fixed"', fixed, 'zh', 'sms');
    const { items } = await this.api.get<{ items: unknown[] }>('/v1/bot/explanations');
    this.screen.say(`the bot has ${items.length} explanations now`);
  }

  private show(what: string, messages: readonly MessageView[], locale: string, channel: 'sms' | 'email'): void {
    const message =
      messages.find((one) => one.locale === locale && one.channel === channel) ??
      messages.find((one) => one.locale === locale);
    if (!message) return;
    const subject = message.subject === null ? '' : `${message.subject}\n\n`;
    this.screen.quote(
      `${message.channel === 'sms' ? 'SMS' : 'Email'} to ${message.customer?.externalId} ${message.address}, ${what}`,
      subject + (message.body ?? ''),
    );
  }

  private async flow(shop: Shop, count: number, odd: readonly Visit[]): Promise<void> {
    let done = 0;
    await this.traffic.flow(shop, count, odd, () => {
      done++;
      this.screen.progress(
        `customers are shopping: ${done} of ${count} visits, ${this.witness.errors} errors so far, ${this.witness.hit.size} customers could not pay`,
      );
    });
  }

  private async deploy(version: string): Promise<Shop> {
    const shop = await Shop.deploy(version, this.dsn);
    this.running.add(shop);
    return shop;
  }

  private async retire(shop: Shop): Promise<number> {
    const errors = await shop.retire();
    this.running.delete(shop);
    return errors;
  }

  private async issues(): Promise<IssueView[]> {
    return (await this.api.all<IssueView>('/v1/issues')).reverse();
  }

  private secondsAfterFirst(moment: string): string {
    return ((Date.parse(moment) - (this.witness.firstHitAt?.getTime() ?? 0)) / 1000).toFixed(1);
  }

  private async until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      if (performance.now() > deadline) throw new Error(`waited ${PATIENCE_MS / 1000} s for ${what}, in vain`);
      await pause(POLL_MS, undefined, { signal: this.signal });
    }
  }
}

function some<T>(list: T[]): T[] | undefined {
  return list.length > 0 ? list : undefined;
}

function isFinal(message: MessageView): boolean {
  return !['pending', 'claimed', 'sending', 'in_doubt'].includes(message.state);
}

function inWords({ title, events, customers }: IssueView): string {
  return `"${title}", ${events} ${events === 1 ? 'event' : 'events'}, ${customers} ${customers === 1 ? 'customer' : 'customers'}`;
}
