import { type Api, type IncidentView, type IssueView, type MessageView } from './api.js';
import { type DemoCustomer, expectedChannel } from './customers.js';
import { type Screen } from './screen.js';
import { type Witness } from './traffic.js';

/** Outcomes that lose no error: what an SDK sends beside errors is `used` or `discarded`. */
const HARMLESS = new Set(['accepted', 'used', 'discarded']);

/** One line of the books: a rule, the numbers on both sides, and whether it holds. */
export interface Entry {
  readonly rule: string;
  readonly numbers: string;
  readonly holds: boolean;
}

/** Everything that the books compare: what happened, and what Forewarn says. */
export interface Accounts {
  readonly customers: readonly DemoCustomer[];
  readonly witness: Witness;
  /** Errors that the shop app met by its own count. */
  readonly appErrors: number;
  /** Intake's outcomes of this project's events, from the metrics. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly issues: readonly IssueView[];
  readonly incidents: readonly IncidentView[];
  /** Customers in the incident's audience. */
  readonly audience: readonly string[];
  readonly messages: readonly MessageView[];
  /** Messages in the outbox, "channel address". */
  readonly outbox: readonly string[];
}

/** Reads Forewarn's side of the books through its API. */
export async function readAccounts(
  api: Api,
  incidentId: string,
  shop: Pick<Accounts, 'customers' | 'witness' | 'appErrors'>,
): Promise<Accounts> {
  const audience = await api.all<{ externalId: string | null }>(`/v1/incidents/${incidentId}/audience`);
  return {
    ...shop,
    outcomes: outcomesOf(await api.text('/metrics')),
    issues: await api.all<IssueView>('/v1/issues'),
    incidents: await api.all<IncidentView>('/v1/incidents'),
    audience: audience.map((one) => one.externalId ?? ''),
    messages: await api.messages(incidentId),
    outbox: [...(await api.text('/outbox')).matchAll(/<td>(sms|email)<\/td><td>([^<]*)<\/td>/g)].map(
      ([, channel, address]) => `${channel} ${address}`,
    ),
  };
}

function outcomesOf(metrics: string): Record<string, number> {
  const lines = metrics.matchAll(/^forewarn_intake_events_total\{.*outcome="(\w+)".*\} (\d+)$/gm);
  const sums: Record<string, number> = {};
  for (const [, outcome = '', count] of lines) sums[outcome] = (sums[outcome] ?? 0) + Number(count);
  return sums;
}

/** Holds Forewarn's books against what happened. */
export function balance(accounts: Accounts): Entry[] {
  return [...eventEntries(accounts), ...audienceEntries(accounts), ...messageEntries(accounts)];
}

function eventEntries({ witness, appErrors, outcomes, issues, incidents }: Accounts): Entry[] {
  const { accepted = 0 } = outcomes;
  const lost = Object.entries(outcomes).filter(([outcome, count]) => !HARMLESS.has(outcome) && count > 0);
  const counted = issues.reduce((sum, issue) => sum + issue.events, 0);
  const noise = issues.filter((issue) => !incidents.some((incident) => incident.issues.includes(issue.id)));
  return [
    equal('errors that customers met = errors in the app', witness.errors, appErrors),
    equal('errors in the app = events accepted', appErrors, accepted),
    equal('events accepted = events counted on issues', accepted, counted),
    {
      rule: 'events refused, ignored or seen twice',
      numbers: lost.map(([outcome, count]) => `${count} ${outcome}`).join(', ') || '0',
      holds: lost.length === 0,
    },
    {
      rule: 'incidents from the fault; everyday errors opened none',
      numbers: `${incidents.length}, with ${noise.length} other issues known`,
      holds: incidents.length === 1 && incidents[0]?.issues.length === 1 && noise.length === 3,
    },
  ];
}

