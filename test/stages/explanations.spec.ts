import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { aCustomer, anEvent } from '../support/builders.js';
import { TestDaemon, type TestDaemonOptions } from '../support/test-daemon.js';

interface Item {
  readonly answerId: string;
  readonly incidentId: string;
  readonly title: string;
  readonly body: string;
}
interface Answer {
  readonly customer: string;
  readonly items: readonly Item[];
}

const HOUR = 3_600_000;

let forewarn: TestDaemon;
afterEach(() => forewarn.stop());

async function openIncident(options: Omit<TestDaemonOptions, 'clock'> = {}): Promise<TestDaemon> {
  const daemon = await TestDaemon.start(options);
  await daemon.send(...['c1', 'c2', 'c3'].map((customer) => anEvent({ customer })));
  await daemon.runStages('detect', 'incident-open');
  return daemon;
}

async function ask(query = ''): Promise<Answer> {
  return (await forewarn.api.get(`/v1/bot/explanations?${query}`)).body as Answer;
}

describe('the stage that drafts explanations', () => {
  it('gives an open incident one draft in each language', async () => {
    forewarn = await openIncident();

    await forewarn.runStages('draft', 'draft');

    const { items } = (await forewarn.api.get('/v1/incidents/1/explanations')).body as { items: object[] };
    expect(items).toEqual([
      expect.objectContaining({ locale: 'en', version: 1, reviewState: 'draft', author: 'forewarn' }),
      expect.objectContaining({ locale: 'zh', version: 1, reviewState: 'draft' }),
    ]);
  });

  it('names the area as customers of each language call it, also when ops name another area later', async () => {
    forewarn = await openIncident({
      config: { areas: { checkout: { en: 'paying', zh: '结账' }, search: { en: 'finding' } } },
    });
    await forewarn.runStage('draft');

    await forewarn.api.patch('/v1/incidents/1', { area: 'checkout' });
    await forewarn.runStage('draft');

    expect((await ask()).items).toEqual([
      expect.objectContaining({ area: 'checkout', areaName: 'paying', version: 2 }),
    ]);
    expect((await ask('locale=zh')).items[0]?.body).toContain('结账');
    await forewarn.api.patch('/v1/incidents/1', { area: 'search' });
    await forewarn.runStage('draft');
    expect((await ask('locale=zh')).items[0]?.body).not.toContain('finding');
  });

  it('does not overwrite the text of a person', async () => {
    forewarn = await openIncident();
    const text = { title: 'Checkout fails', body: 'Since {{ since }}: paying by card fails.' };
    expect((await forewarn.api.put('/v1/incidents/1/explanations/en', text)).status).toBe(200);

    await forewarn.runStage('draft');

    const { items } = await ask('customer=c1&locale=en-GB');
    expect(items).toEqual([
      expect.objectContaining({ title: 'Checkout fails', locale: 'en', reviewState: 'approved' }),
    ]);
    expect(items[0]?.body).toMatch(/^Since Mar 10, 2026, 12:00 PM UTC: /);
  });
});

