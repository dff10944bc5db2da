import { describe, expect, it } from '@jest/globals';
import protobuf from 'protobufjs/minimal.js';
import { readOtlpLogs } from './otlp-events.js';
import { type OtlpLogRecord } from './otlp-model.js';
import {
  type OtlpFormat,
  otlpFormat,
  otlpResponse,
  type OtlpResult,
  type OtlpSignal,
  otlpStatus,
  readOtlp,
} from './otlp.js';
import { readAtOnce } from '../protocol.js';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const TRACE = '0123456789abcdef0123456789abcdef';
const STACK = 'TypeError: no stock\n    at take (/srv/shop/stock.js:4:9)';

type Attributes = Record<string, string | number | boolean>;
interface LogOptions {
  readonly attributes?: Attributes;
  readonly severity?: number;
  readonly text?: string;
  readonly body?: string;
}
const RESOURCE: Attributes = {
  'service.name': 'shop',
  'service.version': '1.2.3',
  'deployment.environment.name': 'staging',
  'telemetry.sdk.language': 'nodejs',
};

/** The same request in both formats, so that each test runs on both. */
const json = {
  value: (v: unknown): object =>
    typeof v === 'string' ? { stringValue: v } : typeof v === 'boolean' ? { boolValue: v } : { intValue: String(v) },
  attributes: (a: Attributes): object[] => Object.entries(a).map(([key, v]) => ({ key, value: json.value(v) })),
  logs: (...logs: LogOptions[]): Buffer => {
    const logRecords = logs.map((log) => ({
      timeUnixNano: `${NOW - 1000}000000`,
      severityNumber: log.severity ?? 0,
      severityText: log.text,
      traceId: TRACE.toUpperCase(),
      spanId: 'abcdefabcdefabcd',
      body: log.body === undefined ? undefined : { stringValue: log.body },
      attributes: json.attributes(log.attributes ?? {}),
      surprise: {},
    }));
    return Buffer.from(
      JSON.stringify({
        resourceLogs: [
          { resource: { attributes: json.attributes(RESOURCE) }, scopeLogs: [{ scope: { name: 'app' }, logRecords }] },
        ],
      }),
    );
  },
  spans: (span: Attributes, ...events: [string, Attributes][]): Buffer => {
    const spans = [
      {
        traceId: TRACE,
        spanId: 'abcdefabcdefabcd',
        name: 'POST',
        attributes: json.attributes(span),
        events: events.map(([name, a]) => ({ timeUnixNano: `${NOW}000000`, name, attributes: json.attributes(a) })),
      },
      { name: 'no events' },
    ];
    return Buffer.from(
      JSON.stringify({
        resourceSpans: [{ resource: { attributes: json.attributes(RESOURCE) }, scopeSpans: [{ spans }] }],
      }),
    );
  },
};

