import { afterEach, describe, expect, it } from '@jest/globals';
import { aCustomer, type CustomerLine } from '../support/builders.js';
import { campaigns, customers, hit, messages, told } from '../support/story.js';
import { aPolicy } from '../support/test-config.js';
import { TestDaemon } from '../support/test-daemon.js';

let forewarn: TestDaemon;
afterEach(() => forewarn.stop());

const of = (account: string, externalId: string, about: Partial<CustomerLine> = {}) =>
  aCustomer({ externalId, account, ...about });
const contact = (account: string, externalId: string, about: Partial<CustomerLine> = {}) =>
  of(account, externalId, { accountContact: true, ...about });
const policies = (about: Record<string, unknown> = {}) => [aPolicy({ accounts: 'contact', ...about })];
/** An incident that hits these customers of a directory in which these others are as well. */
const start = async (
  hitOnes: readonly CustomerLine[],
  others: readonly CustomerLine[],
  policy = policies(),
  claims = false,
) => {
  forewarn = await TestDaemon.start({
    claims,
    config: { detection: { newFault: { customers: 1, within: '10m' } }, policies: policy },
  });
  await forewarn.know(...hitOnes, ...others);
  await hit(
    forewarn,
    hitOnes.map(({ externalId }) => externalId),
  );
  await forewarn.runStages('detect', 'incident-open');
};
const facts = async () => {
  const { timeline } = (await forewarn.api.get('/v1/incidents/1')).body as {
    timeline: { kind: string; details: Record<string, unknown> }[];
  };
  return timeline.filter(({ kind }) => kind === 'account_contacts').map(({ details }) => details);
};
const body = async <T>(path: string) => (await forewarn.api.get(path)).body as T;

describe('an account', () => {
  it('comes by import and by PUT, is found, shown and handed out', async () => {
    forewarn = await TestDaemon.start();
    const csv = 'id,company,primary contact\nc1, Acme ,yes\nc2,Acme,\nc3,,perhaps\n';
    const headers = { 'content-type': 'text/csv' };
    const report = await forewarn.api.raw('POST', '/v1/customers/import', { headers, body: csv });
    expect(report.body).toMatchObject({ imported: 3, cellsLeftOut: 1 });
    await forewarn.api.put('/v1/customers/c4', { account: 'Acme' });

    expect(await body('/v1/customers/c1')).toMatchObject({ account: 'Acme', accountContact: true });
    const { items } = await body<{ items: { externalId: string }[] }>('/v1/customers?query=Acme');
    expect(items.map((one) => one.externalId).sort()).toEqual(['c1', 'c2', 'c4']);
    expect(await body('/v1/customers/c2/export')).toMatchObject({ customer: [{ account: 'Acme' }] });

    await forewarn.know({ externalId: 'c1', accountContact: false }, { externalId: 'c2', name: 'Bo' });
    await forewarn.api.put('/v1/customers/c4', { account: null });
    const shown = await Promise.all(['c1', 'c2', 'c4'].map((id) => body(`/v1/customers/${id}`)));
    expect(shown).toMatchObject([
      { account: 'Acme', accountContact: false },
      { account: 'Acme', name: 'Bo' },
      { account: null },
    ]);
  });

  it('is listed with the customers whom an incident hit, page by page', async () => {
    await start(
      [of('Acme', 'a1'), of('Acme', 'a2'), of('Zeta', 'z1'), aCustomer({ externalId: 'c1' })],
      [contact('Acme', 'boss'), of('Bravo', 'b1')],
    );
    await forewarn.runStages('audience');
    interface Accounts {
      items: { account: string; customers: { externalId: string }[]; contacts: { externalId: string }[] }[];
      nextCursor: string | null;
    }
    const first = await body<Accounts>('/v1/incidents/1/audience/accounts?limit=1');
    expect(first).toMatchObject({ accounts: 2, withoutAccount: 1, items: [{ account: 'Acme', affected: 2 }] });
    expect(first.items[0]?.customers.map((one) => one.externalId)).toEqual(['a1', 'a2']);
    expect(first.items[0]?.contacts.map((one) => one.externalId)).toEqual(['boss']);
    const next = await body<Accounts>(`/v1/incidents/1/audience/accounts?limit=1&cursor=${first.nextCursor}`);
    expect(next).toMatchObject({ nextCursor: null, items: [{ account: 'Zeta', affected: 1, contacts: [] }] });
    const { items } = await body<{ items: { account: string }[] }>('/v1/incidents/1/audience');
    expect(items.map(({ account }) => account).sort()).toEqual(['Acme', 'Acme', 'Zeta', null]);
  });
});

