import { describe, expect, it } from '@jest/globals';
import { readNativeEvent } from './native/native-event.js';
import { readSentryEvent } from './sentry/sentry-event.js';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const ID = '0123456789abcdef0123456789abcdef';
const read = (raw: Record<string, unknown>): ReturnType<typeof readSentryEvent> => readSentryEvent(raw, NOW);

describe('a Sentry event', () => {
  it('takes the exceptions from a values list, a bare list and a bare object alike', () => {
    const one = { type: 'E', value: 'x', stacktrace: { frames: [{ function: 'f', lineno: 3, in_app: true }] } };
    const expected = [{ type: 'E', value: 'x', frames: [{ function: 'f', lineno: 3, inApp: true }] }];
    for (const exception of [{ values: [one] }, [one], one, { values: one }]) {
      expect(read({ exception }).exceptions).toEqual(expected);
    }
  });

  it('leaves out null members and keeps an exception without a stack', () => {
    const event = read({ exception: { values: [null, { type: 'E', stacktrace: null }, 7] } });
    expect(event.exceptions).toEqual([{ type: 'E', frames: [] }]);
  });

  it('gives an exception without a stack the one of its thread', () => {
    const threads = {
      values: [
        { id: 1, stacktrace: { frames: [{ function: 'a' }] } },
        { id: 2, crashed: true, stacktrace: { frames: [{ function: 'b' }] } },
      ],
    };
    const functionOf = (member: object): unknown =>
      read({ threads, exception: [member] }).exceptions[0]?.frames[0]?.function;
    expect(functionOf({ type: 'E', thread_id: 1 })).toBe('a');
    expect(functionOf({ type: 'E' })).toBe('b');
  });

  it('gives a lone exception without a stack the one of the event', () => {
    const stacktrace = { frames: [{ function: 'a' }] };
    const framesOf = (exception: object): unknown =>
      read({ stacktrace, exception }).exceptions.map(({ frames }) => frames.length);
    expect(framesOf({ type: 'E' })).toEqual([1]);
    expect(framesOf([{ type: 'E' }, { type: 'F' }])).toEqual([0, 0]);
  });

  const stackOf = (fn: string): object => ({ frames: [{ function: fn }] });
  const reportedBy = (raw: Record<string, unknown>): unknown => read(raw).stack?.map((frame) => frame.function);

  it('gives an event without exceptions the stack of the thread that crashed, that reported, or that is the main one', () => {
    const [idle, main] = [{ stacktrace: stackOf('idle') }, { main: true, stacktrace: stackOf('main') }];
    const [current, crashed] = [
      { current: true, stacktrace: stackOf('current') },
      { crashed: true, stacktrace: stackOf('crashed') },
    ];
    const own = stackOf('own');
    expect(reportedBy({ threads: { values: [idle, main, current, crashed] }, stacktrace: own })).toEqual(['crashed']);
    expect(reportedBy({ threads: [idle, main, current] })).toEqual(['current']);
    expect(reportedBy({ threads: { values: [idle, main] }, stacktrace: own })).toEqual(['main']);
    expect(reportedBy({ threads: { values: [idle] } })).toEqual(['idle']);
    expect(reportedBy({ threads: { values: [idle, idle] }, stacktrace: own })).toEqual(['own']);
    expect(reportedBy({ threads: { values: [idle, { crashed: true, stacktrace: { frames: [] } }] } })).toBeUndefined();
  });

  it('gives an exception its own stack and the event none', () => {
    const { stack, exceptions } = read({
      exception: { type: 'E' },
      threads: [{ current: true, stacktrace: stackOf('a') }],
    });
    expect([stack, exceptions[0]?.frames]).toEqual([undefined, [{ function: 'a' }]]);
  });

  it('reads the page template of an old client as a stack of one frame', () => {
    const template = { filename: 'cart.html', lineno: 3, context_line: '{% for x in cart %}' };
    expect(read({ template }).stack).toEqual([
      { filename: 'cart.html', lineno: 3, contextLine: '{% for x in cart %}' },
    ]);
  });

  it('bounds what it reads of threads, and passes over what is none', () => {
    const frames = Array.from({ length: 50_000 }, (_, i) => ({ function: `f${i}` }));
    expect(reportedBy({ threads: { values: [{ crashed: true, stacktrace: { frames } }] } })).toHaveLength(110);
    const many = Array.from({ length: 100_000 }, (_, id) => ({
      id,
      crashed: id === 99_999,
      stacktrace: stackOf(`f${id}`),
    }));
    expect(reportedBy({ threads: { values: many } })).toBeUndefined();
    let deep: object = {};
    for (let i = 0; i < 20_000; i++) deep = { stacktrace: deep, values: [deep] };
    for (const threads of [
      null,
      7,
      'x',
      [null, 7, [], 'x', { crashed: true }],
      { values: { a: 1 } },
      deep,
      [deep, deep],
    ]) {
      expect(reportedBy({ threads, stacktrace: deep, template: deep })).toBeUndefined();
    }
  });

  it('keeps the newest 100 and the oldest 10 frames of a long stack', () => {
    const frames = Array.from({ length: 500 }, (_, i) => ({ function: `f${i}` }));
    const kept = read({ exception: [{ type: 'E', stacktrace: { frames } }] }).exceptions[0]?.frames ?? [];
    expect(kept).toHaveLength(110);
    expect([kept[9]?.function, kept[10]?.function, kept[109]?.function]).toEqual(['f9', 'f400', 'f499']);
  });

  it('reads times as seconds, text with and without a zone, and numbers in text', () => {
    const at = Date.parse('2026-11-22T11:59:00.500Z');
    for (const timestamp of [
      at / 1000,
      String(at / 1000),
      '2026-11-22T11:59:00.500Z',
      '2026-11-22T11:59:00.500',
      '2026-11-22T12:59:00.500+01:00',
      '2026-11-22T11:59:00.500123Z',
      at,
    ]) {
      expect(read({ timestamp }).occurredAt).toBe(at);
    }
  });

  it('puts an event of a wrong clock at the time it was received', () => {
    for (const timestamp of ['1970-01-01T00:00:00Z', '2027-11-22T12:00:00Z', 1e300, -5, 'soon', {}, null]) {
      expect(read({ timestamp }).occurredAt).toBe(NOW);
    }
    expect(read({ timestamp: '2026-11-22T12:04:59Z' }).occurredAt).toBe(NOW + 299_000);
  });

  it('reads tags from an object and from pairs and drops what is nested', () => {
    expect(read({ tags: { a: 1, b: true, c: {}, d: null, e: 'x' } }).tags).toEqual({ a: '1', b: 'true', e: 'x' });
    expect(read({ tags: [['a', 1], null, ['b'], ['e', 'x']] }).tags).toEqual({ a: '1', e: 'x' });
  });

  it('keeps no more than 100 tags', () => {
    const tags = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, 'v']));
    expect(Object.keys(read({ tags }).tags)).toHaveLength(100);
  });

  it('takes user ids as text or number and no placeholder for an address', () => {
    expect(read({ user: { id: 42, ip_address: '{{auto}}' } }).user).toEqual({ id: '42' });
    expect(read({ user: { ip_address: '{{auto}}' } }).user).toBeUndefined();
    expect(read({ user: { email: 'a@example.com' } }).user).toEqual({ email: 'a@example.com' });
  });

  it('shows the formatted message and keeps the template beside it', () => {
    expect(read({ logentry: { message: 'order %s of %d', params: ['A-1', 3] } })).toMatchObject({
      message: 'order A-1 of 3',
      messageTemplate: 'order %s of %d',
    });
    expect(read({ logentry: { message: 'hi %(name)s %%', params: { name: 'Bo' } } }).message).toBe('hi Bo %');
    expect(read({ logentry: { message: 'at {0} of {}', params: ['x'] } }).message).toBe('at x of x');
    expect(read({ logentry: { message: 't %s', formatted: 't 1' }, message: 'other' }).message).toBe('t 1');
    expect(read({ message: 'plain' })).toMatchObject({ message: 'plain' });
    expect(read({ message: 'plain' }).messageTemplate).toBeUndefined();
  });

  it('prefers the id of the envelope header, accepts dashed UUIDs and invents none', () => {
    expect(readSentryEvent({ event_id: 'f'.repeat(32) }, NOW, '01234567-89AB-CDEF-0123-456789ABCDEF').eventId).toBe(ID);
    expect(read({ event_id: ID }).eventId).toBe(ID);
    for (const bad of ['', '0'.repeat(32), 'g'.repeat(32), 7, null]) expect(read({ event_id: bad }).eventId).toBe('');
  });

  it('fills in error, production and other when the app said nothing', () => {
    expect(read({})).toMatchObject({
      level: 'error',
      environment: 'production',
      platform: 'other',
      exceptions: [],
      tags: {},
    });
    expect(read({ level: 'nonsense', environment: '' })).toMatchObject({ level: 'error', environment: 'production' });
  });

  it('reads levels as Python numbers them', () => {
    const levels = [10, 20, 25, 30, 40, 50, 0, -1].map((level) => read({ level }).level);
    expect(levels).toEqual(['debug', 'info', 'info', 'warning', 'error', 'fatal', 'error', 'error']);
  });

  it('keeps no text that PostgreSQL cannot store', () => {
    const event = read({ message: 'a\0b\ud800c', user: { id: '\0' }, tags: { 'k\0': '\udfff' } });
    expect(event.message).toBe('ab\ufffdc');
    expect(Object.entries(event.tags)).toEqual([['k', '\ufffd']]);
    expect(JSON.stringify(event)).not.toContain('\\u0000');
  });

  it('is not changed by keys that reach for prototypes', () => {
    const raw = JSON.parse(
      '{"__proto__":{"level":"fatal"},"tags":{"__proto__":"x","constructor":"y"},"user":{"__proto__":{"id":"1"}}}',
    ) as Record<string, unknown>;
    const event = read(raw);
    expect(event.user).toBeUndefined();
    expect(event.tags.constructor).toBe('y');
    expect(({} as { level?: string }).level).toBeUndefined();
  });

  it('reads any JSON value in place of any field without throwing', () => {
    const values = [
      null,
      true,
      0,
      -1,
      1e308,
      '',
      'x',
      [],
      [[]],
      [null],
      {},
      { values: null },
      { values: [{}] },
      { frames: 'x' },
    ];
    const keys = [
      'event_id',
      'timestamp',
      'platform',
      'level',
      'message',
      'logentry',
      'exception',
      'threads',
      'logger',
      'transaction',
      'release',
      'environment',
      'user',
      'tags',
      'fingerprint',
      'contexts',
    ];
    for (const key of keys) for (const value of values) expect(typeof read({ [key]: value }).platform).toBe('string');
    for (const value of values) expect(readSentryEvent(value as never, NOW).level).toBe('error');
  });
});

