import { describe, expect, it } from '@jest/globals';
import { dropFix } from '../client-drops.js';
import { readAtOnce } from '../protocol.js';
import { parseEnvelope } from './envelope.js';
import { type EnvelopeItems, readEnvelopeItems } from './envelope-items.js';
import { MAX_LOG_EVENTS } from './sentry-log.js';
import { SENTRY, UNUSED_CATEGORIES } from './sentry-protocol.js';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const ID = '0123456789abcdef0123456789abcdef';
const OTHER = 'f'.repeat(32);

function read(header: object, ...items: [string, unknown][]): EnvelopeItems {
  const lines = items.map(
    ([type, payload]) =>
      `${JSON.stringify({ type })}\n${typeof payload === 'string' ? payload : JSON.stringify(payload)}`,
  );
  const envelope = parseEnvelope(Buffer.from([JSON.stringify(header), ...lines].join('\n')));
  if (!envelope.ok) throw new Error(envelope.reason);
  return readAtOnce(readEnvelopeItems(envelope, NOW));
}
const telemetryOf = (...given: Parameters<typeof read>) =>
  read(...given).telemetry ?? { sessions: [], clientReports: [], feedback: [] };
const entries = ({ events, telemetry, unused, ignored, faults }: EnvelopeItems): number =>
  events.length + Object.values(telemetry ?? {}).flat().length + unused + ignored + faults.length;