const wire = {
  message: (...parts: [number, Uint8Array | string][]): Uint8Array => {
    const writer = protobuf.Writer.create();
    for (const [field, part] of parts) {
      if (typeof part === 'string') writer.uint32(field * 8 + 2).string(part);
      else writer.uint32(field * 8 + 2).bytes(part);
    }
    return writer.finish();
  },
  value: (v: string | number | boolean): Uint8Array => {
    const writer = protobuf.Writer.create();
    if (typeof v === 'string') return writer.uint32(10).string(v).finish();
    if (typeof v === 'boolean') return writer.uint32(16).bool(v).finish();
    return writer.uint32(24).int64(v).finish();
  },
  pairs: (field: number, a: Attributes): [number, Uint8Array][] =>
    Object.entries(a).map(([key, v]) => [field, wire.message([1, key], [2, wire.value(v)])]),
  join: (...parts: Uint8Array[]): Uint8Array => Buffer.concat(parts),
  nanos: (field: number, ms: number): Uint8Array => {
    const buffer = Buffer.alloc(9);
    buffer[0] = field * 8 + 1;
    buffer.writeBigUInt64LE(BigInt(ms) * 1_000_000n, 1);
    return buffer;
  },
  logs: (...logs: LogOptions[]): Buffer => {
    const records = logs.map((log): [number, Uint8Array] => [
      2,
      wire.join(
        wire.nanos(1, NOW - 1000),
        protobuf.Writer.create()
          .uint32(16)
          .int32(log.severity ?? 0)
          .finish(),
        ...(log.text ? [wire.message([3, log.text])] : []),
        ...(log.body === undefined ? [] : [wire.message([5, wire.value(log.body)])]),
        wire.message(...wire.pairs(6, log.attributes ?? {})),
        wire.message([9, Buffer.from(TRACE, 'hex')], [10, Buffer.from('abcdefabcdefabcd', 'hex')], [99, 'surprise']),
      ),
    ]);
    const scope = wire.message([1, wire.message([1, 'app'])], ...records);
    // The resource after its scopes, which protobuf allows.
    return Buffer.from(wire.message([1, wire.message([2, scope], [1, wire.message(...wire.pairs(1, RESOURCE))])]));
  },
  spans: (span: Attributes, ...events: [string, Attributes][]): Buffer => {
    const spanEvents = events.map(([name, a]): [number, Uint8Array] => [
      11,
      wire.join(wire.nanos(1, NOW), wire.message([2, name], ...wire.pairs(3, a))),
    ]);
    const one = wire.message(
      [1, Buffer.from(TRACE, 'hex')],
      [2, Buffer.from('abcdefabcdefabcd', 'hex')],
      [5, 'POST'],
      ...wire.pairs(9, span),
      ...spanEvents,
    );
    const scope = wire.message([2, one], [2, wire.message([5, 'no events'])]);
    return Buffer.from(wire.message([1, wire.message([1, wire.message(...wire.pairs(1, RESOURCE))], [2, scope])]));
  },
};

function accepted(signal: OtlpSignal, format: OtlpFormat, body: Buffer): Extract<OtlpResult, { ok: true }> {
  const result = readAtOnce(readOtlp(signal, format, body, NOW));
  if (!result.ok) throw new Error(result.reason);
  return result;
}

