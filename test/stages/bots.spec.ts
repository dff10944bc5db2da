import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Client,
  discoverOAuthProtectedResourceMetadata,
  extractWWWAuthenticateParams,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import { anEvent } from '../support/builders.js';
import { EventStream } from '../support/event-stream.js';
import { ADMIN_TOKEN, TestDaemon } from '../support/test-daemon.js';

const CONFIG = { explanations: { keepFixed: '2h', matching: { embedder: 'none' } } };
const CARD = {
  title: 'Paying by card fails',
  body: 'Paying by card fails at the checkout.',
  workaround: 'Pay by transfer.',
};
const CARD_ZH = { title: '信用卡支付失败', body: '使用信用卡付款时失败。', workaround: '请使用银行转账。' };
const MEANT = 'paying by card fails at the checkout';
const OTHER = 'where is your nearest shop in Lisbon';

async function withIncident(env: Record<string, string> = {}): Promise<TestDaemon> {
  const daemon = await TestDaemon.start({ config: CONFIG, env });
  await daemon.send(...['c1', 'c2', 'c3'].map((customer) => anEvent({ customer })));
  await daemon.runStages('detect', 'incident-open', 'draft');
  await daemon.api.put('/v1/incidents/1/explanations/en', CARD);
  await daemon.api.put('/v1/incidents/1/explanations/zh', CARD_ZH);
  return daemon;
}

interface Match {
  readonly match: string;
  readonly items: readonly { readonly answerId: string; readonly incidentId: string; readonly score: number }[];
}

describe('POST /v1/bot/match', () => {
  let forewarn: TestDaemon;
  beforeAll(async () => (forewarn = await withIncident()));
  afterAll(() => forewarn.stop());

  const match = async (text: string, customer?: string) =>
    (await forewarn.api.post('/v1/bot/match', { text, ...(customer !== undefined && { customer }) })).body as Match;
  const report = (answerId: string, outcome: string) => forewarn.api.post('/v1/bot/outcomes', { answerId, outcome });

  it('finds the incident that the words are about, and says why', async () => {
    expect(await match(MEANT, 'c1')).toMatchObject({
      customer: 'known',
      match: expect.stringMatching(/confident|possible/),
      items: [{ incidentId: '1', hit: true, title: CARD.title, why: { hit: true, meaning: null } }],
    });
    expect((await match('用信用卡付款失败', 'c1')).items).toHaveLength(1);
  });

  it('says nothing where nothing fits, whoever asks', async () => {
    expect(await match(OTHER, 'c1')).toMatchObject({ match: 'none', items: [], handover: 'offered' });
    expect(await match(OTHER)).toMatchObject({ customer: 'unknown', match: 'none', items: [] });
  });

  it('says that a person must take over where the words ask for one, in the language of who asks', async () => {
    expect(await match('I want to talk to a human')).toMatchObject({
      handover: 'required',
      line: expect.stringMatching(/passing this on to a person/),
    });
    expect(await match('转人工')).toMatchObject({ handover: 'required' });
    expect(await match(MEANT, 'c1')).toMatchObject({ handover: null, line: null });
  });

  it('refuses texts that are none, and fields that it does not know', async () => {
    const bodies = [
      {},
      { text: '' },
      { text: 'x'.repeat(2001) },
      { text: 'x', colour: 'red' },
      { text: '\ud800' },
      { text: 'a\0b' },
    ];
    const answers = await Promise.all(bodies.map((body) => forewarn.api.post('/v1/bot/match', body)));
    expect(answers.map(({ status }) => status)).toEqual(bodies.map(() => 400));
  });

  it('learns words that two customers confirmed, hides what they say of themselves, and forgets what a person takes out', async () => {
    const words = 'the transaction was declined twice, write to me at mei@customers.example';
    const [first, second] = [await match(`${MEANT}: ${words}`, 'c1'), await match(`${MEANT}; ${words}`, 'c2')];
    const examples = async () =>
      (
        (await forewarn.api.get('/v1/incidents/1/examples')).body as {
          items: { id: string; state: string; text: string }[];
        }
      ).items;

    await report(first.items[0]?.answerId ?? '', 'helped');
    expect((await examples()).map(({ state }) => state)).toEqual(['waiting']);
    await report(second.items[0]?.answerId ?? '', 'helped');

    const learnt = await examples();
    expect(learnt.map(({ state }) => state)).toEqual(['inUse', 'inUse']);
    expect(learnt[0]?.text).not.toContain('mei@');
    expect((await match('the transaction was declined twice')).items[0]?.incidentId).toBe('1');
    expect((await forewarn.api.delete(`/v1/incidents/1/examples/${learnt[0]?.id}`)).status).toBe(204);
    expect((await forewarn.api.delete(`/v1/incidents/1/examples/${learnt[0]?.id}`)).status).toBe(404);
    expect((await examples()).map(({ state }) => state)).toEqual(['removed', 'waiting']);
  });

  it('takes the last word about an answer once, and none about an answer that we did not give', async () => {
    const { items } = await match(MEANT, 'c3');
    const answerId = items[0]?.answerId ?? '';

    const answers = [await report(answerId, 'helped'), await report(answerId, 'helped'), await report(answerId, 'not')];
    const forged = await report(answerId.replace(/^1\./, '2.'), 'helped');
    const nonsense = [await report('x', 'helped'), await report(answerId, 'maybe')];

    expect(answers.map(({ status, body }) => [status, (body as { incidentId: string }).incidentId])).toEqual([
      [200, '1'],
      [200, '1'],
      [200, '1'],
    ]);
    expect([forged, ...nonsense].map(({ status }) => status)).toEqual([404, 404, 400]);
    const rows = await forewarn.rows('SELECT outcome FROM bot_outcome WHERE answer = $1', [
      answerId.slice(0, answerId.lastIndexOf('.')),
    ]);
    expect(rows).toEqual([{ outcome: 'not' }]);
    forewarn.clock.advance('9d');
    expect((await report(answerId, 'helped')).status).toBe(410);
  });
});

