import { describe, expect, it } from '@jest/globals';
import { readSentryEvent } from './sentry/sentry-event.js';
import { type Json } from './reading/read-values.js';
import { Scrubber } from './scrubber.js';

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
    ['Authorization: Bearer abc123DEF456ghi', 'Authorization: [hidden]'],
    ['Authorization: Token hunter2secret9\nAccept: json', 'Authorization: [hidden]\nAccept: json'],
    ["curl -H 'Authorization: ApiKey hunter2' https://a", "curl -H 'Authorization: [hidden]' https://a"],
    ['Cookie: theme=dark; remember_me=hunter2', 'Cookie: [hidden]'],
    ['Set-Cookie: sid=abc; x=hunter2', 'Set-Cookie: [hidden]'],
    ['card 4111111111111111 12/27', 'card [hidden] 12/27'],
    ['amount 100 4111 1111 1111 1111', 'amount 100 [hidden]'],
    ['4111.1111.1111.1111 and card4111111111111111', '[hidden] and card[hidden]'],
    ['pan=4111%201111%201111%201111&x', 'pan=[hidden]&x'],
    ['%B4111111111111111^ADA', '%B[hidden]^ADA'],
    ['user[password]=hunter2&user[pin][]=77', 'user[password]=[hidden]&user[pin][]=[hidden]'],
    ['user%5Bpassword%5D=hunter2&a=b', 'user%5Bpassword%5D=[hidden]&a=b'],
    ['?next=%2Fx%3Ftoken%3Dhunter2%26a%3Db', '?next=%2Fx%3Ftoken%3D[hidden]%26a%3Db'],
    ['u=ada%40example.com', 'u=[user]'],
    ['ada.müller@müller.de wrote', '[user] wrote'],
    ['{"password" => "hunter2"}', '{"password" => "[hidden]"}'],
    ['[password] => hunter2', '[password] => [hidden]'],
    ['<password>hunter 2</password>', '<password>[hidden]</password>'],
    ['form-data; name="password"\r\n\r\nhunter2\r\n--x', 'form-data; name="password"\r\n\r\n[hidden]\r\n--x'],
    [`{'password': b'hunter2'}`, `{'password': b'[hidden]'}`],
    ['password=[hunter2]', 'password=[[hidden]]'],
    ['password:\thunter2', 'password:\t[hidden]'],
    [String.raw`x {\"password\":\"hunter2\"}`, String.raw`x {\"password\":\"[hidden]\"}`],
    [String.raw`x {\\\"password\\\":\\\"hunter2\\\"}`, String.raw`x {\\\"password\\\":\\\"[hidden]\\\"}`],
    [String.raw`x {"password":"hun\"ter2"}`, 'x {"password":"[hidden]"}'],
    ['postgres://user:p@ss@db and postgres://user:p/ss@db', 'postgres://[hidden]@db and postgres://[hidden]@db'],
    [`key sk-proj-${'aB3'.repeat(10)}, glpat-${'x'.repeat(20)}`, 'key [hidden], [hidden]'],
    ['https://hooks.slack.com/services/T0/B0/abcdef', 'https://hooks.slack.com/services/[hidden]'],
    ['-----BEGIN PGP PRIVATE KEY BLOCK-----\nMII', '[hidden]'],
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
    '0.4111111111111111',
    'http://localhost:3000/@fs/app.js',
    'items.map((token) => token.id)',
    'List<Token>x</List>',
    'id 34111111111111111',
    'password=[hidden]',
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
      '411 ',
      '411%20',
      '<token>',
      'token%3D',
      '"token\\":',
      'form-data name="token"\n',
      'cookie: ',
      'ö',
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

  it('takes no list of two texts for a pair because a secret is in the first', () => {
    expect(scrub({ argv: ['--password=hunter2', 'mydb'], words: ['my secret is out', 'b'] })).toEqual({
      argv: ['--password=[hidden]', 'mydb'],
      words: ['my secret is out', 'b'],
    });
  });

  it('finds cards that are numbers', () => {
    expect(scrub({ pan: 4111111111111111, order: 1234567890123456, at: 1795351379936 })).toEqual({
      pan: '[hidden]',
      order: 1234567890123456,
      at: 1795351379936,
    });
  });

  it('hides what is filled into a template where a secret stands', () => {
    expect(
      scrub({
        logentry: { message: 'login password=%s', params: ['hunter2'], formatted: 'login password=hunter2' },
        other: { message: 'order %s', params: ['77'] },
        attributes: {
          'sentry.message.template': { value: 'token={0}' },
          'sentry.message.parameter.0': { value: 'hunter2' },
        },
      }),
    ).toEqual({
      logentry: { message: 'login password=[hidden]', params: '[hidden]', formatted: 'login password=[hidden]' },
      other: { message: 'order %s', params: ['77'] },
      attributes: { 'sentry.message.template': { value: 'token={0}' }, 'sentry.message.parameter.0': '[hidden]' },
    });
  });

  it('reads JSON that stands in a text', () => {
    expect(
      scrub({
        body: '{ "passwords": ["hunter2"], "credentials": { "p": "hunter2" }, "n": 1 }',
        deep: JSON.stringify({ a: JSON.stringify({ password: 'hun"ter2' }) }),
        clean: '{ "n": 1 }',
      }),
    ).toEqual({
      body: '{"passwords":"[hidden]","credentials":"[hidden]","n":1}',
      deep: JSON.stringify({ a: JSON.stringify({ password: '[hidden]' }) }),
      clean: '{ "n": 1 }',
    });
  });

  it('hides secrets and people in keys', () => {
    const out = scrub({ extra: { 'ada@example.com': 3, 'cust-981': 1, 'https://x/?token=hunter2': 1, ada: 1 } }, USER);
    expect(out).toEqual({ extra: { '[user]': 1, 'https://x/?token=[hidden]': 1, ada: 1 } });
  });

  it.each([
    'DB_PASS',
    'smtpPass',
    'PHP_AUTH_PW',
    'X-Auth',
    'user_pass',
    'pin_code',
    'otpCode',
    'mfa_code',
    'signing_key',
  ])('hides the value of %s', (key) => {
    expect(scrub({ [key]: 'hunter2' })).toEqual({ [key]: '[hidden]' });
  });

  it.each(['compass', 'passenger', 'spinner', 'mapping', 'author', 'optional', 'pwa'])(
    'keeps the value of %s',
    (key) => {
      expect(scrub({ [key]: 'kept' })).toEqual({ [key]: 'kept' });
    },
  );

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

  it('hides the name of the customer, also as an address has it', () => {
    expect(
      scrub({ user: { name: 'Ada Lovelace' }, extra: { to: 'for Ada Lovelace', url: '/u/Ada%20Lovelace' } }),
    ).toEqual({ extra: { to: 'for [user]', url: '/u/[user]' } });
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
    expect(JSON.stringify(scrub({ text: `${'['.repeat(8000)}${']'.repeat(8000)}` })).length).toBeLessThan(20_000);
    expect(JSON.stringify(scrub({ list: new Array(1_000_000).fill(1) })).length).toBeLessThan(50_000);
    expect(JSON.stringify(scrub({ text: 'x'.repeat(1_000_000) })).length).toBeLessThan(20_000);
    expect(JSON.stringify(scrub({ list: new Array(100).fill('x'.repeat(16_000)) })).length).toBeLessThan(300_000);
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
    const own = new Scrubber({ hideKeys: ['Tax-Number'], keepKeys: ['session_id'], hidePatterns: [/ZZ\d+/g] });
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
  it('knows no customer by a blank, and hides what the customer is called', () => {
    const event = readSentryEvent(
      { message: 'no cart for Ada Lovelace', user: { id: '  ', name: 'Ada Lovelace', email: 'a@b.example' } },
      0,
    );
    expect(event.user?.id).toBeUndefined();
    expect(scrubber.event(event).message).toBe('no cart for [user]');
  });

  it('cleans its texts and tags and keeps the user for its own columns', () => {
    const event = readSentryEvent(
      {
        message: 'no mail to ada@example.com',
        user: { id: 'cust-981' },
        tags: { token: 'abc', os: 'ios', 'ada@example.com': 'x', service: 'shop-cust-981' },
        fingerprint: ['{{ default }}', 'cart of cust-981'],
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
      tags: { token: '[hidden]', os: 'ios', '[user]': 'x' },
      service: 'shop-[user]',
      fingerprint: ['{{ default }}', 'cart of [user]'],
      exceptions: [
        { value: '[user] has [hidden]', frames: [{ function: 'cust-981', contextLine: 'login("[user]")' }] },
      ],
    });
  });

  it('cleans the stack of an event without exceptions as it cleans that of an exception', () => {
    const stacktrace = { frames: [{ function: 'login', context_line: 'login("ada@example.com")' }, { function: 'f' }] };
    const event = readSentryEvent({ stacktrace, user: { id: 'cust-981' } }, 0);
    expect(scrubber.event(event).stack).toEqual([
      { function: 'login', contextLine: 'login("[user]")' },
      { function: 'f' },
    ]);
  });
});
