import { afterEach, describe, expect, it } from '@jest/globals';
import { BufferOutlet } from '../../src/intake/buffer/buffer-outlet.service.js';
import { aCustomer, anEvent, anotherEvent, type EventBody } from '../support/builders.js';
import { aConfig } from '../support/test-config.js';
import { TestDaemon } from '../support/test-daemon.js';

/** A plain message; words that differ at one place alone make one template once there are eight of them. */
function aMessage(message: string, about: EventBody = {}): EventBody {
  return { id: crypto.randomUUID(), message, level: 'error', ...about };
}

const NAMES = [
  'amber',
  'birch',
  'cedar',
  'daisy',
  'elder',
  'fern',
  'grove',
  'hazel',
  'ivy',
  'jasmine',
  'kelp',
  'lotus',
];
const synced = (name: string) => aMessage(`shelf of ${name} could not be synchronised with the store`);

interface IssueView {
  readonly id: string;
  readonly title: string;
  readonly events: number;
  readonly customers: number;
  readonly severity: string | null;
  readonly area: string | null;
}

async function issues(forewarn: TestDaemon): Promise<IssueView[]> {
  return ((await forewarn.api.get('/v1/issues?limit=200')).body as { items: IssueView[] }).items.reverse();
}

/** Which issue each key leads to. */
async function grouping(forewarn: TestDaemon): Promise<Map<string, number>> {
  const rows = await forewarn.rows<{ key: string; issue: number }>(
    'SELECT f.key, i.root_id AS issue FROM fingerprint f JOIN cell c ON c.id = f.cell_id JOIN issue i ON i.id = c.issue_id',
  );
  return new Map(rows.map(({ key, issue }) => [key, issue]));
}

describe('messages', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  it('go into one issue when only a value differs', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.send(
      aMessage('order 17 could not be shipped to warehouse 4', { customer: 'c1' }),
      aMessage('order 18 could not be shipped to warehouse 9', { customer: 'c2' }),
    );

    expect(await issues(forewarn)).toEqual([expect.objectContaining({ events: 2, customers: 2 })]);
  });

  it('go into one issue when they differ by names that only their template knows as values', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.send(aMessage('connection to node alpha-1.internal refused by peer'));
    await forewarn.send(aMessage('connection to node beta-2.internal refused by peer'));

    const fingerprints = await grouping(forewarn);
    expect(new Set(fingerprints.values()).size).toBe(1);
  });

  it('that turn out to be one template later stay apart, with links that say why', async () => {
    forewarn = await TestDaemon.start();
    for (const name of NAMES.slice(0, 8)) await forewarn.send(synced(name));

    expect(await issues(forewarn)).toHaveLength(7);
    const { items } = (await forewarn.api.get('/v1/issues/1/links')).body as {
      items: { reason: string; state: string }[];
    };
    expect(items).toHaveLength(6);
    expect(items[0]).toMatchObject({ reason: 'same message template', state: 'proposed' });
    await forewarn.send(synced('willow'));
    expect(await issues(forewarn)).toHaveLength(7);
  });

  it('lead to the same issue after a restart and in another daemon, however they arrive', async () => {
    forewarn = await TestDaemon.start();
    for (const name of NAMES.slice(0, 5)) await forewarn.send(synced(name));
    const second = await TestDaemon.start({ beside: forewarn });
    for (const name of NAMES.slice(5, 9)) await second.send(synced(name));
    await forewarn.send(synced('willow'));
    await second.send(synced('yarrow'));
    await second.stop();
    const third = await TestDaemon.start({ beside: forewarn });
    await third.send(synced('zinnia'), synced('willow'));
    await third.stop();

    const found = await issues(forewarn);
    expect(found.map((one) => one.events)).toEqual([7, 1, 1, 1, 1, 1, 1]);
  });

  it('are counted exactly when two daemons learn the same templates at once', async () => {
    forewarn = await TestDaemon.start();
    const second = await TestDaemon.start({ beside: forewarn });
    const sends = NAMES.flatMap((name) => [forewarn.send(synced(name)), second.send(synced(name), synced('willow'))]);

    await Promise.all(sends);

    await second.stop();
    const found = await issues(forewarn);
    expect(found.reduce((sum, one) => sum + one.events, 0)).toBe(3 * NAMES.length);
    expect(found).toHaveLength(7);
  });

  it('keep their templates when a transaction that learnt one is rolled back', async () => {
    forewarn = await TestDaemon.start();
    for (const name of NAMES.slice(0, 4)) await forewarn.send(synced(name));
    await forewarn.rows(`ALTER TABLE issue_minute ADD CONSTRAINT closed CHECK (events > 1000000) NOT VALID`);
    const outlet = forewarn.daemon.app.get(BufferOutlet);
    const project = Number((await forewarn.project()).id);
    const lost = {
      projectId: project,
      receivedAt: 0,
      payload: undefined,
      event: eventOf('shelf of moss could not be synchronised with the store'),
    };
    await expect(outlet.digest([outlet.queued(lost)])).rejects.toThrow();
    await forewarn.rows('ALTER TABLE issue_minute DROP CONSTRAINT closed');

    for (const name of NAMES.slice(4, 8)) await forewarn.send(synced(name));
    await forewarn.send(synced('willow'));

    expect(await issues(forewarn)).toHaveLength(7);
  });

  it('with very many wordings are still counted by few cells', async () => {
    forewarn = await TestDaemon.start();
    const words = Array.from(
      { length: 40 },
      (_, at) => `name${String.fromCharCode(97 + (at % 26), 97 + Math.floor(at / 26))}x`,
    );
    await forewarn.send(...words.map((word) => synced(word)));

    const cells = await forewarn.row<{ count: number }>(
      'SELECT max(n)::int AS count FROM (SELECT count(*) AS n FROM cell GROUP BY issue_id) x',
    );
    expect(cells.count).toBeLessThanOrEqual(16);
    expect((await issues(forewarn)).reduce((sum, one) => sum + one.events, 0)).toBe(40);
  });
});