describe('GET /v1/bot/stream', () => {
  let forewarn: TestDaemon;
  let beside: TestDaemon;
  beforeAll(async () => {
    forewarn = await withIncident();
    beside = await TestDaemon.start({ config: CONFIG, beside: forewarn });
  });
  afterAll(async () => {
    await beside.stop();
    await forewarn.stop();
  });

  it('begins with everything, and passes on what any process changes', async () => {
    const stream = await EventStream.open(forewarn, '?locale=en');
    const [first, ready] = [await stream.next(), await stream.next()];
    expect(first).toMatchObject({
      event: 'incident',
      data: { incidentId: '1', state: 'active', texts: { en: { title: CARD.title } } },
    });
    expect(ready).toMatchObject({ event: 'ready', data: { version: ready.id } });

    await beside.api.put('/v1/incidents/1/explanations/en', { ...CARD, title: 'Cards are refused' });

    expect(await stream.next()).toMatchObject({
      event: 'incident',
      data: { texts: { en: { title: 'Cards are refused' } } },
    });
    stream.close();
  });

  it('misses nothing over a reconnect to another process, and says what is gone', async () => {
    const { version } = (await forewarn.api.get('/v1/bot/snapshot')).body as { version: string };
    await forewarn.api.post('/v1/incidents', { project: 'shop', title: 'x' });
    await forewarn.api.post('/v1/incidents', { project: 'shop', title: 'y' });
    await forewarn.api.patch('/v1/incidents/2', { status: 'resolved' });

    const stream = await EventStream.open(beside, '', version);
    const came = [await stream.next(), await stream.next()];
    const told = came.map(({ data }) => data as { incidentId: string; state: string });
    expect(told.map(({ incidentId, state }) => [incidentId, state]).sort()).toEqual([
      ['2', 'fixed'],
      ['3', 'active'],
    ]);

    forewarn.clock.advance('121m');
    await forewarn.runStage('draft');
    const later = [];
    do later.push(await stream.next());
    while (later.at(-1)?.event !== 'gone');
    expect(later.at(-1)?.data).toEqual({ incidentId: '2' });
    stream.close();
  });

  it('begins anew for a place that it never gave, and refuses what is none', async () => {
    const stream = await EventStream.open(forewarn, '', '999999');
    expect(await stream.next()).toMatchObject({ event: 'reset' });
    stream.close();
    expect((await EventStream.open(forewarn, '?after=x')).status).toBe(400);
  });

  it('gives a snapshot, 304 while nothing changed', async () => {
    const first = await forewarn.api.get('/v1/bot/snapshot?locale=zh-CN');
    expect(first.body).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({ incidentId: '1', texts: { zh: expect.anything() } })]),
    });
    const headers = { 'if-none-match': first.headers.get('etag') ?? '' };
    expect((await forewarn.api.raw('GET', '/v1/bot/snapshot?locale=zh-CN', { headers })).status).toBe(304);
  });
});