describe.each([['json', json] as const, ['protobuf', wire] as const])('OTLP in %s', (format, make) => {
  it('makes an event of a log record with an exception', () => {
    const attributes = {
      'exception.type': 'TypeError',
      'exception.message': 'no stock',
      'exception.stacktrace': STACK,
      'user.id': 'c-1',
      'user.email': 'a@example.com',
      'http.route': '/pay',
      'http.request.method': 'POST',
      os: 'ios',
      retry: true,
    };
    const { events, ignored, rejected } = accepted(
      'logs',
      format,
      make.logs({ attributes, severity: 17, body: 'request failed' }),
    );
    expect([events.length, ignored, rejected]).toEqual([1, 0, 0]);
    expect(events[0]?.event).toMatchObject({
      level: 'error',
      message: 'request failed',
      platform: 'node',
      logger: 'app',
      transaction: 'POST /pay',
      release: '1.2.3',
      environment: 'staging',
      service: 'shop',
      user: { id: 'c-1', email: 'a@example.com' },
      traceId: TRACE,
      occurredAt: NOW - 1000,
      exceptions: [{ type: 'TypeError', value: 'no stock', frames: [{ function: 'take', lineno: 4, inApp: true }] }],
    });
    expect(events[0]?.event.tags).toEqual({
      os: 'ios',
      retry: 'true',
      'http.route': '/pay',
      'http.request.method': 'POST',
    });
  });

  it('makes events of errors by severity and leaves the rest', () => {
    const { events, ignored } = accepted(
      'logs',
      format,
      make.logs(
        { severity: 9, body: 'a' },
        { severity: 17, body: 'b' },
        { severity: 21, body: 'c' },
        { text: 'ERROR', body: 'd' },
        { severity: 13, body: 'e', attributes: { 'exception.message': 'm' } },
      ),
    );
    expect(events.map(({ event }) => [event.message, event.level])).toEqual([
      ['b', 'error'],
      ['c', 'fatal'],
      ['d', 'error'],
      ['e', 'warning'],
    ]);
    expect(ignored).toBe(1);
  });

  it('makes events of span events named exception, with the user of the span', () => {
    const { events, ignored } = accepted(
      'traces',
      format,
      make.spans(
        { 'enduser.id': 'c-2', 'http.route': '/cart' },
        ['exception', { 'exception.type': 'E', 'exception.escaped': true }],
        ['exception', {}],
        ['retry', {}],
      ),
    );
    expect(events).toHaveLength(1);
    expect(ignored).toBe(3);
    expect(events[0]?.event).toMatchObject({
      user: { id: 'c-2' },
      transaction: '/cart',
      traceId: TRACE,
      exceptions: [{ type: 'E', mechanism: { handled: false } }],
    });
  });

  it('gives a record the same id when it is sent again, and equal records different ones', () => {
    const ids = (): string[] =>
      accepted(
        'logs',
        format,
        make.logs({ severity: 17, body: 'x' }, { severity: 17, body: 'x' }, { severity: 17, body: 'y' }),
      ).events.map(({ event }) => event.eventId);
    expect(ids()).toEqual(ids());
    expect(new Set(ids()).size).toBe(3);
    expect(ids()[0]).toMatch(/^[0-9a-f]{32}$/);
  });

  it('rejects records beyond the bound and says so', () => {
    const body = make.logs(...Array.from({ length: 10_003 }, () => ({ severity: 1 })));
    const { rejected, rejectedReason } = accepted('logs', format, body);
    expect(rejected).toBe(3);
    expect(rejectedReason).toContain('10000');
  });

  it('rejects a span of more events than a request may have, and says so', () => {
    const events = Array.from({ length: 12_000 }, (): [string, Attributes] => ['exception', { 'exception.type': 'E' }]);
    const read = accepted('traces', format, make.spans({}, ...events));
    expect([read.events.length, read.rejected]).toEqual([0, 1]);
    expect(read.rejectedReason).toContain('10000');
  });

  it('reads what has a meaning behind any number of other attributes', () => {
    const others = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`filler.${i}`, i]));
    const own = { 'exception.type': 'TypeError', 'exception.stacktrace': STACK, 'user.id': 'c-1', last: 'dropped' };
    const log = accepted('logs', format, make.logs({ attributes: { ...others, ...own } }));
    const span = accepted(
      'traces',
      format,
      make.spans({ ...others, 'enduser.id': 'c-2' }, ['exception', { 'exception.type': 'E' }]),
    );
    expect(log.events).toMatchObject([{ event: { user: { id: 'c-1' }, exceptions: [{ type: 'TypeError' }] } }]);
    expect(log.events[0]?.payload.attributes).not.toHaveProperty('last');
    expect(span.events).toMatchObject([{ event: { user: { id: 'c-2' } } }]);
  });

  it('keeps long integers exact, for ids are such', () => {
    const { events } = accepted('logs', format, make.logs({ severity: 17, attributes: { 'user.id': 12_345_678 } }));
    expect(events[0]?.event.user?.id).toBe('12345678');
  });

  it('accepts an empty request', () => {
    const empty = Buffer.from(format === 'json' ? '{}' : '');
    for (const signal of ['logs', 'traces'] as const)
      expect(accepted(signal, format, empty)).toMatchObject({ events: [], rejected: 0 });
  });

  it('says that garbage is no request', () => {
    for (const signal of ['logs', 'traces'] as const)
      expect(readAtOnce(readOtlp(signal, format, Buffer.from([0x0a, 0xff, 0x07]), NOW)).ok).toBe(false);
  });
});