describe('a batch of new faults', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  const fault = (at: number) =>
    anEvent({
      type: 'StockError',
      message: `no stock ${at}`,
      stack: `StockError: x\n    at reserve${NAMES[at]} (/srv/shop/src/${NAMES[at]}.js:1:1)`,
    });
  const node = (name: string) => aMessage(`connection to node ${name}.internal refused by peer`);

  it('opens each once, with the wordings of a template beside each other, and a second daemon agrees', async () => {
    forewarn = await TestDaemon.start();
    const faults = NAMES.map((_, at) => fault(at));
    await forewarn.send(...faults, ...NAMES.map(synced), node('alpha-1'), fault(0), node('beta-2'));

    const found = await issues(forewarn);
    expect(found.map((one) => one.events)).toEqual([2, ...Array<number>(11).fill(1), 6, 1, 1, 1, 1, 1, 1, 2]);
    const [rows] = await forewarn.rows(
      'SELECT (SELECT count(*)::int FROM cell) AS cells, (SELECT count(*)::int FROM fingerprint) AS fingerprints',
    );
    expect(rows).toEqual({ cells: 25, fingerprints: 25 });
    const before = await grouping(forewarn);

    const second = await TestDaemon.start({ beside: forewarn });
    await second.send(...NAMES.map((_, at) => fault(at)), ...NAMES.map(synced), node('alpha-1'), node('beta-2'));
    expect(await grouping(forewarn)).toEqual(before);
    await second.send(synced('willow'), node('gamma-3'));
    await second.stop();

    expect((await issues(forewarn)).map((one) => one.events)).toEqual([
      ...[3, ...Array<number>(11).fill(2)],
      ...[13, ...Array<number>(6).fill(2), 5],
    ]);
  });
});

describe('exceptions', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  it('are grouped alike in whatever order and batches, and by however many daemons, they arrive', async () => {
    const kinds = Array.from({ length: 6 }, (_, at) => ({
      type: at % 2 ? 'StockError' : 'TypeError',
      message: `no stock of ${at}`,
      stack: `Error: x\n    at reserve${'abcdef'[at]} (/srv/shop/src/stock.js:${at + 1}:1)\n    at handle (/srv/shop/src/server.js:9:1)`,
    }));
    const events = Array.from({ length: 36 }, (_, at) => anEvent({ ...kinds[(at * 7) % 6], customer: `c${at % 5}` }));
    forewarn = await TestDaemon.start();
    await forewarn.send(...events);
    const inOrder = await shares(forewarn);
    await forewarn.stop();

    forewarn = await TestDaemon.start();
    const second = await TestDaemon.start({ beside: forewarn });
    const reversed = [...events].reverse();
    await Promise.all(reversed.map((event, at) => (at % 2 ? forewarn : second).send(event)));
    await second.stop();

    expect(await shares(forewarn)).toEqual(inOrder);
    expect(inOrder).toHaveLength(6);
  });
});