describe('a native event', () => {
  const native = (raw: unknown): ReturnType<typeof readNativeEvent> => readNativeEvent(raw, NOW);
  const reason = (raw: unknown): string => {
    const result = native(raw);
    return result.ok ? 'accepted' : result.reason;
  };

  it('needs no more than a message', () => {
    expect(native({ message: 'boom', customer: 'c-1' })).toMatchObject({
      ok: true,
      event: { eventId: '', message: 'boom', occurredAt: NOW, user: { id: 'c-1' }, exceptions: [] },
    });
    expect(reason({ customer: 'c-1' })).toBe('an event needs a "message" or an "exception"');
  });

  it('reads every key', () => {
    const result = native({
      id: ID,
      timestamp: '2026-11-22T11:00:00Z',
      level: 'fatal',
      message: 'm',
      customer: { id: 7, email: 'a@example.com', phone: '+4312345' },
      release: '2.4.1',
      environment: 'staging',
      service: 'shop',
      platform: 'go',
      logger: 'l',
      transaction: 'POST /pay',
      tags: { os: 'ios', n: 3 },
      fingerprint: ['a', 1],
      traceId: ID,
      exception: {
        type: 'PayError',
        message: 'no',
        handled: false,
        frames: [{ function: 'f', filename: 'a.go', lineno: 3, inApp: true }],
        cause: { type: 'Timeout' },
      },
    });
    expect(result).toEqual({
      ok: true,
      event: {
        eventId: ID,
        occurredAt: NOW - 3_600_000,
        level: 'fatal',
        message: 'm',
        platform: 'go',
        logger: 'l',
        transaction: 'POST /pay',
        user: { id: '7', email: 'a@example.com', phone: '+4312345' },
        release: '2.4.1',
        environment: 'staging',
        service: 'shop',
        tags: { os: 'ios', n: '3' },
        fingerprint: ['a', '1'],
        traceId: ID,
        exceptions: [
          { type: 'Timeout', frames: [] },
          {
            type: 'PayError',
            value: 'no',
            mechanism: { handled: false },
            frames: [{ function: 'f', filename: 'a.go', lineno: 3, inApp: true }],
          },
        ],
      },
    });
  });

  it('reads stack text into frames and lets named types win', () => {
    const result = native({ message: 'm', type: 'Mine', stack: 'TypeError: x\n    at f (/srv/a.js:1:2)' });
    expect(result).toMatchObject({
      event: { exceptions: [{ type: 'Mine', value: 'm', frames: [{ function: 'f', lineno: 1 }] }] },
    });
  });

  it('gives an id of any form the same 32 hex digits each time', () => {
    const idOf = (id: unknown): string => {
      const result = native({ message: 'm', id });
      return result.ok ? result.event.eventId : result.reason;
    };
    expect(idOf('order-17')).toMatch(/^[0-9a-f]{32}$/);
    expect(idOf('order-17')).toBe(idOf('order-17'));
    expect(idOf('order-18')).not.toBe(idOf('order-17'));
  });

  it('answers a mistake with what, where and what to do', () => {
    expect(reason([])).toBe('an event must be a JSON object, not a list');
    expect(reason({ message: 'm', user: 'c' })).toBe('unknown key "user"; use "customer"');
    expect(reason({ message: 'm', customer: { id: 'c', age: 3 } })).toBe(
      'unknown key "customer.age"; known keys are id, email, phone, username, device, ipAddress, signature',
    );
    expect(reason({ message: 7 })).toBe('"message" must be text in quotes, not a number');
    expect(reason({ message: 'm', level: 'bad' })).toBe(
      '"level" must be one of fatal, error, warning, info, debug, not this text',
    );
    expect(reason({ message: 'm', timestamp: 'soon' })).toContain('"timestamp" must be a time as 2026-11-22T12:00:00Z');
    expect(reason({ exception: { type: 'E', frames: [{ lineno: 'x' }] } })).toBe(
      '"exception.frames[0].lineno" must be a whole number from 0 up, not this text',
    );
    expect(reason({ exception: { type: 'E', cause: 'x' } })).toBe(
      '"exception.cause" must be a JSON object, not this text',
    );
    expect(reason({ message: 'm', tags: { a: [] } })).toBe(
      '"tags.a" must be text, a number or true or false, not a list',
    );
  });
});
