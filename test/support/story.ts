import { aCustomer, anEvent, anotherEvent, type CustomerLine, type EventBody } from './builders.js';
import { TestDaemon, type TestDaemonOptions } from './test-daemon.js';

/** A message as the API shows it, as far as tests look. */
export interface ShownMessage {
  readonly id: string;
  readonly customer: { readonly externalId: string } | null;
  readonly kind: string;
  readonly channel: string | null;
  readonly state: string;
  readonly stateReason: string | null;
  readonly address: string | null;
  readonly attempts: number;
  readonly nextAt: string;
}

/** A daemon with customers who were all hit by one fault, up to the open incident. */
export async function incidentWith(
  customers: readonly CustomerLine[],
  options: Omit<TestDaemonOptions, 'clock'> = {},
): Promise<TestDaemon> {
  const config = { detection: { newFault: { customers: 1, within: '10m' } }, ...options.config };
  const forewarn = await TestDaemon.start({ ...options, config });
  await forewarn.know(...customers);
  await hit(
    forewarn,
    customers.map((one) => one.externalId),
  );
  await forewarn.runStages('detect', 'incident-open');
  return forewarn;
}

/** `count` customers named c1, c2 … */
export function customers(count: number, about: Partial<CustomerLine> = {}): CustomerLine[] {
  return Array.from({ length: count }, (_, at) => aCustomer({ externalId: `c${at + 1}`, ...about }));
}

/** Lets the fault hit these customers. */
export async function hit(
  forewarn: TestDaemon,
  externalIds: readonly string[],
  event: (about: EventBody) => EventBody = anEvent,
): Promise<void> {
  await forewarn.send(...externalIds.map((customer) => event({ customer })));
}

/** Lets another fault hit these customers, so much later that it is an incident of its own. */
export async function hitAnew(
  forewarn: TestDaemon,
  externalIds: readonly string[],
  event: (about: EventBody) => EventBody = anotherEvent,
): Promise<void> {
  forewarn.clock.advance('3h');
  await hit(forewarn, externalIds, event);
}

/** All messages of all campaigns, by campaign and customer. */
export async function messages(forewarn: TestDaemon): Promise<ShownMessage[]> {
  const campaigns = (await forewarn.api.get('/v1/campaigns')).body as { items: { id: string }[] };
  const all: ShownMessage[] = [];
  for (const { id } of campaigns.items.toReversed()) {
    const page = (await forewarn.api.get(`/v1/campaigns/${id}/messages?limit=200`)).body as { items: ShownMessage[] };
    all.push(...page.items.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b))));
  }
  return all;
}

/** Each message in a few words: `c1 notice sent`, or with its reason `c1 notice suppressed no_consent`. */
export async function told(forewarn: TestDaemon): Promise<string[]> {
  return (await messages(forewarn)).map((one) =>
    [
      nameOf(one),
      one.kind,
      one.state,
      ...(one.state === 'suppressed' || one.state === 'cancelled' ? [one.stateReason] : []),
    ].join(' '),
  );
}

/** Time in which an approval can be taken back: the default of `outreach.undo`. */
const UNDO = '10s';

/** Looks at a campaign's preview and approves what it shows, as a person does, and lets the time pass in which they could take it back. */
export async function approve(forewarn: TestDaemon, id: string): Promise<{ status: number; body: unknown }> {
  const { version } = (await forewarn.api.get(`/v1/campaigns/${id}/preview`)).body as { version: string };
  const answer = await forewarn.api.post(`/v1/campaigns/${id}/approve`, { version });
  forewarn.clock.advance(UNDO);
  return answer;
}

/** All campaigns, oldest first. */
export async function campaigns(
  forewarn: TestDaemon,
): Promise<{ id: string; wave: number; kind: string; state: string }[]> {
  const page = (await forewarn.api.get('/v1/campaigns')).body as {
    items: { id: string; wave: number; kind: string; state: string }[];
  };
  return page.items.toReversed();
}

function nameOf(message: ShownMessage): string {
  return message.customer?.externalId ?? 'nobody';
}