function audienceEntries({ customers, witness, audience, messages }: Accounts): Entry[] {
  const all = messages.filter((one) => one.kind === 'notice');
  const notices = all.filter((one) => witness.hit.has(nameOf(one)));
  const others = all.filter((one) => !witness.hit.has(nameOf(one)));
  const told = notices.filter(isSent);
  const kept = notices.filter((one) => one.state === 'suppressed');
  const hit = [...witness.hit.keys()];
  const wrong = customers.filter((customer) => {
    const warned = others.some((one) => nameOf(one) === customer.externalId);
    const expected = witness.hit.has(customer.externalId) || warned ? expectedChannel(customer) : undefined;
    const sent = all.filter(isSent).find((one) => nameOf(one) === customer.externalId);
    return expected !== sent?.channel;
  });
  return [
    {
      rule: 'customers who met the fault = customers in the audience, the same people',
      numbers: `${hit.length} = ${audience.length}`,
      holds: sameMembers(hit, audience),
    },
    {
      rule: 'customers hit = told + not to be written to',
      numbers: `${hit.length} = ${told.length} + ${kept.length}`,
      holds: hit.length === told.length + kept.length && notices.length === hit.length,
    },
    {
      rule: 'others written to = warned as at risk, all of them on the platform that breaks',
      numbers: `${others.length} = ${others.filter((one) => isAtRisk(one, customers)).length}`,
      holds: others.every((one) => isAtRisk(one, customers)),
    },
    equal(
      'customers told that it happened although they were not hit',
      others.filter((one) => one.audience === 'affected').length,
      0,
    ),
    equal('customers told against their consent, on the wrong channel, or forgotten', wrong.length, 0),
  ];
}

function messageEntries({ messages, outbox }: Accounts): Entry[] {
  const sent = messages.filter(isSent);
  const told = sent.filter((one) => one.kind === 'notice').map(nameOf);
  const fixed = sent.filter((one) => one.kind === 'resolved').map(nameOf);
  const unique = new Set(sent.map((one) => `${one.kind} ${nameOf(one)}`)).size;
  const attempts = sent.reduce((sum, one) => sum + one.attempts, 0);
  const unfinished = messages.filter((one) => !isSent(one) && one.state !== 'suppressed');
  return [
    {
      rule: 'customers told of the fault = customers told of its end, the same people',
      numbers: `${told.length} = ${fixed.length}`,
      holds: sameMembers(told, fixed),
    },
    {
      rule: 'messages sent = attempts = different customer and text',
      numbers: `${sent.length} = ${attempts} = ${unique}`,
      holds: sent.length === attempts && sent.length === unique,
    },
    {
      rule: 'messages sent = messages in the outbox, the same addresses',
      numbers: `${sent.length} = ${outbox.length}`,
      holds: sameMembers(
        sent.map((one) => `${one.channel} ${one.address}`),
        outbox,
      ),
    },
    equal('messages that failed, wait or are in doubt', unfinished.length, 0),
  ];
}

function isAtRisk(message: MessageView, customers: readonly DemoCustomer[]): boolean {
  const customer = customers.find(({ externalId }) => externalId === nameOf(message));
  return message.audience === 'atRisk' && customer?.attributes.platform === 'ios';
}

/** Whether a message has gone out. */
export function isSent({ state }: MessageView): boolean {
  return state === 'sent' || state === 'delivered';
}

function nameOf(message: MessageView): string {
  return message.customer?.externalId ?? '';
}

function equal(rule: string, left: number, right: number): Entry {
  return { rule, numbers: right === 0 ? String(left) : `${left} = ${right}`, holds: left === right };
}

function sameMembers(left: readonly string[], right: readonly string[]): boolean {
  const [a, b] = [[...left].sort(), [...right].sort()];
  return a.length === b.length && a.every((value, at) => value === b[at]);
}

/** Shows the books; true when every line holds. */
export function showBooks(screen: Screen, entries: readonly Entry[]): boolean {
  const width = Math.max(...entries.map((entry) => entry.rule.length));
  for (const { rule, numbers, holds } of entries)
    screen.plain(`  ${holds ? 'ok   ' : 'WRONG'}  ${rule.padEnd(width)}  ${numbers}`, holds ? undefined : 'red');
  return entries.every((entry) => entry.holds);
}

/** Messages by what they say, channel, state and reason, as lines of a table. */
export function messageTable(messages: readonly MessageView[]): string[] {
  const counts = new Map<string, number>();
  for (const { kind, audience, channel, state, stateReason } of messages) {
    const what = kind === 'resolved' ? 'fixed' : audience === 'atRisk' ? 'warned' : 'fault';
    const row = `${what.padEnd(7)}${(channel ?? 'none').padEnd(7)}${state}${stateReason ? ` (${stateReason.replaceAll('_', ' ')})` : ''}`;
    counts.set(row, (counts.get(row) ?? 0) + 1);
  }
  return [...counts].sort().map(([row, count]) => `${String(count).padStart(4)}  ${row}`);
}