describe('POST /mcp', () => {
  let forewarn: TestDaemon;
  beforeAll(async () => (forewarn = await withIncident()));
  afterAll(() => forewarn.stop());

  it.each(['2026-07-28', '2025-11-25'])(
    'lists, finds, explains and takes outcomes for a client of revision %s',
    async (revision) => {
      const mode = revision === '2026-07-28' ? { pin: revision } : ('legacy' as const);
      const client = new Client({ name: 'bot', version: '1' }, { versionNegotiation: { mode } });
      const requestInit = { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } };
      await client.connect(new StreamableHTTPClientTransport(new URL(`${forewarn.url}/mcp`), { requestInit }));
      const call = async (name: string, args: Record<string, unknown>) => {
        const result = await client.callTool({ name, arguments: args });
        return (result.structuredContent ?? result) as Record<string, unknown>;
      };

      const { tools } = await client.listTools();
      const listed = await call('list_active_incidents', { customer_id: 'c1' });
      const found = await call('find_incident', { text: MEANT, customer_id: 'c1', locale: 'en' });
      const none = await call('find_incident', { text: OTHER, customer_id: 'c1' });
      const explained = await call('get_explanation', { incident_id: '1', locale: 'zh' });
      const reported = await call('report_outcome', { answer_id: found['answer_id'], outcome: 'handed_off' });
      const handed = await call('hand_over', { customer_id: 'c1', reason: 'it did not help', locale: 'zh' });
      await client.close();

      expect(tools.map(({ name }) => name)).toEqual([
        'list_active_incidents',
        'find_incident',
        'get_explanation',
        'report_outcome',
        'hand_over',
      ]);
      expect(listed).toMatchObject({
        customer: 'known',
        incidents: [{ id: '1', hit: true, explanation: CARD.body }],
        ttl_s: 60,
      });
      expect(found).toMatchObject({ incident: { id: '1' }, why: { hit_by_telemetry: true }, already_told: null });
      expect(none).toMatchObject({ match: 'none', incident: null, answer_id: null });
      expect(explained).toMatchObject({ incident: { locale: 'zh', hit: false } });
      expect(reported).toEqual({ incident_id: '1', outcome: 'handed_off' });
      expect(handed).toMatchObject({
        hand_over_id: '1',
        state: 'open',
        say_to_customer: expect.stringContaining('人工'),
      });
    },
  );

  it('points a client without a token to how it is protected, as the official client reads it', async () => {
    const post = (headers: Record<string, string>) =>
      fetch(`${forewarn.url}/mcp`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
      });
    for (const refused of [await post({}), await post({ authorization: 'Bearer wrong' })]) {
      expect(refused.status).toBe(401);
      const { resourceMetadataUrl } = extractWWWAuthenticateParams(refused);
      expect(resourceMetadataUrl?.href).toBe(`${forewarn.url}/.well-known/oauth-protected-resource/mcp`);
      expect(
        await discoverOAuthProtectedResourceMetadata(`${forewarn.url}/mcp`, { resourceMetadataUrl }),
      ).toMatchObject({ resource: `${forewarn.url}/mcp` });
    }
    const elsewhere = await fetch(`${forewarn.url}/v1/incidents`);
    expect(extractWWWAuthenticateParams(elsewhere).resourceMetadataUrl).toBeUndefined();
  });

  it('is closed to other sites and to callers without a token, and says what is wrong with a message', async () => {
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    const post = (init: RequestInit, who = forewarn.api) => who.raw('POST', '/mcp', init);
    for (const path of ['/.well-known/oauth-protected-resource', '/.well-known/oauth-protected-resource/mcp'])
      expect((await forewarn.anyone.get(path)).body).toMatchObject({
        resource: `${forewarn.url}/mcp`,
        bearer_methods_supported: ['header'],
      });

    const answers = [
      await post({ headers: { ...headers, origin: 'https://evil.example' }, body }),
      await post({ headers, body }, forewarn.anyone),
      await post({ headers, body: '{"nonsense":true}' }),
      await forewarn.api.get('/mcp'),
    ];

    expect(answers.map(({ status }) => status)).toEqual([403, 401, 400, 405]);
  });
});

