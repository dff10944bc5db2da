import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { anEvent, aCustomer } from '../support/builders.js';
import { TestDaemon } from '../support/test-daemon.js';

interface Names {
  readonly items: readonly { kind: string; value: string; linked: boolean }[];
  readonly history: readonly { action: string; cause: string; actor: string; reason: string | null }[];
}

describe('a device', () => {
  let forewarn: TestDaemon;
  beforeEach(async () => {
    forewarn = await TestDaemon.start({
      config: { identity: { limits: { device: { most: 2 } }, blocked: ['kiosk'] } },
    });
    await forewarn.know(...['kim', 'bo', 'ann', 'eve'].map((externalId) => aCustomer({ externalId })));
  });
  afterEach(() => forewarn.stop());

  const on = async (device: string, id?: string) => {
    await forewarn.send(anEvent({ customer: id === undefined ? { device } : { id, device } }));
    await forewarn.runStage('identity-links');
  };
  const hits = async () => {
    const answer = await forewarn.api.get('/v1/issues/1/customers');
    const { items } = answer.body as { items: { externalId: string | null; events: number }[] };
    return items.map((one) => `${one.externalId ?? 'nobody'} ${one.events}`).sort();
  };
  const names = async (id: string) => (await forewarn.api.get(`/v1/customers/${id}/identities`)).body as Names;
  const links = async (id: string) => (await names(id)).history.map((one) => `${one.action} ${one.cause}`);

  it('brings along what it suffered when somebody logs in on it, and what it suffers later', async () => {
    await on('d1');
    expect(await hits()).toEqual(['nobody 1']);
    await on('d1', 'kim');
    expect(await hits()).toEqual(['kim 2']);
    await on('d1');
    expect(await hits()).toEqual(['kim 3']);
    expect((await names('kim')).items).toContainEqual({ kind: 'device', value: 'd1', linked: true });
    const { items } = (await forewarn.api.get('/v1/customers?query=d1')).body as { items: { externalId: string }[] };
    expect(items.map((one) => one.externalId)).toEqual(['kim']);
  });

  it('gives back all that came under it when a person unlinks it, and no login links it again', async () => {
    await on('d1');
    await on('d1', 'kim');
    await on('d1');
    const gone = await forewarn.api.delete('/v1/customers/kim/identities/device/d1?reason=sold%20it');
    expect(gone.status).toBe(200);
    expect(await hits()).toEqual(['kim 1', 'nobody 2']);
    await on('d1', 'kim');
    expect(await hits()).toEqual(['kim 2', 'nobody 2']);
    expect((await names('kim')).history).toEqual([
      expect.objectContaining({ action: 'linked', cause: 'login', actor: 'forewarn' }),
      expect.objectContaining({ action: 'unlinked', cause: 'person', reason: 'sold it' }),
    ]);
  });

  it('is free for whoever logs in next once somebody else did', async () => {
    await on('d1');
    await on('d1', 'kim');
    await on('d1', 'bo');
    await on('d1');
    expect(await hits()).toEqual(['bo 1', 'kim 2', 'nobody 1']);
    await on('d1', 'bo');
    expect(await hits()).toEqual(['bo 3', 'kim 2']);
  });

  it('belongs to nobody once more than three share it', async () => {
    await on('d1');
    for (const id of ['kim', 'bo', 'ann']) await on('d1', id);
    await on('d1');
    await on('d1', 'eve');
    expect(await hits()).toEqual(['ann 1', 'bo 1', 'eve 1', 'kim 1', 'nobody 1', 'nobody 1']);
    expect(await links('eve')).toEqual(['refused shared_device']);
    expect(await links('kim')).toEqual(['linked login', 'unlinked shared_device']);
  });

  it('is refused to a customer who has as many as the limit allows', async () => {
    for (const device of ['d1', 'd2', 'd3']) {
      await on(device);
      await on(device, 'kim');
    }
    expect(await hits()).toEqual(['kim 5', 'nobody 1']);
    expect(await links('kim')).toEqual(['linked login', 'linked login', 'refused too_many_devices']);
  });

  it('is nobody where its id is that of many devices or the configuration says so', async () => {
    await on('00000000-0000-0000-0000-000000000000');
    await on('Kiosk');
    expect(await hits()).toEqual([]);
  });

  it('leaves the customer out of the audience when it is unlinked', async () => {
    await on('d1');
    await on('d1', 'kim');
    const made = await forewarn.api.post('/v1/incidents', { project: 'shop', title: 'Checkout', issues: ['1'] });
    expect(made.status).toBe(201);
    const audience = async () => {
      await forewarn.runStage('audience');
      const answer = await forewarn.api.get('/v1/incidents/1/audience');
      return (answer.body as { items: { externalId: string | null }[] }).items.map((one) => one.externalId);
    };
    await on('d2');
    await on('d2', 'bo');
    expect((await audience()).sort()).toEqual(['bo', 'kim']);
    await forewarn.rows(
      "DELETE FROM issue_customer WHERE customer_id IN (SELECT customer_id FROM customer_identity WHERE kind = 'id')",
    );
    await forewarn.api.delete('/v1/customers/kim/identities/device/d1?reason=wrong');
    expect((await audience()).sort()).toEqual(['bo', null]);
  });

  it('leaves nothing when the customer is erased', async () => {
    await on('d1');
    await on('d1', 'kim');
    await forewarn.api.delete('/v1/customers/kim');
    expect(await forewarn.rows('SELECT 1 FROM identity_event UNION ALL SELECT 1 FROM device_login')).toEqual([]);
    expect(await forewarn.rows("SELECT 1 FROM customer_identity WHERE value = 'd1'")).toEqual([]);
  });
});