/** Keys that share an issue, with the issue's counts, without the numbers of issues. */
async function shares(forewarn: TestDaemon) {
  const rows = await forewarn.rows<{ keys: string[]; events: number; customers: number }>(
    `SELECT array_agg(DISTINCT f.key ORDER BY f.key) AS keys, max(c.event_count)::int AS events,
       (SELECT count(*)::int FROM issue_customer x WHERE x.cell_id = min(c.id)) AS customers
     FROM fingerprint f JOIN cell c ON c.id = f.cell_id GROUP BY c.issue_id ORDER BY 1`,
  );
  return rows;
}

describe('rules', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  const rules = [
    { name: 'bots', match: { message: '*page must be positive*' }, set: { ignore: true } },
    { name: 'checkout', match: { function: 'applyCoupon' }, set: { severity: 'minor', area: 'checkout' } },
    { name: 'gateway', match: { message: 'gateway*' }, set: { fingerprint: ['gateway'], severity: 'critical' } },
  ];

  it('ignore, group and judge events as they come in', async () => {
    forewarn = await TestDaemon.start({ config: { grouping: { rules } } });

    const answer = await forewarn.send(
      anEvent({ customer: 'c1' }),
      anotherEvent({ customer: 'c1' }),
      aMessage('gateway lost its way', { customer: 'c1' }),
      aMessage('gateway is tired', { customer: 'c2' }),
    );

    expect(answer).toMatchObject({ accepted: 3, ignored: 1 });
    expect(await issues(forewarn)).toEqual([
      expect.objectContaining({ events: 1, severity: 'minor', area: 'checkout' }),
      expect.objectContaining({ events: 2, customers: 2, severity: 'critical', area: null }),
    ]);
  });

  it('that changed replace what older rules said of an issue', async () => {
    forewarn = await TestDaemon.start({ config: { grouping: { rules } } });
    const gateway = () => aMessage('gateway is tired');
    await forewarn.send(gateway());
    const milder = rules.map((rule) => ({
      ...rule,
      set: rule.set.severity ? { ...rule.set, severity: 'minor' } : rule.set,
    }));
    const second = await TestDaemon.start({ beside: forewarn, config: { grouping: { rules: milder } } });
    await second.send(gateway());
    await second.stop();

    expect(await issues(forewarn)).toEqual([expect.objectContaining({ severity: 'minor' })]);
  });

  it('give an incident its severity and its area', async () => {
    forewarn = await TestDaemon.start({ config: { grouping: { rules } } });
    await forewarn.know(...['c1', 'c2', 'c3'].map((externalId) => aCustomer({ externalId })));
    await forewarn.send(...['c1', 'c2', 'c3'].map((customer) => anEvent({ customer })));
    await forewarn.plan();

    const { items } = (await forewarn.api.get('/v1/incidents')).body as { items: unknown[] };
    expect(items).toEqual([expect.objectContaining({ severity: 'minor', area: 'checkout' })]);
  });

  it('can be tried on recent samples before they apply', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.send(anEvent(), anotherEvent(), aMessage('gateway lost its way'), aMessage('gateway is tired'));

    const answer = await forewarn.api.post('/v1/issues/rules/try', { rules });

    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      samples: 4,
      unreadable: 0,
      rules: [
        { name: 'bots', matched: 1 },
        { name: 'checkout', matched: 1 },
        { name: 'gateway', matched: 2 },
      ],
    });
    const changed = (answer.body as { issues: { issueId: string }[] }).issues.sort(
      (a, b) => Number(a.issueId) - Number(b.issueId),
    );
    expect(changed).toEqual([
      expect.objectContaining({ issueId: '1', regrouped: 0, severity: 'minor', area: 'checkout' }),
      expect.objectContaining({ issueId: '2', ignored: 1 }),
      expect.objectContaining({ issueId: '3', regrouped: 1, joins: ['4'] }),
      expect.objectContaining({ issueId: '4', regrouped: 1, joins: ['3'] }),
    ]);
    expect(await issues(forewarn)).toHaveLength(4);
  });

  it('that are wrong are refused with every problem', async () => {
    forewarn = await TestDaemon.start();
    const wrong = [{ name: 'x', match: { mesage: 'a' }, set: {} }];

    const answer = await forewarn.api.post('/v1/issues/rules/try', { rules: wrong });

    expect(answer.status).toBe(400);
    expect((answer.body as { errors: unknown[] }).errors.length).toBeGreaterThan(1);
    expect(() => aConfig({ grouping: { rules: wrong } })).toThrow(/mesage/);
  });
});

function eventOf(message: string) {
  return {
    eventId: crypto.randomUUID().replaceAll('-', ''),
    occurredAt: 0,
    platform: 'node',
    level: 'error' as const,
    message,
    exceptions: [],
    environment: 'production',
    tags: {},
  };
}