describe('an explanation', () => {
  it('is refused with an unknown variable, or in a language that is not configured', async () => {
    forewarn = await openIncident();

    const wrong = await forewarn.api.put('/v1/incidents/1/explanations/en', { title: 'Hi {{ name }}', body: 'x' });
    const french = await forewarn.api.put('/v1/incidents/1/explanations/fr', { title: 'x', body: 'x' });

    expect([wrong.status, french.status]).toEqual([400, 400]);
    expect(JSON.stringify(wrong.body)).toContain('since');
  });

  it('keeps the words of the template in what a person leaves out, and has none where they said null', async () => {
    forewarn = await openIncident();

    const answer = await forewarn.api.put('/v1/incidents/1/explanations/en', {
      workaround: 'Pay by transfer.',
      nextUpdate: null,
    });

    expect(answer.body).toMatchObject({
      title: 'Shop: something is not working as it should',
      workaround: 'Pay by transfer.',
      nextUpdate: null,
      reviewState: 'approved',
      version: 1,
    });
  });

  it('is not written over a version that its writer has not seen', async () => {
    forewarn = await openIncident();
    await forewarn.runStage('draft');
    const path = '/v1/incidents/1/explanations/en';
    const write = (seen: string, title: string) =>
      forewarn.api.raw('PUT', path, {
        headers: { 'content-type': 'application/json', 'if-match': seen },
        body: JSON.stringify({ title }),
      });
    const shown = await forewarn.api.get(path);
    expect(shown.headers.get('etag')).toBe('"1"');

    const [first, second] = [await write('"1"', 'Mine'), await write('"1"', 'Yours')];
    const nonsense = await write('yesterday', 'Nobody’s');

    expect([first.status, second.status, nonsense.status]).toEqual([200, 409, 400]);
    expect(second.body).toMatchObject({ type: expect.stringMatching(/conflict$/), version: 2 });
    const { items } = (await forewarn.api.get(`${path}/versions`)).body as { items: { title: string }[] };
    expect(items.map(({ title }) => title)).toEqual(['Mine', 'Shop: something is not working as it should']);
  });

  it('has updates, the newest first, and says by when the next one comes until that time is over', async () => {
    forewarn = await openIncident();
    const now = forewarn.clock.now().getTime();
    const nextUpdateAt = new Date(now + HOUR).toISOString();

    const posted = await forewarn.api.post('/v1/incidents/1/updates', { texts: { en: 'We found it.' }, nextUpdateAt });
    const past = await forewarn.api.post('/v1/incidents/1/updates', {
      texts: { en: 'x' },
      nextUpdateAt: new Date(now).toISOString(),
    });
    const french = await forewarn.api.post('/v1/incidents/1/updates', { texts: { fr: 'x' } });

    expect([posted.status, past.status, french.status]).toEqual([201, 400, 400]);
    const update = { text: 'We found it.', locale: 'en', at: new Date(now).toISOString() };
    expect((await ask('customer=c1')).items).toEqual([
      expect.objectContaining({
        updates: [update],
        nextUpdate: 'Next update by Mar 10, 2026, 1:00 PM UTC.',
        nextUpdateAt,
      }),
    ]);
    forewarn.clock.advance('2h');
    expect((await ask('customer=c1')).items).toEqual([
      expect.objectContaining({ nextUpdate: 'We will write again as soon as it is fixed.', nextUpdateAt: null }),
    ]);
  });
});