/** A logs request in JSON of records under one resource, and what is read of it. */
function logsOf(records: readonly unknown[], resource: readonly object[] = []): Buffer {
  const resourceLogs = [{ resource: { attributes: resource }, scopeLogs: [{ logRecords: records }] }];
  return Buffer.from(JSON.stringify({ resourceLogs }));
}

describe('a large resource that many records share', () => {
  const large = Array.from({ length: 6 }, (_, i) => ({
    key: `large.${i}`,
    value: { stringValue: String(i).repeat(1 << 20) },
  }));
  const numbered = (count: number): object[] =>
    Array.from({ length: count }, (_, i) => ({ timeUnixNano: `${NOW}000000`, severityNumber: 17 + (i % 4) }));

  it('is hashed once, not once a record', () => {
    const body = logsOf(numbered(1000), large);
    const { events } = accepted('logs', 'json', body);
    expect(new Set(events.map(({ event }) => event.eventId)).size).toBe(1000);
  });

  it('stands shortened in the payload of each, what is well known first', () => {
    const resource = [
      ...large,
      { key: 'cut', value: { stringValue: `${'word '.repeat(200)}` } },
      { key: 'json', value: { stringValue: JSON.stringify({ password: 'x'.repeat(600) }) } },
      { key: 'list', value: { arrayValue: { values: [{ stringValue: 'x'.repeat(600) }] } } },
      ...Array.from({ length: 60 }, (_, i) => ({ key: `filler.${i}`, value: { stringValue: 'y'.repeat(400) } })),
      { key: 'service.name', value: { stringValue: 'shop' } },
    ];
    const { events } = accepted('logs', 'json', logsOf(numbered(200), resource));
    const shared = events[0]?.payload.resource as Record<string, unknown>;
    expect(shared).toMatchObject({
      'service.name': 'shop',
      'large.1': '[trimmed]',
      json: '[trimmed]',
      list: '[trimmed]',
    });
    expect(shared.cut).toMatch(/^(word ){102}\[trimmed\]$/);
    expect(JSON.stringify(events.map(({ payload }) => payload)).length).toBeLessThan(200 * 16_384);
    expect(events.every(({ payload }) => payload.resource === shared)).toBe(true);
  });

  it('may be the attributes of a span with many events', () => {
    const attributes = [{ key: 'exception.type', value: { stringValue: 'E' } }];
    const spans = [
      { name: 's'.repeat(1 << 20), attributes: large, events: Array(100).fill({ name: 'exception', attributes }) },
    ];
    const body = Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }));
    const { events } = accepted('traces', 'json', body);
    expect(events).toHaveLength(100);
    expect(JSON.stringify(events.map(({ payload }) => payload)).length).toBeLessThan(100 * 16_384);
  });

  it('still tells records of different resources apart', () => {
    const ids = ['a', 'b'].map((stringValue) => {
      const resource = [...large, { key: 'service.name', value: { stringValue } }];
      return accepted('logs', 'json', logsOf(numbered(1), resource)).events[0]?.event.eventId;
    });
    expect(ids[0]).not.toBe(ids[1]);
  });
});

describe('a record that says neither when nor in which trace it happened', () => {
  const record = { severityNumber: 17, body: { stringValue: 'no stock' } };
  const idOf = (extra: object): string | undefined =>
    accepted('logs', 'json', logsOf([{ ...record, ...extra }])).events[0]?.event.eventId;

  it('has no id of its own, since the same error again looks the same', () => {
    expect(idOf({})).toBe('');
    expect(idOf({ timeUnixNano: '0', traceId: '0'.repeat(32) })).toBe('');
  });

  it('has one as soon as it says either', () => {
    const either = [{ timeUnixNano: `${NOW}000000` }, { observedTimeUnixNano: `${NOW}001000` }, { traceId: TRACE }];
    for (const extra of either) expect(idOf(extra)).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(either.map(idOf)).size).toBe(3);
  });
});

