import { describe, expect, it } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import protobuf from 'protobufjs/minimal.js';
import { mutate, pick, type Random, seededRandom } from '../../../test/support/mutate.js';
import { type AppEvent } from '../../events/event.js';
import { type BodyContent, readAtOnce } from '../../events/protocol.js';
import { ROUTES } from '../../events/protocols.js';
import { Scrubber } from '../../events/scrubber.js';
import { factsOf } from '../../grouping/facts.js';
import { decodeBody } from '../http/content-encoding.js';
import { inFull } from '../queued-event.js';
import { SentText } from './sent-text.js';
import { separate } from './separated-body.js';

/** FUZZ_SEED takes another seed; a failure names the body's number. */
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_122);
const BODIES = 1000;
const NOW = Date.parse('2026-11-22T12:00:00Z');
const scrubber = new Scrubber();

const EVENT = {
  event_id: '0123456789abcdef0123456789abcdef',
  timestamp: NOW / 1000,
  level: 'error',
  platform: 'node',
  message: 'no stock for 17',
  logentry: { message: 'no stock for %s', params: [17] },
  exception: {
    values: [
      {
        type: 'TypeError',
        value: 'x of ada@example.com',
        mechanism: { type: 'generic', handled: false },
        stacktrace: {
          frames: [{ filename: '/srv/a.js', function: 'f', lineno: 3, in_app: true, vars: { password: 'x' } }, null],
        },
      },
      { type: 'Error', value: 'outer' },
    ],
  },
  threads: { values: [{ id: 1, crashed: true, stacktrace: { frames: [{ function: 'g' }] } }] },
  user: { id: 'c-1', email: 'ada@example.com', ip_address: '203.0.113.7' },
  tags: { os: 'ios' },
  contexts: { trace: { trace_id: 'f'.repeat(32) } },
  breadcrumbs: [{ message: 'GET /pay?token=abc', category: 'http' }],
  request: { headers: [['Cookie', 'a=b']], url: 'https://a:b@shop.example/' },
};
const item = (type: string, payload: object): string => {
  const text = JSON.stringify(payload);
  return `{"type":"${type}","length":${Buffer.byteLength(text)}}\n${text}\n`;
};
const ENVELOPES = [
  `{"event_id":"${EVENT.event_id}"}\n{"type":"event"}\n${JSON.stringify(EVENT)}`,
  `{}\n${item('event', EVENT)}${item('attachment', { a: 1 })}`,
  `{}\n${item('session', { sid: 'a', init: true, status: 'exited', errors: 1, attrs: { release: 'r' } })}${item('sessions', { attrs: {}, aggregates: [{ exited: 3, errored: 1 }] })}`,
  `{}\n${item('client_report', { timestamp: 1, discarded_events: [{ reason: 'event_processor', category: 'error', quantity: 4 }] })}`,
  `{}\n${item('log', { items: [{ timestamp: 1, level: 'error', body: 'x', attributes: { 'user.id': { value: 'c' } } }] })}`,
  `{}\n${item('feedback', { contexts: { feedback: { message: 'm', contact_email: 'a@example.com' } } })}${item('user_report', { event_id: EVENT.event_id, comments: 'c' })}`,
];
const NATIVE = {
  id: 'a',
  timestamp: '2026-11-22T11:59:00Z',
  customer: { id: 'c', email: 'a@example.com' },
  exception: {
    type: 'E',
    message: 'm',
    stack: 'E: m\n    at f (/srv/a.js:1:2)',
    cause: { type: 'F', frames: [{ function: 'f', lineno: 1 }] },
  },
  tags: { a: 1 },
  fingerprint: ['a'],
};
const attribute = (key: string, stringValue: string): object => ({ key, value: { stringValue } });
const RESOURCE = { attributes: [attribute('service.name', 'shop')] };
const STACK = attribute(
  'exception.stacktrace',
  'Traceback (most recent call last):\n  File "/srv/a.py", line 3, in f\nValueError: x',
);
const LOGS = {
  resourceLogs: [
    {
      resource: RESOURCE,
      scopeLogs: [
        {
          scope: { name: 'a' },
          logRecords: [
            {
              timeUnixNano: '1795348800000000000',
              severityNumber: 17,
              body: { stringValue: 'x' },
              attributes: [
                STACK,
                attribute('exception.type', 'ValueError'),
                { key: 'n', value: { arrayValue: { values: [{ intValue: '9007199254740993' }] } } },
              ],
            },
          ],
        },
      ],
    },
  ],
};
const SPANS = {
  resourceSpans: [
    {
      resource: RESOURCE,
      scopeSpans: [
        {
          spans: [
            {
              name: 's',
              events: [
                {
                  name: 'exception',
                  timeUnixNano: '1795348800000000000',
                  attributes: [STACK, attribute('exception.message', 'x')],
                },
              ],
            },
          ],
        },
      ],
    },
  ],
};
/** An ExportLogsServiceRequest of one ERROR record with a body, a resource and nested attributes. */
const PROTOBUF = protobufLogs();