describe('a name that a person links', () => {
  let forewarn: TestDaemon;
  beforeEach(async () => {
    forewarn = await TestDaemon.start();
    await forewarn.know(aCustomer({ externalId: 'kim' }), aCustomer({ externalId: 'bo' }));
  });
  afterEach(() => forewarn.stop());

  const link = (id: string, kind: string, value: string, reason = 'said so on the phone') =>
    forewarn.api.post(`/v1/customers/${id}/identities`, { kind, value, reason });
  const hits = async () => {
    const answer = await forewarn.api.get('/v1/issues/1/customers');
    const { items } = answer.body as { items: { externalId: string | null; events: number }[] };
    return items.map((one) => `${one.externalId ?? 'nobody'} ${one.events}`).sort();
  };

  it('brings what came under it, keeps it apart, and gives it back', async () => {
    await forewarn.send(anEvent({ customer: { email: 'kim@old.example', username: 'kimmy' } }));
    expect((await link('kim', 'email', 'KIM@old.example')).status).toBe(200);
    await forewarn.send(anEvent({ customer: { email: 'kim@old.example' } }));
    expect(await hits()).toEqual(['kim 2']);
    expect((await link('kim', 'email', 'kim@old.example')).status).toBe(200);

    const back = await forewarn.api.delete('/v1/customers/kim/identities/email/kim@old.example?reason=mixed%20up');
    expect((back.body as Names).history.map((one) => [one.action, one.reason])).toEqual([
      ['linked', 'said so on the phone'],
      ['unlinked', 'mixed up'],
    ]);
    await forewarn.send(anEvent({ customer: { email: 'kim@old.example' } }));
    expect(await hits()).toEqual(['nobody 3']);
  });

  it('brings nothing along that came under a stronger name of the same stranger', async () => {
    await forewarn.send(anEvent({ customer: { email: 'who@x.example', username: 'kimmy' } }));
    await link('kim', 'username', 'kimmy');
    expect(await hits()).toEqual(['nobody 1']);
    await forewarn.send(anEvent({ customer: { username: 'kimmy' } }));
    expect(await hits()).toEqual(['kim 1', 'nobody 1']);
  });

  it('is refused where it is somebody else, nobody, or no name', async () => {
    const refusals: [kind: string, value: string, status: number, words: string][] = [
      ['email', 'bo@customers.example', 409, 'belongs to the customer \\"bo\\"'],
      ['username', 'anonymous', 400, 'nobody in particular'],
      ['email', 'not an address', 400, 'is not an e-mail address'],
      ['device', 'a\0b', 400, 'NUL'],
      ['id', 'c-1', 400, 'kind'],
    ];
    for (const [kind, value, status, words] of refusals) {
      const answer = await link('kim', kind, value);
      expect([kind, answer.status, JSON.stringify(answer.body)]).toEqual([
        kind,
        status,
        expect.stringContaining(words),
      ]);
    }
    expect(
      (await forewarn.api.delete('/v1/customers/kim/identities/email/kim@customers.example?reason=x')).status,
    ).toBe(409);
    expect((await forewarn.api.delete('/v1/customers/kim/identities/device/none-such?reason=x')).status).toBe(404);
    expect((await forewarn.api.delete('/v1/customers/kim/identities/device/d1')).status).toBe(400);
    await forewarn.send(anEvent({ customer: { id: 'stranger', username: 'sam' } }));
    expect((await link('kim', 'username', 'sam')).status).toBe(409);
  });
});