describe('a policy with accounts: contact', () => {
  it('tells the contact once in place of the customers, those without one themselves, and the end to whom it told', async () => {
    await start(
      [of('Acme', 'a1'), of('Acme', 'a2'), of('Solo', 's1'), aCustomer({ externalId: 'c1' })],
      [contact('Acme', 'boss'), contact('Solo', 'mute', { consent: { email: false } })],
    );
    await forewarn.planAndSend();
    const first = [
      'a1 notice suppressed told_by_contact',
      'a2 notice suppressed told_by_contact',
      'boss notice sent',
      'c1 notice sent',
      's1 notice sent',
    ];
    expect(await told(forewarn)).toEqual(first);
    const boss = (await messages(forewarn)).find((one) => one.customer?.externalId === 'boss');
    expect(boss).toMatchObject({ account: 'Acme', why: expect.stringContaining("contact of your organisation's") });
    expect(await facts()).toEqual([{ campaignId: '1', accounts: 2, customers: 2, withoutContact: 1 }]);

    forewarn.clock.advance('1m');
    await forewarn.know(of('Acme', 'a3'));
    await hit(forewarn, ['a3', 'boss']);
    await forewarn.planAndSend();
    expect(await told(forewarn)).toEqual([...first, 'a3 notice suppressed told_by_contact']);

    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });
    await forewarn.planAndSend();
    expect((await told(forewarn)).filter((one) => one.includes('resolved'))).toEqual([
      'boss resolved sent',
      'c1 resolved sent',
      's1 resolved sent',
    ]);
  });

  it('tells a contact whom the fault hit as well once, and of several the first who can be reached', async () => {
    await start(
      [contact('Acme', 'mute', { consent: {} }), contact('Acme', 'boss'), of('Acme', 'a1')],
      [contact('Acme', 'late')],
    );
    await forewarn.planAndSend();
    expect(await told(forewarn)).toEqual([
      'a1 notice suppressed told_by_contact',
      'boss notice sent',
      'mute notice suppressed told_by_contact',
    ]);
  });

  it('shows in the preview what goes to contacts, counts messages for the limit, and says of each why', async () => {
    await start(
      [...customers(3, { account: 'Acme' }), of('Solo', 's1')],
      [contact('Acme', 'boss')],
      policies({ blastLimit: 1, accounts: 'contact' }),
    );
    await forewarn.plan();
    expect(await campaigns(forewarn)).toMatchObject([{ state: 'awaiting_approval' }]);
    expect(await body('/v1/campaigns/1')).toMatchObject({ stateReason: 'over_blast_limit' });
    expect(await body('/v1/campaigns/1/preview')).toMatchObject({
      stateWords: '2 customers are more than the blast limit of 1',
      dryRun: {
        recipients: 2,
        accounts: 1,
        dropped: [{ reason: 'told_by_contact', customers: 3 }],
      },
    });
    const alone = (await messages(forewarn)).find((one) => one.customer?.externalId === 's1');
    expect(alone).toMatchObject({ state: 'pending', stateReason: 'no_account_contact' });
  });

  it('tells the customers themselves where the message to the contact fails', async () => {
    await start([of('Acme', 'a1'), of('Acme', 'a2')], [contact('Acme', 'boss')]);
    await forewarn.plan();
    await forewarn.api.put('/v1/customers/boss', { consent: { email: false } });
    await forewarn.runStages('dispatch', 'campaign');
    forewarn.clock.advance('1m');
    await forewarn.planAndSend();
    expect(await told(forewarn)).toEqual(['boss notice suppressed no_consent', 'a1 notice sent', 'a2 notice sent']);
    forewarn.clock.advance('1m');
    await forewarn.planAndSend();
    expect(await told(forewarn)).toHaveLength(3);
  });

  it('tells the contact by itself as soon as one customer of the account is known to be hit, beside claims that wait', async () => {
    await start([of('Acme', 'a1'), of('Acme', 'a2')], [contact('Acme', 'boss')], policies({ trust: ['server'] }), true);
    await forewarn.planAndSend();
    const state = async () => (await messages(forewarn)).find((one) => one.customer?.externalId === 'boss')?.state;
    expect(await state()).toBe('pending');

    forewarn.clock.advance('1m');
    await forewarn.rows(
      "UPDATE issue_customer SET server_events = 1, last_minute = $1 WHERE customer_id = (SELECT customer_id FROM customer_identity WHERE value = 'a2' AND kind = 'id')",
      [forewarn.clock.now()],
    );
    await forewarn.planAndSend();
    expect(await state()).toBe('sent');
    expect((await told(forewarn)).filter((one) => one.includes('sent'))).toEqual(['boss notice sent']);
  });

  it('tells the contact who waits among those at risk as soon as a customer of the account is hit', async () => {
    const others = [contact('Acme', 'boss'), of('Acme', 'a1'), of('Acme', 'a2')];
    await start([aCustomer({ externalId: 'c1' })], others, policies({ audience: ['affected', 'atRisk'] }));
    await forewarn.runStages('audience');
    await forewarn.rows(
      `INSERT INTO at_risk_member (incident_id, customer_id, since, expected, trust)
       SELECT 1, customer_id, $1, 0.5, 'claimed' FROM customer_identity WHERE value = 'a2' AND kind = 'id'`,
      [forewarn.clock.now()],
    );
    await forewarn.planAndSend();
    const ofBoss = async () => (await told(forewarn)).filter((one) => one.startsWith('boss'));
    expect(await ofBoss()).toEqual(['boss notice pending']);

    forewarn.clock.advance('1m');
    await hit(forewarn, ['a1']);
    await forewarn.planAndSend();
    expect(await ofBoss()).toEqual(['boss notice sent']);
  });

  it('leaves no name of an account of who was erased', async () => {
    await start([of('Jane Miller Ltd', 'jane')], [contact('Jane Miller Ltd', 'miller')]);
    await forewarn.planAndSend();
    for (const id of ['jane', 'miller']) await forewarn.api.delete(`/v1/customers/${id}`);
    await forewarn.runStages('erasure', 'forget-hits');
    expect(await forewarn.rows('SELECT account FROM message UNION SELECT account FROM customer')).toEqual([
      { account: null },
    ]);
  });
});
