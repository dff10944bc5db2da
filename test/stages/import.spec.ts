import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { anEvent, aCustomer } from '../support/builders.js';
import { TestDaemon } from '../support/test-daemon.js';

interface Report {
  readonly imported: number;
  readonly failed: number;
  readonly created: number;
  readonly repeated: number;
  readonly cellsLeftOut: number;
  readonly optOutsKept: number;
  readonly dryRun: boolean;
  readonly directory: string;
  readonly mistakes: readonly { problem: string; count: number; lines: number[] }[];
}

describe('the import of customers', () => {
  let forewarn: TestDaemon;
  beforeEach(async () => {
    forewarn = await TestDaemon.start();
  });
  afterEach(() => forewarn.stop());

  const post = async (body: string, query = '') => {
    const headers = { 'content-type': 'application/x-ndjson' };
    const answer = await forewarn.api.raw('POST', `/v1/customers/import${query}`, { headers, body });
    return { status: answer.status, body: answer.body as Report };
  };
  const get = async (id: string): Promise<unknown> => (await forewarn.api.get(`/v1/customers/${id}`)).body;

  it('comes to the same as putting the same entries one by one, in whatever order', async () => {
    const lines = [
      aCustomer({ externalId: 'a', email: 'shared@x.example', name: 'A' }),
      aCustomer({ externalId: 'b', email: 'shared@x.example', usernames: ['bee'] }),
      aCustomer({ externalId: 'a', email: null, name: 'A2' }),
      aCustomer({ externalId: 'c', phone: '+4915112345678', consent: { sms: true, email: false } }),
    ];
    const text = lines.map((one) => JSON.stringify(one)).join('\n');
    expect((await post(text)).body).toMatchObject({
      directory: 'shop',
      imported: 4,
      created: 3,
      repeated: 1,
      failed: 0,
    });
    const state = async () => ({
      names: await forewarn.rows(
        'SELECT i.kind, i.value, o.value AS id FROM customer_identity i JOIN customer_identity o USING (customer_id) WHERE o.kind = $1 ORDER BY 1, 2',
        ['id'],
      ),
      shown: await Promise.all(['a', 'b', 'c'].map(async (id) => ({ ...((await get(id)) as object), id: null }))),
    });
    const imported = await state();
    for (const id of ['a', 'b', 'c']) await forewarn.api.delete(`/v1/customers/${id}`);
    for (const { externalId, ...entry } of lines) await forewarn.api.put(`/v1/customers/${externalId}`, entry);
    expect(imported).toEqual(await state());

    expect((await post(text)).body).toMatchObject({ imported: 4, created: 0 });
    expect(await state()).toEqual(imported);
  });

  it('changes the given fields of those who are there, and takes the hits of strangers along', async () => {
    await forewarn.send(anEvent({ customer: 'known-by-id' }), anEvent({ customer: { email: 'kim@x.example' } }));
    await post('{"externalId":"known-by-id","name":"Ann"}\n{"externalId":"kim","email":"kim@x.example","locale":"de"}');
    await post('{"externalId":"kim","name":"Kim"}');

    expect(await get('kim')).toMatchObject({ name: 'Kim', locale: 'de', email: 'kim@x.example', source: 'directory' });
    const { items } = (await forewarn.api.get('/v1/issues/1/customers')).body as { items: { externalId: string }[] };
    expect(items.map((one) => one.externalId).sort()).toEqual(['kim', 'known-by-id']);
  });

  it('gives a name that somebody has to the new customer of a later line, as a PUT does', async () => {
    await post('{"externalId":"a","email":"shared@x.example","consent":{"email":true}}');
    await post('{"externalId":"b","email":"shared@x.example"}\n{"externalId":"c","email":"c@x.example"}');
    const names = `SELECT i.value, o.value AS id
      FROM customer_identity i
      JOIN customer_identity o USING (customer_id)
      WHERE i.kind = 'email' AND o.kind = 'id'
      ORDER BY 1`;
    expect(await forewarn.rows(names)).toEqual([
      { value: 'c@x.example', id: 'c' },
      { value: 'shared@x.example', id: 'b' },
    ]);
    expect(await get('a')).toMatchObject({ email: 'shared@x.example', consent: { email: true } });
  });

  it('replaces an address, and removes one that is null', async () => {
    await post('{"externalId":"a","email":"old@x.example","phone":"+4915112345678"}');
    await post('{"externalId":"a","email":"new@x.example","phone":null}');
    expect(await get('a')).toMatchObject({ email: 'new@x.example', phone: null });
    expect(await forewarn.rows("SELECT value FROM customer_identity WHERE kind <> 'id'")).toEqual([
      { value: 'new@x.example' },
    ]);
  });

  it('writes nothing in a dry run, and says the same of the lines', async () => {
    const text = '{"externalId":"a","email":"nonsense"}\n{}\n{"externalId":"a"}';
    const dry = (await post(text, '?dryRun=true')).body;
    expect(await forewarn.rows('SELECT id FROM customer')).toEqual([]);
    expect(dry).toMatchObject({ dryRun: true, imported: 2, failed: 1, cellsLeftOut: 1, repeated: 1 });
    expect((await post(text)).body).toMatchObject({ ...dry, dryRun: false, created: 1 });
  });

  it('sums mistakes up by kind, with the first lines of each, at any number', async () => {
    const { body } = await post(Array.from({ length: 20_000 }, () => '{}').join('\n'));
    expect(body).toMatchObject({ imported: 0, failed: 20_000, mistakes: [{ count: 20_000, lines: [1, 2, 3, 4, 5] }] });
  });

  it('goes on after the records that it is told to skip', async () => {
    await post('{"externalId":"a"}\n{"externalId":"b"}\n{"externalId":"c"}', '?skip=2');
    expect(await forewarn.rows('SELECT value FROM customer_identity')).toEqual([{ value: 'c' }]);
  });

  it('lets people find customers by id, name, e-mail address and phone number', async () => {
    await post(
      [
        '{"externalId":"c-17","name":"Anna Schmidt","email":"anna@x.example","phone":"+4915112345678"}',
        '{"externalId":"c-18","name":"Annabel_Jones"}',
        '{"externalId":"anna","name":"Bo"}',
      ].join('\n'),
    );
    const find = async (query: string) => {
      const answer = await forewarn.api.get(`/v1/customers?query=${encodeURIComponent(query)}`);
      return (answer.body as { items: { externalId: string }[] }).items.map((one) => one.externalId);
    };
    expect(await find('c-17')).toEqual(['c-17']);
    expect(await find('anna')).toEqual(['anna', 'c-17', 'c-18']);
    expect(await find('ANNAB')).toEqual(['c-18']);
    expect(await find('schmi')).toEqual(['c-17']);
    expect(await find('Anna@x.example')).toEqual(['c-17']);
    expect(await find('0049 151 12345678')).toEqual(['c-17']);
    expect(await find('%')).toEqual([]);
    expect((await forewarn.api.get('/v1/customers')).status).toBe(400);
  });

  it('keeps opt-outs, and says how many', async () => {
    await post('{"externalId":"a","consent":{"email":true}}');
    await forewarn.rows(
      "INSERT INTO consent_entry (customer_id, channel, granted, source, at) SELECT id, 'email', false, 'unsubscribe_link', '2026-03-09' FROM customer",
    );
    expect((await post('{"externalId":"a","consent":{"email":true}}')).body.optOutsKept).toBe(1);
    const newer = { granted: true, at: '2026-03-10' };
    expect((await post(JSON.stringify({ externalId: 'a', consent: { email: newer } }))).body.optOutsKept).toBe(0);
    expect(await get('a')).toMatchObject({ consent: { email: true } });
  });

  it('refuses what it cannot read as a whole, and changes nothing', async () => {
    for (const [body, words] of [
      ['[{"externalId":"a"}]', 'one object a line'],
      ['foo,bar\n1,2', 'The header line cannot be used'],
    ] as const) {
      const answer = await post(body);
      expect([answer.status, JSON.stringify(answer.body)]).toEqual([400, expect.stringContaining(words)]);
    }
    expect((await post('{}', '?country=XX')).status).toBe(400);
    expect((await post('{}', '?encoding=klingon')).status).toBe(400);
  });
});