describe('an id that is a number beyond 2^53', () => {
  const record = (value: string, key = 'user.id'): unknown =>
    JSON.parse(`{"severityNumber":17,"attributes":[{"key":"${key}","value":${value}}]}`);

  it('is refused where JSON has rounded it, and the other records count', () => {
    for (const key of ['user.id', 'enduser.id']) {
      const body = logsOf([record('{"intValue":9007199254740993}', key), record('{"intValue":17}', key)]);
      const { events, rejected, rejectedReason } = accepted('logs', 'json', body);
      expect(events.map(({ event }) => event.user?.id)).toEqual(['17']);
      expect([rejected, rejectedReason]).toEqual([1, `${key} is a number beyond 2^53; send it as text`]);
    }
  });

  it('is kept in full as text, and rounded where nobody is known by it', () => {
    const body = logsOf([record('{"intValue":"9007199254740993"}'), record('{"intValue":9007199254740993}', 'cart')]);
    const { events, rejected } = accepted('logs', 'json', body);
    expect(rejected).toBe(0);
    expect(events.map(({ event }) => event.user?.id)).toEqual(['9007199254740993', undefined]);
    expect(events[1]?.event.tags).toEqual({ cart: '9007199254740992' });
  });

  it('counts as one span, however many exceptions it has', () => {
    const { attributes } = record('{"intValue":9007199254740993}') as { attributes: object[] };
    const event = { name: 'exception', attributes: [{ key: 'exception.type', value: { stringValue: 'E' } }] };
    const spans = [{ attributes, events: [event, event] }, { events: [event] }];
    const body = Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }));
    const { events, rejected } = accepted('traces', 'json', body);
    expect([events.length, rejected]).toEqual([1, 1]);
  });
});

describe('a record at which reading fails', () => {
  it('is rejected alone', () => {
    const record = (attributes: Record<string, unknown>): OtlpLogRecord => ({
      resource: {},
      severityNumber: 17,
      body: 'no stock',
      attributes,
      traceId: TRACE,
      spanId: '',
    });
    const broken = Object.defineProperty({}, 'exception.stacktrace', {
      get: () => {
        throw new RangeError('Maximum call stack size exceeded');
      },
    });
    const read = readAtOnce(readOtlpLogs([record({}), record(broken), record({ a: 1 })], NOW));
    expect([read.events.length, read.ignored, read.rejected]).toEqual([2, 0, 1]);
    expect(read.rejectedReason).toBe('a record could not be read');
  });
});