describe('hooks of bots', () => {
  let forewarn: TestDaemon;
  let chatwoot: Server;
  const calls: { path: string | undefined; token: unknown; body: unknown }[] = [];
  beforeAll(async () => {
    chatwoot = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as unknown;
        calls.push({ path: request.url, token: request.headers['api_access_token'], body });
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    await new Promise<void>((done) => chatwoot.listen(0, 'localhost', done));
    const { port } = chatwoot.address() as AddressInfo;
    forewarn = await withIncident({ CHATWOOT_URL: `http://localhost:${port}`, CHATWOOT_BOT_TOKEN: 'bot-token' });
  });
  afterAll(async () => {
    await new Promise((done) => chatwoot.close(done));
    await forewarn.stop();
  });

  it('carry a conversation with Rasa from the question to the outcome', async () => {
    const tracker = (slots: object, text: string) => ({
      sender_id: 'conv-1',
      slots,
      latest_message: { text, intent: { name: 'problem' } },
      events: [],
    });
    const run = (next_action: string, slots: object, text = '') =>
      forewarn.api.post('/hooks/rasa/webhook', {
        next_action,
        sender_id: 'conv-1',
        tracker: tracker(slots, text),
        domain: {},
        version: '3.6.20',
      });

    const answered = await run('action_active_incident', { customer_id: 'c1', locale: 'en' }, MEANT);
    const { events, responses } = answered.body as {
      events: { name: string; value: string }[];
      responses: { text: string }[];
    };
    const answer_id = events.find(({ name }) => name === 'answer_id')?.value;
    const reported = await run('action_report_outcome', { answer_id, outcome: 'helped' });
    const silent = await run('action_active_incident', { customer_id: 'c1' }, OTHER);
    const unknown = await run('action_listen', {});

    expect(responses[0]?.text).toContain(`${CARD.body}\n${CARD.workaround}`);
    expect(events).toContainEqual({ event: 'slot', timestamp: null, name: 'incident_id', value: '1' });
    expect([reported.status, unknown.status]).toEqual([200, 404]);
    expect(silent.body).toMatchObject({
      responses: [],
      events: expect.arrayContaining([expect.objectContaining({ name: 'incident_match', value: 'none' })]),
    });
  });

  it('answer a webhook of Dialogflow CX in the language of the session', async () => {
    const answer = await forewarn.api.post('/hooks/dialogflow', {
      detectIntentResponseId: 'd-1',
      languageCode: 'zh-cn',
      fulfillmentInfo: { tag: 'active_incident' },
      sessionInfo: { session: 'projects/p/locations/l/agents/a/sessions/s', parameters: { customer_id: 'c1' } },
      text: '使用信用卡付款时失败',
    });

    expect(answer.body).toMatchObject({
      fulfillmentResponse: {
        messages: [{ text: { text: [expect.stringContaining(CARD_ZH.body)] } }],
        mergeBehavior: 'APPEND',
      },
      sessionInfo: { parameters: { incident_id: '1', incident_hit: true, locale: 'zh' } },
    });
  });

  it('answer in Chatwoot what fits, hand over what does not, and leave alone what is not the bot’s', async () => {
    const event = (content: string, about: object = {}) => ({
      event: 'message_created',
      message_type: 'incoming',
      content,
      conversation: { id: 7, status: 'pending' },
      account: { id: 2 },
      sender: { identifier: 'c1', email: null, phone_number: null },
      ...about,
    });
    const did = async (body: object) =>
      ((await forewarn.api.post('/hooks/chatwoot', body)).body as { did: string }).did;

    const done = [
      await did(event(CARD.body)),
      await did(event(OTHER)),
      await did(event('hello', { message_type: 'outgoing' })),
      await did(event(CARD.body, { conversation: { id: 7, status: 'open' } })),
    ];

    expect(done).toEqual(['answered', 'handedOver', 'nothing', 'nothing']);
    expect(calls).toEqual([
      {
        path: '/api/v1/accounts/2/conversations/7/messages',
        token: 'bot-token',
        body: { content: expect.stringContaining(CARD.body), message_type: 'outgoing' },
      },
      { path: '/api/v1/accounts/2/conversations/7/toggle_status', token: 'bot-token', body: { status: 'open' } },
    ]);
  });
});
