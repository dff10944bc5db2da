import { describe, expect, it } from '@jest/globals';
import { readSentryEvent } from '../sentry-event.js';
import { type Json } from './read-values.js';
import { Scrubber } from './scrub.js';

const scrubber = new Scrubber();
const scrub = (payload: Json, user?: Parameters<Scrubber['payload']>[1]): Json => scrubber.payload(payload, user);
const USER = {
  id: 'cust-981',
  email: 'ada@example.com',
  username: 'ada',
  phone: '+43123456',
  ipAddress: '203.0.113.7',
};

describe('scrubbing a text', () => {
  it.each([
    ['card 4111 1111 1111 1111 declined', 'card [hidden] declined'],
    ['card 5500-0000-0000-0004', 'card [hidden]'],
    ['amex 378282246310005!', 'amex [hidden]!'],
    ['Authorization: Bearer abc123DEF456ghi', 'Authorization: [hidden] [hidden]'],
    ['sent bearer abc123DEF456ghi.x', 'sent bearer [hidden]'],
    ['jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl end', 'jwt [hidden] end'],
    ['key AKIAIOSFODNN7EXAMPLE', 'key [hidden]'],
    ['postgres://shop:hunter2@db:5432/shop', 'postgres://[hidden]@db:5432/shop'],
    ['GET /pay?token=abc&item=7&api_key=xyz', 'GET /pay?token=[hidden]&item=7&api_key=[hidden]'],
    ['{"password": "hunter2", "item": 7}', '{"password": "[hidden]", "item": 7}'],
    ['password: hunter2', 'password: [hidden]'],
    ['mail to bo.li+x@mail.example.co failed', 'mail to [user] failed'],
    ['from 203.0.113.9 and 2001:db8:0:0:1:0:0:1', 'from [user] and [user]'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- ok', '[hidden] ok'],
    ['-----BEGIN PRIVATE KEY-----\nMII', '[hidden]'],
  ])('hides what is secret: %s', (given, expected) => {
    expect(scrubber.text(given)).toBe(expected);
  });

  it.each([
    'order 1234567890123456 not found',
    'Unexpected token: } at 12:30:45',
    'basic authentication failed',
    'connect ECONNREFUSED 10.0.0.5:5432',
    'shop@1.2.3 at /go/pkg/mod/acme/mux@v1.2.0/mux.go:8',
    "Cannot read properties of undefined (reading 'id')",
    'std::vector<int>::at: index 5',
    'took 1795351379936480800 ns, 2026-11-22T12:00:00.000Z',
    'password=null',
  ])('leaves alone what only looks so: %s', (text) => {
    expect(scrubber.text(text)).toBe(text);
  });

  it('hides the values of the known user, as whole words', () => {
    expect(scrubber.text('cart of cust-981 (ada, Canada), cust-9812', USER)).toBe(
      'cart of [user] ([user], Canada), cust-9812',
    );
  });

  it('takes linear time on hostile text', () => {
    const parts = [
      'a@',
      'a.',
      '1 ',
      '1-',
      'eyJaaaaaaaa-',
      '://a',
      'a=',
      'a:',
      '1:',
      '-----BEGIN PRIVATE KEY-----',
      'bearer ',
      '1.1.',
      'a_',
      '4',
    ];
    const started = process.hrtime.bigint();
    for (const part of parts) scrubber.text(part.repeat(100_000));
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(200 * parts.length);
  });
});

describe('scrubbing a payload', () => {
  it('hides values by their keys, however they are written', () => {
    const out = scrub({
      request: {
        headers: { Authorization: 'x', 'X-Api-Key': 'y', Accept: 'json', 'X-Forwarded-For': '203.0.113.7' },
        cookies: { a: 'b' },
        data: {
          newPassword: 'x',
          card_number: 4111111111111111,
          cvv: 123,
          sessionSeconds: 12,
          tokenCount: 3,
          session_id: 'x',
          author: 'kept',
          has_password: true,
        },
      },
    });
    expect(out).toEqual({
      request: {
        headers: { Authorization: '[hidden]', 'X-Api-Key': '[hidden]', Accept: 'json', 'X-Forwarded-For': '[user]' },
        cookies: '[hidden]',
        data: {
          newPassword: '[hidden]',
          card_number: '[hidden]',
          cvv: '[hidden]',
          sessionSeconds: 12,
          tokenCount: 3,
          session_id: '[hidden]',
          author: 'kept',
          has_password: true,
        },
      },
    });
  });

  it('hides the values of pairs and of named entries', () => {
    expect(
      scrub({
        headers: [
          ['Cookie', 'a=b'],
          ['Accept', 'json'],
        ],
        form: [{ name: 'password', value: 'x' }],
      }),
    ).toEqual({
      headers: [
        ['Cookie', '[hidden]'],
        ['Accept', 'json'],
      ],
      form: [{ name: 'password', value: '[hidden]' }],
    });
  });

  it('finds secrets in breadcrumbs and in variables of frames', () => {
    const out = JSON.stringify(
      scrub({
        breadcrumbs: [{ message: 'POST /login?pwd=hunter2' }],
        exception: {
          values: [{ stacktrace: { frames: [{ vars: { passwd: "'hunter2'", card: '4111111111111111' } }] } }],
        },
      }),
    );
    expect(out).not.toMatch(/hunter2|4111/);
  });

  it('leaves nothing of the customer', () => {
    const payload = {
      user: USER,
      extra: { note: 'for cust-981', customer: { email: 'x@y.example' }, id: 'cust-981' },
      request: { env: { REMOTE_ADDR: '203.0.113.7' } },
      breadcrumbs: [{ message: 'mail ada@example.com +43123456' }],
      attributes: { 'user.id': 'q', 'enduser.id': 'q' },
    };
    const out = JSON.stringify(scrub(payload, USER));
    for (const value of [...Object.values(USER), 'x@y.example', '"q"']) expect(out).not.toContain(value);
  });

  it('keeps names from code even where a user is called the same', () => {
    const payload = {
      level: 'error',
      exception: [{ type: 'error', stacktrace: { frames: [{ function: 'error', filename: '/srv/error.js' }] } }],
    };
    expect(scrub(payload, { id: 'error' })).toEqual(payload);
  });

  it('is bounded in depth, values and length of strings', () => {
    let deep: Json = { end: true };
    for (let i = 0; i < 10_000; i++) deep = { deep };
    expect(JSON.stringify(scrub(deep)).length).toBeLessThan(500);
    expect(JSON.stringify(scrub({ list: new Array(1_000_000).fill(1) })).length).toBeLessThan(50_000);
    expect(JSON.stringify(scrub({ text: 'x'.repeat(1_000_000) })).length).toBeLessThan(20_000);
  });

  it('drops keys that reach for prototypes and text that PostgreSQL cannot store', () => {
    const out = scrub(
      JSON.parse(
        '{"__proto__":{"a":1},"extra":{"__proto__":{"b":1},"constructor":"c","x\\u0000":"a\\u0000\\ud800"}}',
      ) as Json,
    );
    expect(JSON.stringify(out)).toBe('{"extra":{"constructor":"c","x":"a\ufffd"}}');
    expect(({} as Json).b).toBeUndefined();
  });

  it('obeys what the operator adds and exempts', () => {
    const own = new Scrubber({ extraKeys: ['Tax-Number'], keepKeys: ['session_id'], extraPatterns: [/ZZ\d+/g] });
    expect(own.payload({ taxNumber: 'x', session_id: 'kept', note: 'id ZZ12' })).toEqual({
      taxNumber: '[hidden]',
      session_id: 'kept',
      note: 'id [hidden]',
    });
  });

  it('does not change what it is given', () => {
    const payload = { extra: { password: 'x', list: ['a@example.com'] } };
    const before = structuredClone(payload);
    scrub(payload);
    expect(payload).toEqual(before);
  });
});

describe('scrubbing an event', () => {
  it('cleans its texts and tags and keeps the user for its own columns', () => {
    const event = readSentryEvent(
      {
        message: 'no mail to ada@example.com',
        user: { id: 'cust-981' },
        tags: { token: 'abc', os: 'ios' },
        exception: [
          {
            type: 'E',
            value: 'cust-981 has 4111111111111111',
            stacktrace: { frames: [{ function: 'cust-981', context_line: 'login("ada@example.com")' }] },
          },
        ],
      },
      0,
    );
    expect(scrubber.event(event)).toMatchObject({
      message: 'no mail to [user]',
      user: { id: 'cust-981' },
      tags: { token: '[hidden]', os: 'ios' },
      exceptions: [
        { value: '[user] has [hidden]', frames: [{ function: 'cust-981', contextLine: 'login("[user]")' }] },
      ],
    });
  });
});
