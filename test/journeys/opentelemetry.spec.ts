import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { aCustomer } from '../support/builders.js';
import { DatabaseLink } from '../support/database-link.js';
import { allIssues, hitsOf, issueWith } from '../support/issues.js';
import { runNode } from '../support/run-process.js';
import { createDatabase, type TestDatabase } from '../support/test-database.js';
import { TestDaemon } from '../support/test-daemon.js';
import { send } from '../support/wire.js';

jest.setTimeout(60_000);

const APP = fileURLToPath(new URL('../support/otel-app.mjs', import.meta.url));
const WEB_APP = fileURLToPath(new URL('../support/otel-web-app.cjs', import.meta.url));
const CUSTOMERS = ['anna', 'bo', 'chen'];
/** Records sent beside the errors, by signal: records of low severity, spans without an exception and other span events. */
const NO_ERRORS = { logs: 2, traces: 4 } as const;

let forewarn: TestDaemon;
let database: TestDatabase;
let link: DatabaseLink;
beforeAll(async () => {
  database = await createDatabase();
  link = await DatabaseLink.to(database.url);
  forewarn = await TestDaemon.start({ env: { DATABASE_URL: link.url } });
});
afterAll(async () => {
  await forewarn.stop();
  await link.cut();
  await database.drop();
});

interface Exported {
  readonly code: number;
  readonly status?: number;
}

