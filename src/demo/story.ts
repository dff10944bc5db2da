import { setTimeout as pause } from 'node:timers/promises';
import {
  type Api,
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
import { type Accounts, isSent, readAccounts } from './books.js';
import { demoCustomers, type DemoCustomer } from './customers.js';
import { Narrator } from './narrator.js';
import { type Screen } from './screen.js';
import { Shop, type Visit } from './shop.js';
import { everydayErrors, Traffic, Witness } from './traffic.js';

const CUSTOMERS = 300;
/** Visits before the fault, while the release is broken, and after the fix; 25 a second. */
const VISITS = { before: 250, broken: 450, after: 75 };
/** Everyday errors that happen before the fault; the others happen during it. */
const EVERYDAY_BEFORE = 10;
/** One in so many customers who met the fault asks support: of those who were told, and of the others. The demo's own assumption. */
const ASKS = { told: 10, untold: 2 };
const PATIENCE_MS = 30_000;
/** Longest wait for what may not come: a cause that stands out, and somebody at risk who may be written to, milliseconds. */
const CAUSES_MS = 12_000;
const POLL_MS = 200;

/** The text that ops write once they know more; `{{ since }}` becomes the reader's local time. */
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

/** A question that a customer types into the chat of the shop: "I cannot check out, it always fails when I pay. What is going on?" */
const QUESTION = '我结不了账，付款一直失败，怎么回事？';

/** The demo's story: a shop, a broken release, the people whom it hit, and what they were told. */
export class Story {
  private readonly customers = demoCustomers(CUSTOMERS);
  private readonly witness = new Witness();
  private readonly everyday = everydayErrors(this.customers);
  private readonly traffic: Traffic;
  private readonly narrator: Narrator;
  private readonly running = new Set<Shop>();
  private appErrors = 0;
  private dsn = '';

  constructor(
    private readonly screen: Screen,
    private readonly api: Api,
    private readonly signal: AbortSignal,
  ) {
    this.traffic = new Traffic(this.customers, this.witness, signal);
    this.narrator = new Narrator(screen);
  }

  /** Plays everything; returns what the books compare. */
  async play(): Promise<Accounts> {
    try {
      const good = await this.openShop();
      await this.quietDay(good);
      const bad = await this.breakCheckout(good);
      const [{ incident, told }] = await Promise.all([
        this.noticeAndTell(),
        this.flow(bad, VISITS.broken, this.everyday.slice(EVERYDAY_BEFORE)),
      ]);
      await this.fix(bad, incident, told);
      await this.resolve(incident);
      await this.contact(incident);
      const { customers, witness, appErrors } = this;
      return await readAccounts(this.api, incident.id, { customers, witness, appErrors });
    } finally {
      for (const shop of this.running) shop.kill();
    }
  }

  private async openShop(): Promise<Shop> {
    this.screen.chapter('1. A shop and its customers');
    const lines = this.customers.map((customer) => JSON.stringify(customer)).join('\n');
    const type = 'application/x-ndjson';
    const { imported } = await this.api.send<{ imported: number }>('POST', '/v1/customers/import', lines, type);
    this.screen.say(`${imported} customers imported with language, time zone, addresses and consent, for example`);
    this.screen.say(`  ${JSON.stringify(this.customers[1])}`, 'dim');
    const { items } = await this.api.get<{ items: { id: string }[] }>('/v1/projects');
    const path = `/v1/projects/${items[0]?.id}/keys`;
    const { dsn } = await this.api.send<{ dsn: string }>('POST', path, { kind: 'server', name: 'shop' });
    this.dsn = dsn;
    const shop = await this.deploy('2.4.0');
    this.screen.say(
      'the shop runs release 2.4.0 with the Sentry SDK; all that it knows of Forewarn is the DSN of a server key',
    );
    this.screen.say(`  ${this.dsn}`, 'dim');
    return shop;
  }

  private async quietDay(shop: Shop): Promise<void> {
    this.screen.chapter('2. An ordinary day');
    await this.flow(shop, VISITS.before, this.everyday.slice(0, EVERYDAY_BEFORE));
    const incidents = await this.api.all('/v1/incidents');
    const campaigns = await this.api.all('/v1/campaigns');
    const { visits, errors } = this.witness;
    this.narrator.quietDay(visits, errors, await this.issues(), incidents.length, campaigns.length);
  }

  private async breakCheckout(old: Shop): Promise<Shop> {
    this.screen.chapter('3. Release 2.4.1 breaks the checkout for iPhones');
    const shop = await this.deploy('2.4.1');
    await this.retire(old);
    this.screen.say('release 2.4.1 is live');
    return shop;
  }

  /** Plays while customers keep coming: Forewarn notices, tells them, and ops write down what they know. */
  private async noticeAndTell(): Promise<{ incident: IncidentView; told: ReadonlySet<string> }> {
    const id = await this.until('an incident', async () => (await this.api.all<IncidentView>('/v1/incidents'))[0]?.id);
    const incident = await this.api.get<IncidentView>(`/v1/incidents/${id}`);
    const issue = (await this.issues()).find((one) => incident.issues.includes(one.id));
    this.narrator.incident(incident, issue, this.witness.firstHitAt);
    const first = await this.until('the first messages', async () => {
      const messages = await this.api.messages(id);
      return messages.some(isSent) && messages.every(isFinal) ? messages.filter(isSent) : undefined;
    });
    this.narrator.firstMessages(first, this.witness.firstHitAt);
    await this.askBot(first);
    await this.warn(incident);
    await this.explain(incident);
    await this.talk(first);
    return { incident, told: new Set(first.map((one) => one.id)) };
  }

  private async askBot(sent: readonly MessageView[]): Promise<void> {
    this.screen.chapter('4. Two customers ask the support bot: GET /v1/bot/explanations?customer=…');
    const reader = sent.find((one) => one.locale === 'en')?.customer?.externalId;
    const { seen, hit } = this.witness;
    await this.bot('whose payment failed', ({ externalId }) => externalId === reader);
    await this.bot('on Android, who was not hit', ({ externalId, locale, attributes }) => {
      const spared = seen.has(externalId) && !hit.has(externalId);
      return spared && attributes.platform === 'android' && locale.startsWith('en');
    });
  }

  private async bot(who: string, isWho: (customer: DemoCustomer) => boolean): Promise<void> {
    const customer = this.customers.find(isWho);
    if (!customer) return;
    const path = `/v1/bot/explanations?customer=${customer.externalId}`;
    this.narrator.bot(customer, who, (await this.api.get<{ items: BotExplanationView[] }>(path)).items);
  }

  private async warn({ id }: IncidentView): Promise<void> {
    this.screen.chapter('5. Who is next: what do those who were hit share, and who else has it?');
    const found = await this.within(CAUSES_MS, async () => {
      const causes = await this.api.get<CausesView>(`/v1/incidents/${id}/causes`);
      return causes.items.length > 0 ? causes : undefined;
    });
    this.narrator.causes(found ?? { items: [], atRisk: null });
    if (!found?.atRisk) return;
    const warned = await this.within(CAUSES_MS, async () => {
      const messages = (await this.api.messages(id)).filter(({ audience }) => audience === 'atRisk');
      return messages.some(isSent) && messages.every(isFinal) ? messages.filter(isSent) : undefined;
    });
    this.narrator.warnings(warned ?? []);
  }

  private async explain({ id }: IncidentView): Promise<void> {
    this.screen.chapter('6. Ops know more now and write it down, once a language');
    await this.api.send('PATCH', `/v1/incidents/${id}`, { status: 'acknowledged' });
    for (const [locale, text] of Object.entries(EXPLANATIONS)) {
      await this.api.send('PUT', `/v1/incidents/${id}/explanations/${locale}`, text);
      this.screen.say(`PUT /v1/incidents/${id}/explanations/${locale}  "${text.title}"`);
    }
    this.screen.say('bots, customer pages and messages say this from now on; the fault hits more customers meanwhile');
  }

  /** A customer asks the bot, is answered, and wants a person all the same. */
  private async talk(sent: readonly MessageView[]): Promise<void> {
    const externalId = sent.find(({ locale }) => locale === 'zh')?.customer?.externalId;
    const customer = this.customers.find((one) => one.externalId === externalId);
    if (!customer) return;
    this.screen.chapter('7. A customer asks the chat bot in Chinese, and is not helped');
    const post = <T>(path: string, body: object) => this.api.send<T>('POST', path, body);
    const conversation = { channel: 'chat', customer: customer.externalId, externalId: 'chat-1' };
    const contact = await post<ContactView>('/v1/contacts', { ...conversation, text: QUESTION });
    const match = await post<MatchView>('/v1/bot/match', { text: QUESTION, customer: customer.externalId });
    this.narrator.question(customer, QUESTION, contact, match);
    const [answer] = match.items;
    if (answer) await post('/v1/bot/outcomes', { answerId: answer.answerId, outcome: 'not' });
    const asked = { contactId: contact.id, channel: 'chat', reason: 'notHelped' };
    const handOver = await post<HandOverView>('/v1/hand-overs', asked);
    const context = await this.api.get<ContextView>(`/v1/customers/${customer.externalId}/context`);
    this.narrator.handOver(handOver, context);
  }

  private async fix(bad: Shop, incident: IncidentView, told: ReadonlySet<string>): Promise<void> {
    this.screen.chapter('8. Release 2.4.2 mends it');
    const good = await this.deploy('2.4.2');
    await this.retire(bad);
    const hit = this.witness.hit.size;
    this.screen.say(`release 2.4.2 is live; ${hit} customers met the fault in all`);
    await this.flow(good, VISITS.after, []);
    await this.retire(good);
    const all = await this.until('a message, or a reason against one, for everybody hit', async () => {
      const messages = await this.api.messages(incident.id);
      const names = new Set(messages.map((one) => one.customer?.externalId));
      return [...this.witness.hit.keys()].every((one) => names.has(one)) && messages.every(isFinal)
        ? messages
        : undefined;
    });
    const later = all.filter((one) => isSent(one) && !told.has(one.id));
    this.narrator.laterMessages(later.filter(({ audience }) => audience === 'affected'));
    this.narrator.warnedAndHit(all.filter(isSent), this.witness.hitAt);
  }

  private async resolve({ id }: IncidentView): Promise<void> {
    this.screen.chapter('9. Ops resolve the incident; those who were told hear of it');
    const told = (await this.api.messages(id)).filter(isSent).length;
    await this.api.send('PATCH', `/v1/incidents/${id}`, { status: 'resolved' });
    this.screen.say(`PATCH /v1/incidents/${id}  {"status":"resolved"}`);
    const fixed = await this.until('the "fixed" messages', async () => {
      const messages = (await this.api.messages(id)).filter((one) => one.kind === 'resolved');
      return messages.length >= told && messages.every(isFinal) ? messages.filter(isSent) : undefined;
    });
    this.narrator.fixedMessages(fixed);
    const { items } = await this.api.get<{ items: { state: string }[] }>('/v1/bot/explanations');
    this.screen.say(
      `the bot has ${items.filter(({ state }) => state === 'active').length} open incidents left to explain`,
    );
  }

  /** Customers contact support, fewer of those who were told; Forewarn is asked who did. */
  private async contact({ id }: IncidentView): Promise<void> {
    this.screen.chapter('10. Who asks support all the same?');
    const sent = (await this.api.messages(id)).filter((one) => isSent(one) && one.kind === 'notice');
    const told = new Set(sent.map(({ customer }) => customer?.externalId));
    const groups = { told: { customers: 0, contacts: 0 }, untold: { customers: 0, contacts: 0 } };
    for (const customer of this.witness.hit.keys()) {
      const arm = told.has(customer) ? 'told' : 'untold';
      groups[arm].customers += 1;
      if (groups[arm].customers % ASKS[arm] !== 0) continue;
      const body = { channel: 'phone', customer, externalId: `call-${customer}`, text: 'I could not pay.' };
      const { incidentId } = await this.api.send<ContactView>('POST', '/v1/contacts', body);
      if (incidentId === id) groups[arm].contacts += 1;
    }
    const { warning } = await this.api.get<{ warning: string | null }>(`/v1/reports/deflection?incident=${id}`);
    this.narrator.contacts(groups, ASKS, warning);
  }

  private async flow(shop: Shop, count: number, odd: readonly Visit[]): Promise<void> {
    let done = 0;
    await this.traffic.flow(shop, count, odd, () => {
      done++;
      const { errors, hit } = this.witness;
      this.screen.progress(
        `the shop is open: ${done} of ${count} visits, ${errors} errors so far, ${hit.size} customers could not pay`,
      );
    });
  }

  private async deploy(version: string): Promise<Shop> {
    const shop = await Shop.deploy(version, this.dsn);
    this.running.add(shop);
    return shop;
  }

  private async retire(shop: Shop): Promise<void> {
    this.appErrors += await shop.retire();
    this.running.delete(shop);
  }

  /** Oldest first. */
  private async issues(): Promise<IssueView[]> {
    return (await this.api.all<IssueView>('/v1/issues')).reverse();
  }

  private async until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const found = await this.within(PATIENCE_MS, look);
    if (found === undefined) throw new Error(`waited ${PATIENCE_MS / 1000} s for ${what}, in vain`);
    return found;
  }

  /** Looks for `ms` milliseconds at most; undefined when it finds nothing, since chance decides what customers do first. */
  private async within<T>(ms: number, look: () => Promise<T | undefined>): Promise<T | undefined> {
    const deadline = performance.now() + ms;
    for (;;) {
      const found = await look();
      if (found !== undefined || performance.now() > deadline) return found;
      await pause(POLL_MS, undefined, { signal: this.signal });
    }
  }
}

function isFinal(message: MessageView): boolean {
  return !['pending', 'claimed', 'sending', 'in_doubt'].includes(message.state);
}
