import protobuf from 'protobufjs/minimal.js';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { anErrorEnvelope, anEventId, aSentryEvent, envelope, item } from './envelopes.js';

/** A request body as a client sends it, before any content encoding. */
export interface SdkBody {
  readonly way: 'envelope' | 'store' | 'logs json' | 'logs protobuf' | 'traces json' | 'traces protobuf';
  readonly body: Buffer;
}

const NANOS = '1773144000000000000';
const attribute = (key: string, stringValue: string): object => ({ key, value: { stringValue } });
const STACK = `TypeError: no total\n    at applyCoupon (/srv/shop/src/checkout.js:12:5)\n    at handle (/srv/shop/src/server.js:9:1)`;
const THROWN = [
  attribute('exception.type', 'TypeError'),
  attribute('exception.message', 'no total'),
  attribute('exception.stacktrace', STACK),
];
const RESOURCE = {
  attributes: [attribute('service.name', 'shop'), attribute('deployment.environment.name', 'staging')],
};

/** Bodies of the kinds that SDKs and exporters send, one or more of each kind of item. */
export function sdkBodies(): SdkBody[] {
  const of = (way: SdkBody['way'], ...bodies: (string | Buffer)[]): SdkBody[] =>
    bodies.map((body) => ({ way, body: Buffer.from(body) }));
  return [
    ...of('envelope', ...envelopes()),
    ...of(
      'store',
      JSON.stringify(aSentryEvent()),
      JSON.stringify(aSentryEvent({ exception: undefined, logentry: { message: 'no stock for %s', params: ['x1'] } })),
    ),
    ...of('logs json', JSON.stringify(logs())),
    ...of('logs protobuf', protobufLogs()),
    ...of('traces json', JSON.stringify(traces())),
    ...of('traces protobuf', protobufTraces()),
  ];
}

/** Bodies recorded from real SDKs: the files `*.body.*` of every folder under `folder`; none when it is not there. */
export function recordedBodies(folder: string): SdkBody[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.body.'));
  return names.sort().map((name) => ({ way: wayOf(join(folder, name)), body: readFileSync(join(folder, name)) }));
}

function wayOf(path: string): SdkBody['way'] {
  const request = readFileSync(path.replace(/body\.\w+$/, 'req.json'), 'utf8');
  const { url } = JSON.parse(request) as { url: string };
  const format = request.includes('application/x-protobuf') ? 'protobuf' : 'json';
  if (url.includes('/v1/logs')) return `logs ${format}`;
  if (url.includes('/v1/traces')) return `traces ${format}`;
  return url.includes('/store') ? 'store' : 'envelope';
}

function envelopes(): string[] {
  const session = {
    sid: anEventId(),
    did: 'c-1',
    init: true,
    status: 'crashed',
    errors: 1,
    started: '2026-03-10T11:59:00Z',
    attrs: { release: 'shop@2.4.1' },
  };
  const aggregates = {
    attrs: { release: 'shop@2.4.1' },
    aggregates: [{ started: '2026-03-10T11:59:00Z', exited: 5, errored: 2 }],
  };
  const report = {
    timestamp: 1_773_144_000,
    discarded_events: [{ reason: 'event_processor', category: 'error', quantity: 4 }],
  };
  const records = [
    {
      timestamp: 1_773_144_000,
      level: 'error',
      body: 'no stock',
      trace_id: anEventId(),
      attributes: { 'user.id': { value: 'c-1', type: 'string' } },
    },
    { timestamp: 1_773_144_000, level: 'info', body: 'basket opened', attributes: {} },
  ];
  return [
    anErrorEnvelope(),
    anErrorEnvelope(
      { platform: 'python', breadcrumbs: { values: [{ category: 'http', message: 'GET /basket' }] } },
      true,
    ),
    anErrorEnvelope({
      exception: {
        values: [
          { type: 'E', value: 'inner' },
          { type: 'F', value: 'outer', stacktrace: { frames: [{ function: 'f', lineno: 1 }] } },
        ],
      },
    }),
    envelope({}, item('session', session)),
    envelope({}, item('sessions', aggregates, true)),
    envelope({}, item('client_report', report)),
    envelope({ sdk: { name: 'sentry.javascript.node' } }, item('log', { version: 2, items: records }, true)),
    envelope(
      { event_id: anEventId() },
      item('feedback', {
        contexts: { feedback: { message: 'it does not work', contact_email: 'a@customers.example' } },
      }),
    ),
    envelope(
      {},
      item('user_report', { event_id: anEventId(), comments: 'nothing happens' }),
      item('event', aSentryEvent()),
    ),
    envelope(
      {},
      item('attachment', 'a,b\n1,2', true),
      item('event', aSentryEvent(), true),
      item('transaction', { type: 'transaction', spans: [] }),
    ),
  ];
}