describe('GET /v1/bot/explanations', () => {
  it('tells a customer whom an incident hit when and how, and anybody else only as "if"', async () => {
    forewarn = await openIncident();

    const [own, other] = [await ask('customer=c1'), await ask('customer=nobody')];

    expect(own).toMatchObject({
      customer: 'known',
      items: [
        {
          hit: true,
          concern: 'hit',
          project: 'shop',
          state: 'active',
          evidence: { events: 1, trust: 'server', issues: ['1'] },
        },
      ],
    });
    expect(other).toMatchObject({ customer: 'unknown', items: [{ hit: false, concern: 'unknown', evidence: null }] });
    expect(own.items[0]?.body).toMatch(/^Since /);
    expect(other.items[0]?.body).toMatch(/^Some customers have this problem right now. If you have it, too: Since /);
  });

  it('knows a customer by e-mail address and phone number, and nobody where the names are of different customers', async () => {
    forewarn = await openIncident();
    await forewarn.know(
      aCustomer({ externalId: 'c1', email: 'mei@customers.example', phone: '+4915112345601' }),
      aCustomer({ externalId: 'c2' }),
    );

    const answers = [
      'email=Mei@Customers.Example',
      'phone=%2B49%20151%2012345601',
      'customer=c2&email=mei@customers.example',
    ];
    const said = await Promise.all(answers.map(ask));

    expect(said.map(({ customer }) => customer)).toEqual(['known', 'known', 'unknown']);
    expect(said.map(({ items }) => (items[0] as unknown as { hit: boolean }).hit)).toEqual([true, true, false]);
  });

  it('puts first what hit the customer, then what may concern them, then the worst', async () => {
    forewarn = await openIncident();
    for (const severity of ['minor', 'critical', 'minor'])
      await forewarn.api.post('/v1/incidents', { project: 'shop', title: 'x', severity });
    await forewarn.rows(
      `INSERT INTO at_risk_member (incident_id, customer_id, since, expected)
       SELECT 4, customer_id, now(), 0.3 FROM customer_identity WHERE value = 'c1'`,
    );

    const order = async (query?: string) => (await ask(query)).items.map(({ incidentId }) => incidentId);

    expect(await order('customer=c1')).toEqual(['1', '4', '3', '2']);
    expect(await order()).toEqual(['3', '1', '4', '2']);
  });

  it('says that an incident is fixed as long as the configuration keeps that, unless it hit the customer afterwards', async () => {
    forewarn = await openIncident({ config: { explanations: { keepFixed: '2h' } } });
    await forewarn.know(aCustomer({ externalId: 'c1', locale: 'zh-CN', timeZone: 'Asia/Shanghai' }));
    await forewarn.api.put('/v1/incidents/1/explanations/zh', { fixed: '{{ fixedAt }}已修复。' });
    const fixedAt = forewarn.clock.now().toISOString();

    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });

    expect((await ask('customer=c1')).items).toEqual([
      expect.objectContaining({
        state: 'fixed',
        fixedAt,
        locale: 'zh',
        body: '2026年3月10日 20:00已修复。',
        workaround: null,
        nextUpdate: null,
      }),
    ]);
    forewarn.clock.advance('1h');
    await forewarn.send(anEvent({ customer: 'c2', timestamp: forewarn.clock.now().toISOString() }));
    expect((await ask('customer=c2')).items).toEqual([]);
    expect((await ask('customer=c3')).items).toHaveLength(1);
    forewarn.clock.advance('61m');
    expect((await ask('customer=c3')).items).toEqual([]);
  });

  it('says what the customer was told, on which channel and when, and shows them the news on their page', async () => {
    forewarn = await openIncident();
    await forewarn.know(aCustomer({ externalId: 'c1' }));
    expect((await ask('customer=c1')).items).toEqual([expect.objectContaining({ told: [] })]);

    await forewarn.planAndSend();

    const at = forewarn.clock.now().toISOString();
    expect((await ask('customer=c1')).items).toEqual([
      expect.objectContaining({ told: [{ channel: 'email', kind: 'notice', at }] }),
    ]);
    expect((await ask('customer=c2')).items).toEqual([expect.objectContaining({ told: [] })]);
    await forewarn.api.post('/v1/incidents/1/updates', { texts: { en: 'We found it.' } });
    const { token } = await forewarn.row<{ token: string }>('SELECT link_token AS token FROM message LIMIT 1');
    expect((await forewarn.anyone.get(`/i/${token}`)).body).toContain('We found it.');
  });

  it('answers 304 until something changes, with an id for each answer that stays the same for the day', async () => {
    forewarn = await openIncident();
    const path = '/v1/bot/explanations?customer=c1';
    const first = await forewarn.api.get(path);
    const etag = first.headers.get('etag') ?? '';
    expect(first.headers.get('cache-control')).toBe('private, max-age=30');

    const again = await forewarn.api.raw('GET', path, { headers: { 'if-none-match': etag } });
    await forewarn.api.put('/v1/incidents/1/explanations/en', { title: 'Paying fails' });
    const changed = await forewarn.api.raw('GET', path, { headers: { 'if-none-match': etag } });

    expect([again.status, again.body, changed.status]).toEqual([304, '', 200]);
    const [before, after] = [first.body, changed.body] as Answer[];
    expect(after?.items[0]?.title).toBe('Paying fails');
    expect(after?.items[0]?.answerId).toBe(before?.items[0]?.answerId);
    const [one, other] = [await ask(), await ask()];
    expect(one.items[0]?.answerId).not.toBe(other.items[0]?.answerId);
  });

  it('refuses parameters that it does not know, and values that say nothing', async () => {
    forewarn = await openIncident();
    const queries = [
      'colour=red',
      'customer=',
      'locale=%3Cx%3E',
      'project=x',
      'directory=x&customer=c1',
      'customer=a&customer=b',
    ];

    const answers = await Promise.all(queries.map((query) => forewarn.api.get(`/v1/bot/explanations?${query}`)));

    expect(answers.map(({ status }) => status)).toEqual(queries.map(() => 400));
  });

  it('asks which directory is meant where there are several, and tells of its projects alone', async () => {
    const projects = [
      { slug: 'shop', name: 'Shop' },
      { slug: 'bank', name: 'Bank' },
    ];
    forewarn = await openIncident({ config: { projects: projects.map((one) => ({ ...one, directory: one.slug })) } });
    await forewarn.api.post('/v1/incidents', { project: 'bank', title: 'x' });

    expect((await forewarn.api.get('/v1/bot/explanations?customer=c1')).status).toBe(400);
    expect((await ask('customer=c1&directory=shop')).items.map(({ incidentId }) => incidentId)).toEqual(['1']);
    expect(await ask('customer=c1&project=bank')).toMatchObject({ customer: 'unknown', items: [{ incidentId: '2' }] });
    expect((await ask()).items).toHaveLength(2);
  });
});