describe('the content of an envelope', () => {
  it('counts every item exactly once', () => {
    const types = [
      'event',
      'session',
      'sessions',
      'client_report',
      'log',
      'feedback',
      'user_report',
      'transaction',
      'attachment',
      'replay_event',
      '',
      'constructor',
      'x'.repeat(500),
    ];
    for (const payload of [
      {},
      '[]',
      'null',
      '',
      '{"a"',
      '{"items":7,"aggregates":7,"discarded_events":7,"contexts":7,"exception":7}',
    ]) {
      for (const type of types) expect(entries(read({}, [type, payload]))).toBe(1);
    }
  });

  it('gives the id of the header to the first event only', () => {
    const { events } = read(
      { event_id: ID },
      ['event', { event_id: OTHER }],
      ['event', { event_id: OTHER }],
      ['event', {}],
    );
    expect(events.map(({ event }) => event.eventId)).toEqual([ID, OTHER, '']);
  });

  it('hands on the payload as it was sent', () => {
    expect(read({}, ['event', { message: 'm', extra: { a: 1 } }]).events[0]?.payload).toEqual({
      message: 'm',
      extra: { a: 1 },
    });
  });

  it('reads and hands on parts that go by the names of old clients under those of today', () => {
    const old = {
      message: 'x',
      'sentry.interfaces.User': { id: 'legacy-1' },
      'sentry.interfaces.Exception': [{ type: 'E', value: 'v' }],
      'sentry.interfaces.Message': { message: 'x %s', params: ['y'] },
      'sentry.interfaces.Http': { url: 'https://shop.example/' },
      'sentry.interfaces.Stacktrace': { frames: [{ function: 'f' }] },
      'sentry.interfaces.Breadcrumbs': { values: [] },
    };
    const [sent] = read({}, ['event', old]).events;
    expect(sent?.event).toMatchObject({
      user: { id: 'legacy-1' },
      message: 'x y',
      exceptions: [{ type: 'E', frames: [{ function: 'f' }] }],
    });
    expect(Object.keys(sent?.payload ?? {})).toEqual([
      'message',
      'user',
      'exception',
      'logentry',
      'request',
      'stacktrace',
      'breadcrumbs',
    ]);
    expect(sent?.text).toBeUndefined();
    const both = read({}, ['event', { user: { id: 'c-1' }, 'sentry.interfaces.User': { id: 'legacy-1' } }]).events[0];
    expect([both?.event.user?.id, both?.payload]).toEqual(['c-1', { user: { id: 'c-1' } }]);
  });

  it('gives the text of an event, from which it can be read again, without a byte order mark', () => {
    const [sent] = read({}, ['event', '\ufeff{"message":"m"}']).events;
    expect(sent?.text?.toString()).toBe('{"message":"m"}');
    expect(SENTRY.readPayload(JSON.parse(sent?.text?.toString() ?? '') as never, NOW)).toEqual(sent?.event);
  });

  it('counts what is not used, and SDKs are never told to hold back what is', () => {
    expect(read({}, ['transaction', {}], ['replay_video', ''], ['check_in', {}], ['brand_new', '']).unused).toBe(4);
    for (const used of ['default', 'error', 'session', 'feedback', 'log_item', 'internal'])
      expect(UNUSED_CATEGORIES).not.toContain(used);
  });

  it('is read in steps, between which others may go first', () => {
    const items = Array.from({ length: 40 }, (): [string, unknown] => ['event', { message: 'x'.repeat(10_000) }]);
    const envelope = parseEnvelope(
      Buffer.from(['{}', ...items.map(([type, item]) => `{"type":"${type}"}\n${JSON.stringify(item)}`)].join('\n')),
    );
    expect(envelope.ok && [...readEnvelopeItems(envelope, NOW)].length).toBe(6);
  });

  it('counts a session once when it starts and once when it ends', () => {
    const attrs = { release: 'shop@1', environment: 'staging' };
    const session = { sid: 'a', did: 'c-1', started: '2026-11-22T11:00:00Z', timestamp: '2026-11-22T11:30:00Z', attrs };
    const { sessions } = telemetryOf(
      {},
      ['session', { ...session, init: true, status: 'ok', errors: 1 }],
      ['session', { ...session, status: 'exited', errors: 1 }],
      ['session', { ...session, init: true, status: 'crashed', errors: 1 }],
      ['session', { ...session, status: 'exited', errors: 0 }],
      ['session', { ...session, status: 'abnormal' }],
    );
    const shape = sessions.flat().map((c) => [c.started, c.exited, c.errored, c.crashed, c.abnormal]);
    expect(shape).toEqual([
      [1, 0, 0, 0, 0],
      [0, 0, 1, 0, 0],
      [1, 0, 0, 1, 0],
      [0, 1, 0, 0, 0],
      [0, 0, 0, 0, 1],
    ]);
    expect(sessions[0]?.[0]).toMatchObject({
      release: 'shop@1',
      environment: 'staging',
      did: 'c-1',
      at: NOW - 1_800_000,
    });
  });

  it('sums the ends of aggregated sessions into what started', () => {
    const { sessions } = telemetryOf({}, [
      'sessions',
      {
        attrs: { release: 'r' },
        aggregates: [
          { started: '2026-11-22T11:59:00Z', exited: 10, errored: 3, crashed: 1 },
          { started: 'x', did: 'c', exited: 1 },
          { exited: 0 },
          null,
        ],
      },
    ]);
    expect(sessions[0]).toEqual([
      {
        release: 'r',
        environment: 'production',
        at: NOW - 60_000,
        started: 14,
        exited: 10,
        errored: 3,
        crashed: 1,
        abnormal: 0,
      },
      {
        release: 'r',
        environment: 'production',
        at: NOW,
        did: 'c',
        started: 1,
        exited: 1,
        errored: 0,
        crashed: 0,
        abnormal: 0,
      },
    ]);
  });

  it('reads what the SDK dropped, says which drops are errors, and knows the fix', () => {
    const { clientReports } = telemetryOf({}, [
      'client_report',
      {
        timestamp: NOW / 1000,
        discarded_events: [
          { reason: 'event_processor', category: 'error', quantity: 4 },
          { reason: 'sample_rate', category: 'transaction', quantity: 9 },
          { reason: 'x', category: 'error' },
          null,
        ],
      },
    ]);
    expect(clientReports[0]?.drops).toEqual([
      { reason: 'event_processor', category: 'error', quantity: 4, ofErrors: true },
      { reason: 'sample_rate', category: 'transaction', quantity: 9, ofErrors: false },
    ]);
    expect(dropFix('event_processor')).toContain('Dedupe');
    expect(dropFix('constructor')).toBe(dropFix('of_tomorrow'));
    expect(dropFix('of_tomorrow')).toContain('documentation');
  });

  it('takes no statistics for used that say nothing', () => {
    const drop = (quantity: unknown) => ({ discarded_events: [{ reason: 'x', category: 'error', quantity }] });
    for (const [type, payload] of [
      ['client_report', {}],
      ['client_report', { discarded_events: { reason: 'x', category: 'error', quantity: 1 } }],
      ['client_report', drop(-4)],
      ['client_report', drop(2_000_000_000)],
      ['client_report', drop('many')],
      ['session', {}],
      ['sessions', {}],
      ['sessions', { aggregates: 7 }],
      ['sessions', { aggregates: [{ exited: -1 }] }],
    ] as const) {
      expect(read({}, [type, payload]).faults).toEqual([
        { position: 1, count: 1, reason: expect.stringContaining(`item "${type}": it counts no`) },
      ]);
    }
    for (const [type, payload] of [
      ['client_report', { discarded_events: [] }],
      ['client_report', { discarded_events: [null, ...drop(1).discarded_events] }],
      ['session', { init: true }],
      ['sessions', { aggregates: [] }],
    ] as const) {
      expect(read({}, [type, payload]).faults).toEqual([]);
    }
  });

  it('takes every logged error of an item up to a bound, and says how many are beyond it', () => {
    const items = Array.from({ length: MAX_LOG_EVENTS + 30 }, (_, n) => ({
      level: n % 100 ? 'error' : 'info',
      body: n,
    }));
    const log = read({}, ['log', { items: items.slice(0, 1200) }]);
    expect([log.events.length, log.ignored, log.faults]).toEqual([1188, 12, []]);
    const long = read({}, ['log', { items: [...items, ...items.slice(0, 100)] }]);
    expect([long.events.length, long.ignored, long.faults[0]?.count]).toEqual([MAX_LOG_EVENTS, 102, 28]);
  });

  it('reads feedback of both kinds with who wrote it and about which error', () => {
    const { telemetry, faults } = read(
      { event_id: ID },
      [
        'feedback',
        {
          user: { id: 'c-1', email: 'old@example.com' },
          contexts: {
            feedback: { message: 'it broke', contact_email: 'a@example.com', name: 'Ada', associated_event_id: OTHER },
          },
        },
      ],
      ['user_report', { event_id: OTHER, comments: 'help', email: 'b@example.com' }],
      ['user_report', {}],
    );
    expect(telemetry?.feedback[0]).toMatchObject({
      eventId: ID,
      aboutEventId: OTHER,
      message: 'it broke',
      name: 'Ada',
      user: { id: 'c-1', email: 'a@example.com' },
    });
    expect(telemetry?.feedback[1]).toMatchObject({
      eventId: '',
      aboutEventId: OTHER,
      message: 'help',
      user: { email: 'b@example.com' },
    });
    expect(faults).toHaveLength(1);
  });

  it('makes events of logged errors, with the same id each time', () => {
    const attributes = {
      'user.id': { value: 'c-1', type: 'string' },
      'sentry.release': { value: 'r' },
      'sentry.sdk.name': { value: 'sentry.javascript.node' },
      'sentry.message.template': { value: 'no %s' },
      os: { value: 'ios' },
    };
    const log = {
      items: [
        { timestamp: NOW / 1000, level: 'error', body: 'no stock', trace_id: ID, attributes },
        { level: 'info', body: 'fine' },
        null,
      ],
    };
    const { events, ignored } = read({}, ['log', log]);
    expect(ignored).toBe(2);
    const event = events[0]?.event;
    expect(event).toMatchObject({
      level: 'error',
      message: 'no stock',
      messageTemplate: 'no %s',
      release: 'r',
      platform: 'node',
      user: { id: 'c-1' },
      tags: { os: 'ios' },
      traceId: ID,
      occurredAt: NOW,
    });
    expect(event?.eventId).toMatch(/^[0-9a-f]{32}$/);
    expect(read({}, ['log', log]).events[0]?.event.eventId).toBe(event?.eventId);
  });
});
