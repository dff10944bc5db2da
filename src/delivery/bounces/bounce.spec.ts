import { describe, expect, it } from '@jest/globals';
import { bounceRule, readReturned } from './bounce.js';
import { readMail } from './returned-mail.js';
import { RETURNED } from './returned-mail.fixtures.js';
import { findMessageIds, findVerp, verpAddress } from './verp.js';

const ID = '0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001';

describe('a mail that came back', () => {
  it.each(RETURNED.map((one) => [one.name, one] as const))('is read as %s write it', async (_name, one) => {
    const mail = await readMail(Buffer.from(one.raw.trimStart().replace(/\r?\n/g, '\r\n')));

    expect(readReturned(mail)).toEqual(one.means);
  });

  it('says nothing when it is no mail at all', async () => {
    expect(readReturned(await readMail(Buffer.from([0xff, 0, 0xfe, 13, 10])))).toEqual({ kind: 'other' });
  });
});

describe('the rule for a permanent failure', () => {
  it.each([
    ['5.1.1', { reason: 'invalid_recipient', suppress: 'now', stopsWave: false }],
    ['5.1.10', { reason: 'invalid_recipient', suppress: 'now', stopsWave: false }],
    ['5.2.1', { reason: 'blocked', suppress: 'now', stopsWave: false }],
    ['5.2.2', { reason: 'mailbox_full', suppress: 'later', stopsWave: false }],
    ['4.2.2', { reason: 'mailbox_full', suppress: 'later', stopsWave: false }],
    ['5.7.1', { reason: 'policy', suppress: 'no', stopsWave: true }],
    ['5.7.26', { reason: 'policy', suppress: 'no', stopsWave: true }],
    ['5.1.2', { reason: 'invalid_recipient', suppress: 'no', stopsWave: false }],
    ['5.0.0', { reason: 'refused', suppress: 'no', stopsWave: false }],
  ] as const)('%s is %j', (status, rule) => {
    expect(bounceRule(status)).toEqual(rule);
  });
});

describe('a bounce address', () => {
  const address = verpAddress('bounces@mail.shop.example', ID, 'secret');

  it('names its message, and fits into a local part', () => {
    expect(address).toMatch(/^bounces\+0199aaaabbbb7ccc8dddeeeeffff0001\.[0-9a-f]{16}@mail\.shop\.example$/);
    expect(address.split('@')[0]?.length).toBeLessThanOrEqual(64);
    expect(findVerp(`Delivered-To: <${address.toUpperCase()}>`, 'secret')).toBe(ID);
  });

  it('counts only with the code that the secret makes', () => {
    expect(findVerp(address, 'another')).toBeUndefined();
    expect(findVerp(address.replace('0001.', '0002.'), 'secret')).toBeUndefined();
    expect(findVerp(`bounces+${'0'.repeat(32)}.${'0'.repeat(16)}@x.example ${address}`, 'secret')).toBe(ID);
  });

  it('can be replaced by the Message-ID, also where the server gives its own mail an id of the same form', () => {
    const other = '11111111-2222-4333-8444-555555555555';
    expect(findMessageIds(`Message-ID: <${other}@x>\r\n\r\nMessage-ID: <${ID}@shop.example>`)).toEqual([other, ID]);
  });
});