describe('a proposal of the endpoint for drafting', () => {
  let endpoint: Server | undefined;
  afterEach(() => {
    endpoint?.closeAllConnections();
    endpoint?.close();
  });

  const WORDS = {
    title: '使用优惠券结账失败',
    body: '自 {{ since }} 起,使用优惠券无法结账。',
    workaround: '请先不使用优惠券。',
    nextUpdate: null,
    fixed: '问题已于 {{ fixedAt }} 解决。',
  };
  const answered = (content: unknown) =>
    JSON.stringify({ choices: [{ message: { role: 'assistant', content: JSON.stringify(content) } }] });
  const draft = async (locale: string, body: object = {}) => {
    const answer = await forewarn.api.post(`/v1/incidents/1/explanations/${locale}/draft`, body);
    return { status: answer.status, body: answer.body as Record<string, string | null> };
  };

  /** A daemon whose endpoint is a server of the test. */
  async function withEndpoint(answer: (response: ServerResponse) => void) {
    const asked: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
    endpoint = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (part: string) => (body += part));
      request.on('end', () => {
        asked.push({ headers: request.headers, body });
        answer(response);
      });
    });
    await new Promise<void>((done) => endpoint?.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/v1/chat/completions`;
    forewarn = await openIncident({
      config: {
        explanations: { drafting: { url, model: 'small', timeout: '1s' } },
        areas: { checkout: { en: 'paying', zh: '结账' } },
      },
      env: { DRAFTING_KEY: 'sesame' },
    });
    await forewarn.know(aCustomer({ externalId: 'c1', name: 'Noah Fischer', email: 'noah@customers.example' }));
    await forewarn.runStages('audience', 'draft');
    return asked;
  }

  it('translates what a person approved, from facts and texts alone, and is neither kept nor published', async () => {
    const asked = await withEndpoint((response) => response.end(answered(WORDS)));
    await forewarn.api.patch('/v1/incidents/1', { area: 'checkout' });
    await forewarn.api.put('/v1/incidents/1/explanations/en', {
      title: 'Checkout with a coupon fails',
      workaround:
        'Leave the coupon out, or write to noah@customers.example or call +49 30 901820. Noah Fischer knows how.',
    });
    const before = await forewarn.rows('SELECT * FROM explanation ORDER BY locale, version');

    const { status, body } = await draft('zh', { from: 'en' });

    expect(status).toBe(200);
    expect(body).toEqual({
      incidentId: '1',
      locale: 'zh',
      from: 'en',
      reviewState: 'draft',
      author: 'machine',
      ...WORDS,
    });
    expect(await forewarn.rows('SELECT * FROM explanation ORDER BY locale, version')).toEqual(before);
    expect((await ask('locale=zh')).items[0]?.title).not.toBe(WORDS.title);
    expect(asked[0]?.headers.authorization).toBe('Bearer sesame');
    const sent = JSON.parse(asked[0]?.body ?? '{}') as { model: string; messages: { role: string; content: string }[] };
    expect([sent.model, sent.messages.map(({ role }) => role)]).toEqual(['small', ['system', 'user']]);
    expect(JSON.parse(sent.messages[1]?.content ?? '{}')).toMatchObject({
      locale: 'zh',
      area: '结账',
      reviewed: { locale: 'en', title: 'Checkout with a coupon fails', body: expect.stringContaining('{{ since }}') },
    });
    expect(asked[0]?.body).toContain('Leave the coupon out, or write to');
    expect(asked[0]?.body).toContain('[name] knows how.');
    expect(asked[0]?.body).not.toMatch(/noah|Fischer|customers\.example|901820|"c1"|TypeError|total/i);
    expect((await draft('zh', { from: 'zh' })).status).toBe(409);
    expect((await draft('fr')).status).toBe(400);
  });

  it('is refused in clear words where there is no endpoint, or where its answer is of no use', async () => {
    const useless: [(response: ServerResponse) => void, RegExp][] = [
      [(response) => response.writeHead(401).end('{}'), /it answered 401/],
      [(response) => response.end('<html>'), /no choices with a message/],
      [(response) => response.end(answered({ ...WORDS, title: '' })), /not the five texts/],
      [(response) => response.end(answered({ ...WORDS, body: '{{ customer.name }}' })), /not the five texts/],
      [(response) => response.end(answered({ ...WORDS, body: 'x'.repeat(70_000) })), /larger than 64 KiB/],
      [(response) => response.destroy(), /cannot be reached/],
      [() => undefined, /took longer than 1 s/],
    ];
    let turn = 0;
    await withEndpoint((response) => useless[turn]?.[0](response));
    for (const [, words] of useless) {
      const { status, body } = await draft('en');
      expect([status, body.detail]).toEqual([503, expect.stringMatching(words)]);
      turn++;
    }
    await forewarn.stop();
    forewarn = await openIncident();
    expect(await draft('en')).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('explanations.drafting') },
    });
  });
});