describe('OTLP in JSON of a wrong shape', () => {
  const scoped = (scope: object): object => ({ resourceLogs: [{ scopeLogs: [scope] }] });
  it.each([
    [{ resourceLogs: 'x' }, '"resourceLogs" must be a list, not this text'],
    [{ resourceLogs: { a: 1 } }, '"resourceLogs" must be a list, not an object'],
    [{ resourceLogs: [3] }, '"resourceLogs[0]" must be an object, not a number'],
    [{ resourceLogs: [{ scopeLogs: [null, 3] }] }, '"resourceLogs[0].scopeLogs[0]" must be an object, not null'],
    [{ resourceLogs: [{ scope_logs: [] }] }, '"resourceLogs[0].scope_logs" must be called "scopeLogs"'],
    [{ resourceLogs: [{ resource: [] }] }, '"resourceLogs[0].resource" must be an object, not a list'],
    [
      { resourceLogs: [{ resource: { attributes: { a: 1 } } }] },
      '"resourceLogs[0].resource.attributes" must be a list, not an object',
    ],
    [scoped({ logRecords: {} }), '"resourceLogs[0].scopeLogs[0].logRecords" must be a list, not an object'],
    [scoped({ log_records: [] }), '"resourceLogs[0].scopeLogs[0].log_records" must be called "logRecords"'],
    [scoped({ scope: { name: 1 } }), '"resourceLogs[0].scopeLogs[0].scope.name" must be text, not a number'],
    [{ resourceSpans: [] }, '"resourceSpans" belongs to /otlp/v1/traces'],
    [{ resource_spans: [] }, '"resource_spans" belongs to /otlp/v1/traces, called "resourceSpans"'],
    [{ resource_logs: [] }, '"resource_logs" must be called "resourceLogs"'],
    [{ resourceMetrics: [] }, '"resourceMetrics" holds metrics, which are not taken; errors come as logs and traces'],
  ])('is refused around records, with what and where: %j', (body, reason) => {
    const result = readAtOnce(readOtlp('logs', 'json', Buffer.from(JSON.stringify(body)), NOW));
    expect(result).toEqual({ ok: false, outcome: 'invalid', reason });
  });

  it.each([
    ['', [], 'an object, not a list'],
    ['.attributes', { attributes: { a: 1 } }, 'a list, not an object'],
    ['.attributes[0]', { attributes: ['a'] }, 'an object, not this text'],
    ['.attributes[0].value', { attributes: [{ key: 'a', value: 'b' }] }, /^an object such as .*, not this text$/],
    [
      '.attributes[0].value.stringValue',
      { attributes: [{ key: 'a', value: { stringValue: 5 } }] },
      'text, not a number',
    ],
    [
      '.body.arrayValue.values[1].kvlistValue.values[0].value.intValue',
      {
        body: {
          arrayValue: { values: [{}, { kvlistValue: { values: [{ key: 'a', value: { intValue: 'b' } }] } }] },
        },
      },
      'a whole number, not this text',
    ],
    ['.body', { body: 'no stock' }, /^an object such as/],
    ['.severityNumber', { severityNumber: 'SEVERITY_NUMBER_ERROR' }, 'a number, not this text'],
    ['.timeUnixNano', { timeUnixNano: '2026-11-22T12:00:00Z' }, 'a number, not this text'],
    ['.traceId', { traceId: 5 }, 'text, not a number'],
  ])('rejects a record alone: %s', (path, record, expected) => {
    const good = { severityNumber: 17, attributes: [{ key: 'ratio', value: { doubleValue: 'NaN' } }], body: null };
    const read = accepted('logs', 'json', logsOf([good, record, good]));
    expect([read.events.length, read.rejected]).toEqual([2, 1]);
    const [, at, must] = /^"resourceLogs\[0\]\.scopeLogs\[0\]\.logRecords\[1\](.*?)" must be (.*)$/.exec(
      read.rejectedReason,
    )!;
    expect(at).toBe(path);
    if (typeof expected === 'string') expect(must).toBe(expected);
    else expect(must).toMatch(expected);
  });

  it('rejects a span with all its events', () => {
    const good = { name: 'exception', attributes: [{ key: 'exception.type', value: { stringValue: 'E' } }] };
    const spans = [{ events: [good, null] }, { events: {} }, { span_id: 'ab', events: [good] }, { events: [good] }];
    const body = Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }));
    const read = accepted('traces', 'json', body);
    expect([read.events.length, read.rejected]).toEqual([1, 3]);
    expect(read.rejectedReason.split('; ')).toEqual([
      '"resourceSpans[0].scopeSpans[0].spans[0].events[1]" must be an object, not null',
      '"resourceSpans[0].scopeSpans[0].spans[1].events" must be a list, not an object',
      '"resourceSpans[0].scopeSpans[0].spans[2].span_id" must be called "spanId"',
    ]);
  });

  it('is told once, however many records are of one', () => {
    const read = accepted('logs', 'json', logsOf(Array(200_000).fill(null)));
    expect(read.rejected).toBe(200_000);
    expect(read.rejectedReason).toContain('beyond 10000 records');
  });
});