/** Runs the shop with one of the exporters; answers what each export came to. */
async function runOtelShop(
  signal: string,
  format: string,
  about: { key?: string; times?: number; customers?: readonly string[] } = {},
): Promise<Exported[]> {
  const { key = (await forewarn.project()).key, times = 1, customers = CUSTOMERS } = about;
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `${forewarn.url}/otlp`,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer ${key}`,
  };
  const ended = await runNode(APP, [signal, format], { env, input: JSON.stringify({ customers, times }) });
  if (ended.code !== 0) throw new Error(`the shop ended with ${ended.code}: ${ended.stderr}`);
  return ended.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Exported);
}

async function outcomes(): Promise<Record<string, number>> {
  await forewarn.runStage('outcome-flush');
  const rows = await forewarn.rows<{ outcome: string; count: number }>(
    'SELECT outcome, sum(count)::int AS count FROM intake_outcome GROUP BY 1',
  );
  return Object.fromEntries(rows.map((row) => [row.outcome, row.count]));
}

async function outcomesOf<T>(work: () => Promise<T>): Promise<{ answer: T; added: Record<string, number> }> {
  const before = await outcomes();
  const answer = await work();
  const after = Object.entries(await outcomes()).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
  return { answer, added: Object.fromEntries(after.filter(([, count]) => count !== 0)) };
}

/** A log record or a span of an error as an exporter of any language may send it. */
const attribute = (key: string, stringValue: string): object => ({ key, value: { stringValue } });
function logsBody(records: readonly object[]): string {
  return JSON.stringify({ resourceLogs: [{ resource: {}, scopeLogs: [{ logRecords: records }] }] });
}

describe.each([
  ['logs', 'json'],
  ['logs', 'protobuf'],
  ['traces', 'json'],
  ['traces', 'protobuf'],
] as const)('the OpenTelemetry exporter of %s as %s, with gzip', (signal, format) => {
  it('gives one issue with the customers it hit, and changes no count when it exports again', async () => {
    const own = CUSTOMERS.map((id) => `${id}-${signal}-${format}`);
    await forewarn.know(...own.map((externalId) => aCustomer({ externalId })));
    const { answer, added } = await outcomesOf(() => runOtelShop(signal, format, { customers: own, times: 2 }));

    expect(answer).toEqual([{ code: 0 }, { code: 0 }]);
    expect(added).toEqual({ accepted: 3, duplicate: 3, discarded: 2 * NO_ERRORS[signal] });
    const issue = await issueWith(forewarn.api, 'TypeError');
    expect(issue).toMatchObject({ service: 'checkout', environment: 'staging', firstRelease: '2.4.1' });
    const hits = (await hitsOf(forewarn.api, issue)).map(({ externalId, events }) => [externalId, events]);
    expect(hits).toEqual(expect.arrayContaining(own.map((externalId) => [externalId, 1])));
  });

  it('is told for good that its key is wrong', async () => {
    const { answer, added } = await outcomesOf(() => runOtelShop(signal, format, { key: 'f'.repeat(32) }));

    expect(answer).toEqual([{ code: 1, status: 403 }]);
    expect(added).toEqual({ unauthorized: 1 });
  });
});

describe('all four exporters', () => {
  it('lead to the same issue, since the fault is the same', async () => {
    const issues = await allIssues(forewarn.api);

    expect(issues.map((one) => [one.events, one.customers])).toEqual([[4 * CUSTOMERS.length, 4 * CUSTOMERS.length]]);
  });
});

describe('an export while the database is away', () => {
  /** Gives the result of `send` when the database comes back after the first answer. */
  async function whileAway<T>(work: () => Promise<T>): Promise<T> {
    const server = forewarn.daemon.app.getHttpServer();
    await link.cut();
    const answered = new Promise((done) => {
      server.once('request', (_request, response) => response.once('finish', done));
    });
    const working = work();
    await answered;
    await link.mend();
    return working;
  }

  it('is answered 503 with a time to come back, in the format of the request, and counts as that alone', async () => {
    const { key } = await forewarn.project();
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const body = logsBody([
      { severityNumber: 17, body: { stringValue: 'no stock' } },
      { severityNumber: 9, body: { stringValue: 'fine' } },
    ]);
    const post = () => send(`${forewarn.url}/otlp/v1/logs`, { headers, body });
    const { answer, added } = await outcomesOf(() => whileAway(post));
    const { answer: again, added: addedThen } = await outcomesOf(post);

    expect([answer.status, answer.headers['retry-after'], answer.headers['content-type']]).toEqual([
      503,
      '5',
      'application/json',
    ]);
    expect(JSON.parse(answer.text)).toEqual({ code: 14, message: expect.any(String) });
    expect(added).toEqual({ unavailable: 1 });
    expect([again.status, addedThen]).toEqual([200, { accepted: 1, discarded: 1 }]);
  });

  it('is repeated by the exporter and counted once', async () => {
    const { key } = await forewarn.project();
    const shop = () => runOtelShop('logs', 'json', { key, customers: ['late'] });
    const { answer, added } = await outcomesOf(() => whileAway(shop));

    expect(answer).toEqual([{ code: 0 }]);
    expect(added).toEqual({ unavailable: 1, accepted: 1, discarded: NO_ERRORS.logs });
  });
});

describe('an error without a time and without a trace', () => {
  it('counts each time it is sent, as nothing tells a resend from the same error again', async () => {
    const { key } = await forewarn.project();
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const record = {
      severityNumber: 17,
      body: { stringValue: 'timeless' },
      attributes: [attribute('user.id', 'anna')],
    };
    const post = () => send(`${forewarn.url}/otlp/v1/logs`, { headers, body: logsBody([record]) });
    const { added } = await outcomesOf(async () => [await post(), await post()]);
    const { added: inOne } = await outcomesOf(() =>
      send(`${forewarn.url}/otlp/v1/logs`, { headers, body: logsBody([record, record]) }),
    );

    expect([added, inOne]).toEqual([{ accepted: 2 }, { accepted: 2 }]);
  });
});

describe('a partial success', () => {
  it('says how many records were not read, and the others count', async () => {
    const { key } = await forewarn.project();
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const records = [{ severityNumber: 17, body: { stringValue: 'half read' } }, 'no record', null];
    const { answer, added } = await outcomesOf(() =>
      send(`${forewarn.url}/otlp/v1/logs`, { headers, body: logsBody(records as object[]) }),
    );

    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      200,
      { partialSuccess: { rejectedLogRecords: '2', errorMessage: expect.any(String) } },
    ]);
    expect(added).toEqual({ accepted: 1, invalid: 2 });
  });

  it('is not spoken of when all went well, or nothing was sent', async () => {
    const { key } = await forewarn.project();
    const json = { authorization: `Bearer ${key}`, 'content-type': 'application/json; charset=utf-8' };
    const protobuf = { authorization: `Bearer ${key}`, 'content-type': 'application/x-protobuf' };
    const answers = [
      await send(`${forewarn.url}/otlp/v1/traces`, { headers: json, body: '{}' }),
      await send(`${forewarn.url}/otlp/v1/logs`, {
        headers: json,
        body: logsBody([{ severityNumber: 17, attributes: [attribute('exception.type', 'E')] }]),
      }),
      await send(`${forewarn.url}/otlp/v1/logs/`, { headers: protobuf, body: '' }),
    ];

    expect(answers.map((one) => [one.status, one.headers['content-type'], one.text])).toEqual([
      [200, 'application/json', '{}'],
      [200, 'application/json', '{}'],
      [200, 'application/x-protobuf', ''],
    ]);
  });

  it('is no answer to a body that cannot be read, nor to a type that is not OTLP', async () => {
    const { key } = await forewarn.project();
    const authorization = `Bearer ${key}`;
    const answers = [
      await send(`${forewarn.url}/otlp/v1/logs`, {
        headers: { authorization, 'content-type': 'application/json' },
        body: '{',
      }),
      await send(`${forewarn.url}/otlp/v1/logs`, {
        headers: { authorization, 'content-type': 'application/x-protobuf' },
        body: 'xxx',
      }),
      await send(`${forewarn.url}/otlp/v1/logs`, {
        headers: { authorization, 'content-type': 'text/plain' },
        body: '{}',
      }),
      await send(`${forewarn.url}/otlp/v1/logs`, { headers: { 'content-type': 'application/json' }, body: '{}' }),
    ];

    expect(answers.map((one) => [one.status, one.headers['content-type']])).toEqual([
      [400, 'application/json'],
      [400, 'application/x-protobuf'],
      [415, 'application/json'],
      [403, 'application/json'],
    ]);
  });
});

/** Errors so far that name no customer. */
async function nobodys(): Promise<number> {
  const body = (await forewarn.api.get('/v1/projects/1')).body as { errors: { nobody: number } };
  return body.errors.nobody;
}

describe('an error of which only the request around it names the user', () => {
  it.each([
    ['express', 'batch'],
    ['express', 'simple'],
    ['fastify', 'batch'],
    ['fastify', 'simple'],
  ])('is that user’s under auto-instrumentation of %s, with spans sent %s', async (framework, processor) => {
    const customers = ['dora', 'emil'].map((name) => `${framework}-${processor}-${name}`);
    const { key } = await forewarn.project();
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `${forewarn.url}/otlp`,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer ${key}`,
    };

    const before = await nobodys();
    const ended = await runNode(WEB_APP, [framework, processor], { env, input: JSON.stringify({ customers }) });
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    await forewarn.runStages('late-names', 'trait-flush');

    const hits = await forewarn.rows<{ id: string; events: number }>(
      `SELECT i.value AS id, h.events FROM issue_customer h JOIN customer_identity i ON i.customer_id = h.customer_id
       WHERE i.value = ANY ($1::text[]) ORDER BY 1`,
      [customers],
    );
    expect(hits).toEqual(customers.map((id) => ({ id, events: 1 })));
    expect(await nobodys()).toBe(before);
  });

  it('is nobody’s where spans of the trace name several', async () => {
    const span = (spanId: string, userId: string | undefined, events: readonly object[] = []) => {
      const attributes = userId === undefined ? [] : [attribute('user.id', userId)];
      return { traceId: 'ab'.repeat(16), spanId, name: 'work', attributes, events };
    };
    const exception = {
      name: 'exception',
      timeUnixNano: String(forewarn.clock.now().getTime() * 1_000_000),
      attributes: [attribute('exception.type', 'Ambiguous'), attribute('exception.message', 'whose is it')],
    };
    const spans = [
      span('01'.repeat(8), undefined, [exception]),
      span('02'.repeat(8), 'one'),
      span('03'.repeat(8), 'two'),
    ];
    const { key } = await forewarn.project();
    const before = await nobodys();

    const answer = await forewarn.anyone.raw('POST', '/otlp/v1/traces', {
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ resourceSpans: [{ resource: {}, scopeSpans: [{ spans }] }] }),
    });
    await forewarn.runStage('late-names');

    expect(answer.status).toBe(200);
    expect(await nobodys()).toBe(before + 1);
  });
});