function protobufLogs(): Buffer {
  const message = (field: number, ...parts: Uint8Array[]): Uint8Array =>
    protobuf.Writer.create()
      .uint32(field * 8 + 2)
      .bytes(Buffer.concat(parts))
      .finish();
  const text = (field: number, value: string): Uint8Array => message(field, Buffer.from(value));
  const pair = (field: number, key: string, value: Uint8Array): Uint8Array =>
    message(field, text(1, key), message(2, value));
  const severity = protobuf.Writer.create().uint32(16).int32(17).finish();
  const nested = message(5, message(1, message(6, pair(1, 'a', text(1, 'b')))));
  const record = [
    severity,
    message(5, text(1, 'no stock')),
    pair(6, 'os', text(1, 'ios')),
    pair(6, 'list', nested),
    text(9, 'x'.repeat(16)),
  ];
  const scope = message(2, message(1, text(1, 'app')), message(2, ...record));
  return Buffer.from(message(1, message(1, pair(1, 'service.name', text(1, 'shop'))), scope));
}

const [JSON_TYPE, PROTOBUF_TYPE] = ['application/json', 'application/x-protobuf'];

/** Each way in: bodies to damage, and what is done with one. It must not throw, and its events must be storable. */
const WAYS_IN: readonly {
  readonly name: string;
  readonly bodies: readonly (string | Buffer)[];
  readonly read: (body: Buffer, random: Random) => AppEvent[];
}[] = [
  ...[
    { name: 'Sentry.envelope', bodies: ENVELOPES, types: [''] },
    { name: 'Sentry.store', bodies: [JSON.stringify(EVENT)], types: [''] },
    {
      name: 'Native.events',
      bodies: [JSON.stringify(NATIVE), `[${JSON.stringify(NATIVE)},{"message":1}]`],
      types: [''],
    },
    { name: 'Otlp.logs', bodies: [JSON.stringify(LOGS), PROTOBUF], types: [JSON_TYPE, PROTOBUF_TYPE] },
    { name: 'Otlp.traces', bodies: [JSON.stringify(SPANS)], types: [JSON_TYPE, PROTOBUF_TYPE] },
  ].map(({ name, bodies, types }) => ({
    name,
    bodies,
    read: (body: Buffer, random: Random) => readBy(name, body, pick(random, types)),
  })),
  {
    name: 'encoding',
    bodies: ENVELOPES.map((body) => gzipSync(body)),
    read: (body, random) => {
      const result = decodeBody(body, pick(random, ['gzip', 'br', 'deflate', 'gzip, br', 'x']), 1_000_000);
      expect(result.ok ? result.body.length : 0).toBeLessThanOrEqual(1_000_000);
      return [];
    },
  },
];

/** Reads a body by its protocol, here and as another thread would, and again from what is kept of its events. */
function readBy(routeId: string, body: Buffer, contentType: string): AppEvent[] {
  const route = ROUTES.find(({ id }) => id === routeId)!;
  const { operation, protocol } = route;
  const content = readAtOnce(protocol.read({ operation, contentType, receivedAt: NOW, body }));
  if (!content.ok) return [];
  const raw = { route, contentType, encoding: undefined, receivedAt: NOW, body };
  const separated = route.packed ? undefined : separate(raw, (event) => factsOf(event, { versions: [], rules: [] }));
  if (separated) {
    expect(JSON.stringify(separated.rest)).toBe(JSON.stringify(restOf(content)));
    const places = separated.events.map(({ from, length }) => new SentText(raw).text(from, length));
    expect(places).toEqual(content.events.map(({ text }) => text));
  }
  for (const { event, payload, text } of content.events) {
    storable(scrubber.payload(payload, event.user));
    const content = text ? { protocol, text } : undefined;
    const { eventId } = event;
    if (content) expect(inFull({ eventId, receivedAt: NOW, hasPayload: true, content }).event).toEqual(event);
  }
  return content.events.map(({ event }) => event);
}

function restOf({ dsn, telemetry, unused, ignored, faults }: BodyContent): object {
  return { dsn, telemetry, unused, ignored, faults };
}

describe('undamaged bodies', () => {
  it('are read, so that the damaged ones start from something', () => {
    for (const { name, bodies, read } of WAYS_IN) {
      if (name === 'encoding') continue;
      const events = bodies.flatMap((body) =>
        [0, 0.9].flatMap((type) => read(Buffer.from(body as string), () => type)),
      );
      expect([name, events.length > 0]).toEqual([name, true]);
    }
  });
});

describe('damaged bodies', () => {
  it(`are read or refused, never thrown at: ${BODIES} of seed ${SEED}`, () => {
    const random = seededRandom(SEED);
    let events = 0;
    for (let i = 0; i < BODIES; i++) {
      const way = WAYS_IN[i % WAYS_IN.length]!;
      const { body, kinds } = mutate(Buffer.from(pick(random, way.bodies) as string), random);
      try {
        const read = way.read(body, random);
        for (const event of read) check(event);
        events += read.length;
      } catch (error) {
        throw new Error(`body ${i} (${way.name}, ${kinds.join(' + ')})`, { cause: error });
      }
    }
    expect(events).toBeGreaterThan(BODIES / 20);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

function check(event: AppEvent): void {
  expect(event.eventId).toMatch(/^(?:[0-9a-f]{32})?$/);
  expect(event.occurredAt).toBeGreaterThan(NOW - 31 * 86_400_000);
  expect(event.occurredAt).toBeLessThan(NOW + 600_000);
  storable(scrubber.event(event));
  storable(event);
}

/** As PostgreSQL takes it: no NUL, no half surrogate pair, bounded. */
function storable(value: object): void {
  const json = JSON.stringify(value);
  expect(json).not.toMatch(/\\u0000|\\ud[89a-f]/);
  expect(json.length).toBeLessThan(3_000_000);
}