describe('OTLP in protobuf of the other signal', () => {
  it('is refused with where it belongs', () => {
    const logs = wire.logs({ severity: 17 });
    const spans = Buffer.from(
      wire.message([1, wire.message([2, wire.message([2, wire.message([1, 'x'.repeat(16)])])])]),
    );
    expect(readAtOnce(readOtlp('traces', 'protobuf', logs, NOW))).toMatchObject({
      outcome: 'invalid',
      reason: 'no spans; log records belong to /otlp/v1/logs',
    });
    expect(readAtOnce(readOtlp('logs', 'protobuf', spans, NOW))).toMatchObject({
      outcome: 'invalid',
      reason: 'no log records; spans belong to /otlp/v1/traces',
    });
  });
});

describe('OTLP answers', () => {
  it('are empty on full success and name what was rejected otherwise, in the format of the request', () => {
    expect(otlpResponse('logs', 'json', 0, '').toString()).toBe('{}');
    expect(otlpResponse('logs', 'protobuf', 0, '')).toHaveLength(0);
    expect(JSON.parse(otlpResponse('traces', 'json', 2, 'why').toString())).toEqual({
      partialSuccess: { rejectedSpans: '2', errorMessage: 'why' },
    });
    expect(otlpResponse('logs', 'protobuf', 2, 'why').toString('hex')).toBe('0a0708021203776879');
  });

  it('are a google.rpc.Status on errors', () => {
    expect(JSON.parse(otlpStatus('json', 400, 'bad').toString())).toEqual({ code: 3, message: 'bad' });
    expect(otlpStatus('protobuf', 503, 'bad').toString('hex')).toBe('080e1203626164');
  });

  it('follow the content type', () => {
    expect([
      otlpFormat('application/json; charset=utf-8'),
      otlpFormat('application/x-protobuf'),
      otlpFormat('text/plain'),
      otlpFormat(undefined),
    ]).toEqual(['json', 'protobuf', undefined, undefined]);
  });
});

describe('a request of more resources and scopes than any client sends', () => {
  const many = 100_000;
  const scopes = Buffer.from('1200'.repeat(many), 'hex');
  it.each([
    ['resources in JSON', 'json', `{"resourceLogs":[${'{},'.repeat(many)}{}]}`],
    ['scopes in JSON', 'json', `{"resourceLogs":[{"scopeLogs":[${'{},'.repeat(many)}{}]}]}`],
    ['resources in protobuf', 'protobuf', Buffer.from('0a00'.repeat(many), 'hex')],
    ['scopes in protobuf', 'protobuf', Buffer.concat([Buffer.from('0ac09a0c', 'hex'), scopes])],
  ] as const)('is refused: %s', (_name, format, body) => {
    const read = readAtOnce(readOtlp('logs', format, Buffer.from(body), 0));
    expect(read).toMatchObject({ ok: false, outcome: 'invalid' });
    expect(read.ok ? '' : read.reason).toContain('has more than 10000 resources and scopes');
  });
});

describe('a request of more than can be read while others wait', () => {
  const lists = wire.message([5, wire.message(...Array.from({ length: 200 }, () => [1, ''] as [number, string]))]);
  const nested = wire.message([5, wire.message(...Array.from({ length: 200 }, () => [1, lists] as [number, Buffer]))]);
  const record = wire.message([5, nested]);
  it.each([
    ['values in JSON', 'json', Buffer.from(`{"resourceLogs":[${'{},'.repeat(1_000_000)}{}]}`)],
    ['bytes in protobuf', 'protobuf', Buffer.alloc(9_000_000)],
    [
      'values in protobuf',
      'protobuf',
      wire.message([
        1,
        wire.message([2, wire.message(...Array.from({ length: 9 }, () => [2, record] as [number, Buffer]))]),
      ]),
    ],
  ] as const)('is refused as too large: %s', (_name, format, body) => {
    expect(readAtOnce(readOtlp('logs', format, Buffer.from(body), 0))).toMatchObject({
      ok: false,
      outcome: 'too_large',
    });
  });
});
