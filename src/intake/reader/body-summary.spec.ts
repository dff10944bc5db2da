import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { readAgain, type SentBody, summarise } from './body-summary.js';
import { type AppEvent } from '../../events/event.js';

const NOW = 1_795_600_000_000;
const ID = 'a'.repeat(32);
const EVENT = JSON.stringify({ message: 'cart is gone', user: { id: 'c-1' } });

function sent(text: string | Buffer, about: Partial<SentBody> = {}): SentBody {
  return { kind: 'envelope', encoding: undefined, receivedAt: NOW, body: Buffer.from(text), ...about };
}

const facts = ({ message, user }: AppEvent) => ({ message, user: user?.id });
const envelope = (...items: [type: string, payload: string][]) =>
  [
    `{"event_id":"${ID}","dsn":"http://k@localhost/1"}`,
    ...items.flatMap(([type, text]) => [JSON.stringify({ type }), text]),
  ].join('\n');

describe('the summary of a body', () => {
  it('gives events, each with its id and facts, and the DSN of the header', () => {
    const body = sent(envelope(['event', EVENT], ['event', '{"message":"second"}']));
    expect(summarise(body, facts)).toEqual({
      dsn: 'http://k@localhost/1',
      events: [
        { eventId: ID, facts: { message: 'cart is gone', user: 'c-1' } },
        { eventId: '', facts: { message: 'second' } },
      ],
    });
    expect(readAgain(body, 1).event.message).toBe('second');
    expect(readAgain(body, 0).raw).toEqual(JSON.parse(EVENT));
  });

  it('reads what is compressed, and events as older SDKs send them', () => {
    const body = sent(gzipSync(EVENT), { kind: 'store', encoding: 'gzip' });
    expect(summarise(body, facts)?.events).toEqual([{ eventId: '', facts: { message: 'cart is gone', user: 'c-1' } }]);
    expect(readAgain(body, 0).event.user).toEqual({ id: 'c-1' });
  });

  it('reads events as raven-ruby sends them', () => {
    const body = sent(deflateSync(EVENT).toString('base64'), { kind: 'store' });
    expect(summarise(body, facts)?.events).toMatchObject([{ facts: { message: 'cart is gone' } }]);
    expect(readAgain(body, 0).raw).toEqual(JSON.parse(EVENT));
  });

  it('skips a byte order mark', () => {
    for (const body of [sent(`\ufeff${envelope(['event', EVENT])}`), sent(`\ufeff${EVENT}`, { kind: 'store' })])
      expect(summarise(body, facts)?.events).toMatchObject([{ facts: { message: 'cart is gone' } }]);
  });

  it.each([
    ['other items beside events', sent(envelope(['event', EVENT], ['session', '{}']))],
    ['no item', sent(envelope())],
    ['an event that is no JSON', sent(envelope(['event', '{']))],
    ['no envelope', sent('not one')],
    ['an unknown encoding', sent(EVENT, { kind: 'store', encoding: 'zstd' })],
    ['a broken encoding', sent(EVENT, { kind: 'store', encoding: 'gzip' })],
    ['a compressed bomb', sent(gzipSync(Buffer.alloc(8_000_000, ' ')), { kind: 'store', encoding: 'gzip' })],
    ['a list', sent('[]', { kind: 'store' })],
  ])('leaves %s to whoever words the answer', (_, body) => {
    expect(summarise(body, facts)).toBeUndefined();
  });

  it('leaves an event that spoils its facts', () => {
    const spoiled = () => {
      throw new Error('spoiled');
    };
    expect(summarise(sent(EVENT, { kind: 'store' }), spoiled)).toBeUndefined();
  });
});