function logs(): object {
  const record = {
    timeUnixNano: NANOS,
    severityNumber: 17,
    severityText: 'ERROR',
    body: { stringValue: 'no stock' },
    attributes: [...THROWN, attribute('user.id', 'c-1')],
    traceId: anEventId(),
    spanId: anEventId().slice(16),
  };
  const fine = { timeUnixNano: NANOS, severityNumber: 9, body: { kvlistValue: { values: [attribute('a', 'b')] } } };
  return {
    resourceLogs: [{ resource: RESOURCE, scopeLogs: [{ scope: { name: 'shop' }, logRecords: [record, fine] }] }],
  };
}

function traces(): object {
  const thrown = { name: 'exception', timeUnixNano: NANOS, attributes: THROWN };
  const span = {
    traceId: anEventId(),
    spanId: anEventId().slice(16),
    name: 'POST /checkout',
    attributes: [attribute('user.id', 'c-1')],
    events: [{ name: 'basket read', timeUnixNano: NANOS }, thrown],
  };
  return {
    resourceSpans: [
      { resource: RESOURCE, scopeSpans: [{ scope: { name: 'shop' }, spans: [span, { name: 'GET /search' }] }] },
    ],
  };
}

const message = (field: number, ...parts: Uint8Array[]): Uint8Array =>
  protobuf.Writer.create()
    .uint32(field * 8 + 2)
    .bytes(Buffer.concat(parts))
    .finish();
const words = (field: number, value: string): Uint8Array => message(field, Buffer.from(value));
const pair = (field: number, key: string, value: string): Uint8Array =>
  message(field, words(1, key), message(2, words(1, value)));
const time = (field: number): Uint8Array =>
  protobuf.Writer.create()
    .uint32(field * 8 + 1)
    .fixed64(1_773_144_000)
    .finish();
const around = (record: Uint8Array): Buffer =>
  Buffer.from(
    message(
      1,
      message(1, pair(1, 'service.name', 'shop')),
      message(2, message(1, words(1, 'shop')), message(2, record), message(2)),
    ),
  );

/** `ExportLogsServiceRequest` with an error and an empty record. */
function protobufLogs(): Buffer {
  const severity = protobuf.Writer.create().uint32(16).int32(17).finish();
  const thrown = [
    pair(6, 'exception.type', 'TypeError'),
    pair(6, 'exception.message', 'no total'),
    pair(6, 'exception.stacktrace', STACK),
  ];
  return around(
    Buffer.concat([
      time(1),
      severity,
      message(5, words(1, 'no stock')),
      ...thrown,
      pair(6, 'user.id', 'c-1'),
      words(9, 'x'.repeat(16)),
    ]),
  );
}

/** `ExportTraceServiceRequest` with a span that has an exception and an empty span. */
function protobufTraces(): Buffer {
  const thrown = [
    pair(3, 'exception.type', 'TypeError'),
    pair(3, 'exception.message', 'no total'),
    pair(3, 'exception.stacktrace', STACK),
  ];
  const event = message(11, time(1), words(2, 'exception'), ...thrown);
  return around(
    Buffer.concat([
      words(1, 'x'.repeat(16)),
      words(2, 'y'.repeat(8)),
      words(5, 'POST /checkout'),
      pair(9, 'user.id', 'c-1'),
      event,
    ]),
  );
}
