import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Projects } from '../../src/projects/project.registry.js';
import { signatureOf } from '../../src/events/signature.js';
import { aCustomer, anEvent } from '../support/builders.js';
import { aPolicy } from '../support/test-config.js';
import { TestDaemon } from '../support/test-daemon.js';

const KEYS = '/v1/projects/1/keys';

describe('how it is known whom a fault hit', () => {
  let forewarn: TestDaemon;
  let publicKey: string;
  let secret: string;
  beforeEach(async () => {
    forewarn = await TestDaemon.start();
    await forewarn.know(...['c1', 'c2', 'c3', 'c4'].map((externalId) => aCustomer({ externalId })));
    publicKey = (await forewarn.project()).key;
    secret = await make('signing');
  });
  afterEach(() => forewarn.stop());

  it('is a claim with a public key, signed with a signature, and known with a server key', async () => {
    const serverKey = await make('server');
    await send(publicKey, anEvent({ customer: 'c1' }));
    await send(publicKey, { ...anEvent({ customer: 'c2' }), signature: signatureOf('c2', secret) });
    await send(serverKey, anEvent({ customer: 'c3' }));
    await forewarn.plan();

    expect(await audience()).toEqual({ c1: 'claimed', c2: 'signed', c3: 'server' });
    const [first] = ((await forewarn.api.get('/v1/incidents/1/audience')).body as { items: object[] }).items;
    expect(first).toMatchObject({
      trust: 'claimed',
      evidence: { events: 1, known: { claimed: 1, signed: 0, server: 0 } },
    });
  });

  it('is a claim with a wrong signature, which is counted', async () => {
    await send(publicKey, { ...anEvent({ customer: 'c1' }), signature: signatureOf('c2', secret) });
    await send(publicKey, { ...anEvent({ customer: 'c2' }), signature: 'x' });
    await send(publicKey, { ...anEvent({ customer: 'c3' }), signature: signatureOf('c3', publicKey) });
    await forewarn.plan();

    expect(await audience()).toEqual({ c1: 'claimed', c2: 'claimed', c3: 'claimed' });
    expect((await forewarn.anyone.get('/metrics')).body).toContain(
      'forewarn_intake_signatures_refused_total{project="shop"} 3',
    );
  });

  it('gets better when better evidence comes, and never worse', async () => {
    for (const customer of ['c1', 'c2', 'c3']) await send(publicKey, anEvent({ customer }));
    await forewarn.plan();
    const before = await order();
    await send(publicKey, { ...anEvent({ customer: 'c2' }), signature: signatureOf('c2', secret) });
    await send(publicKey, anEvent({ customer: 'c2' }), anEvent({ customer: 'c1' }));
    await forewarn.runStage('audience');

    expect(await audience()).toEqual({ c1: 'claimed', c2: 'signed', c3: 'claimed' });
    // Who became known better comes anew, so that a campaign that passed them over looks again; the others stay in their place.
    expect(before).toEqual(['c1', 'c2', 'c3']);
    expect(await order()).toEqual(['c1', 'c3', 'c2']);
    expect((await forewarn.runStage('audience')).worked).toBe(0);
  });

  it('of a signed id is nothing about an address beside it', async () => {
    const customer = { id: 'mine', email: 'c4@customers.example' };
    await send(publicKey, { ...anEvent({ customer }), signature: signatureOf('mine', secret) });
    for (const id of ['c1', 'c2', 'c3']) await send(publicKey, anEvent({ customer: id }));
    await forewarn.plan();

    expect(await audience()).toEqual({ c1: 'claimed', c2: 'claimed', c3: 'claimed', mine: 'signed' });
  });

  it('is signed as long as one of the two signing keys works', async () => {
    const second = await make('signing');
    for (const [customer, by] of [
      ['c1', secret],
      ['c2', second],
    ] as const)
      await send(publicKey, { ...anEvent({ customer }), signature: signatureOf(customer, by) });
    await revoke(secret);
    await send(publicKey, { ...anEvent({ customer: 'c3' }), signature: signatureOf('c3', secret) });
    await forewarn.plan();

    expect(await audience()).toEqual({ c1: 'signed', c2: 'signed', c3: 'claimed' });
  });

  it('is told with an incident, and how many sources made the claims', async () => {
    const behind = await TestDaemon.start({ beside: forewarn, env: { TRUST_PROXY: '1' } });
    await behind.daemon.app.get(Projects).load();
    const from = (address: string, customer: string) =>
      sendTo(behind, { 'x-forwarded-for': address }, publicKey, [anEvent({ customer })]);
    await from('203.0.113.1', 'c1');
    await from('203.0.113.1', 'c2');
    await from('203.0.113.2', 'c3');
    await send(publicKey, { ...anEvent({ customer: 'c4' }), signature: signatureOf('c4', secret) });
    await behind.stop();
    await forewarn.plan();

    expect((await forewarn.api.get('/v1/incidents/1')).body).toMatchObject({
      evidence: { claimed: 3, signed: 1, server: 0, sources: 2, widestSource: 2 },
    });
  });

  it('waits for a person where one source names unusually many, even under a policy that believes claims', async () => {
    const policies = [aPolicy({ trust: ['claimed', 'signed', 'server'] })];
    const behind = await TestDaemon.start({ config: { policies }, env: { TRUST_PROXY: '1' } });
    const ids = Array.from({ length: 41 }, (_, nth) => `p${nth}`);
    await behind.know(...ids.map((externalId) => aCustomer({ externalId })));
    const { key } = await behind.project();
    for (const [nth, customer] of ids.entries()) {
      const address = nth < 11 ? `203.0.113.${nth}` : '198.51.100.7';
      await sendTo(behind, { 'x-forwarded-for': address }, key, [anEvent({ customer })]);
      if (nth === 10) {
        await behind.plan();
        expect(await campaigns(behind)).toEqual(['approved']);
        behind.clock.advance('6m');
      }
    }
    await behind.plan();
    expect(await campaigns(behind)).toEqual(['approved', 'awaiting_approval']);
    expect((await behind.api.get('/v1/incidents/1')).body).toMatchObject({
      evidence: { claimed: 41, sources: 12, widestSource: 30 },
    });
    await behind.stop();
  });

  async function campaigns(of: TestDaemon): Promise<string[]> {
    const { items } = (await of.api.get('/v1/campaigns')).body as { items: { state: string }[] };
    return items.map(({ state }) => (state === 'done' ? 'approved' : state)).reverse();
  }

  it('leaves no address and no signature behind', async () => {
    const signature = signatureOf('c1', secret);
    await send(publicKey, { ...anEvent({ customer: 'c1', tags: { plan: 'pro' } }), signature });
    const dump = await forewarn.rows<{ t: string }>(
      `SELECT x::text AS t FROM event_sample x UNION ALL SELECT x::text FROM issue_customer x UNION ALL SELECT x::text FROM issue x`,
    );
    const text = dump.map(({ t }) => t).join('\n');
    expect(text).toContain('pro');
    expect(text).not.toContain(signature);
    expect(text).not.toContain('127.0.0.1');
  });

  async function make(kind: string): Promise<string> {
    return String(((await forewarn.api.post(KEYS, { kind })).body as { key: string }).key);
  }

  /** Ends a key of which the API shows nothing any more. */
  async function revoke(key: string): Promise<void> {
    const { id } = await forewarn.row<{ id: number }>('SELECT id FROM project_key WHERE secret = $1', [key]);
    expect((await forewarn.api.delete(`${KEYS}/${id}`)).status).toBe(204);
  }

  function send(key: string, ...events: object[]): Promise<void> {
    return sendTo(forewarn, {}, key, events);
  }

  async function sendTo(to: TestDaemon, headers: Record<string, string>, key: string, events: object[]): Promise<void> {
    const answer = await to.anyone.raw('POST', '/v1/events', {
      headers: { authorization: `Bearer ${key}`, ...headers },
      body: JSON.stringify(events),
    });
    expect([answer.status, answer.body]).toEqual([200, expect.objectContaining({ accepted: events.length })]);
  }

  async function audience(): Promise<Record<string, string>> {
    const { items } = (await forewarn.api.get('/v1/incidents/1/audience')).body as {
      items: { externalId: string; trust: string }[];
    };
    return Object.fromEntries(items.map(({ externalId, trust }) => [externalId, trust]));
  }

  async function order(): Promise<string[]> {
    const rows = await forewarn.rows<{ value: string }>(
      `SELECT i.value FROM audience_member a JOIN customer_identity i ON i.customer_id = a.customer_id AND i.kind = 'id' ORDER BY a.seq`,
    );
    return rows.map(({ value }) => value);
  }
});
