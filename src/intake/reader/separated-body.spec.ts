import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { type AppEvent } from '../../events/event.js';
import { ROUTES } from '../../events/protocols.js';
import { type Facts, factsOf } from '../../grouping/facts.js';
import { inFull } from '../queued-event.js';
import { type RawBody, separate, type SeparatedBody } from './separated-body.js';
import { SentText } from './sent-text.js';
import { bodiesOf, orderOf, readReport, reportOf } from './thread-messages.js';

const NOW = 1_795_600_000_000;
const ID = 'a'.repeat(32);
const EVENT = JSON.stringify({ message: 'cart is gone', user: { id: 'c-1' } });

function sent(operation: string, text: string | Buffer, encoding?: string): RawBody {
  const route = ROUTES.find(({ id }) => id === operation)!;
  return { route, contentType: undefined, encoding, receivedAt: NOW, body: Buffer.from(text) };
}

const facts = (event: AppEvent) => factsOf(event, { versions: [], rules: [] });
const envelope = (...items: [type: string, payload: string][]) =>
  [
    `{"event_id":"${ID}","dsn":"http://k@localhost/1"}`,
    ...items.flatMap(([type, text]) => [JSON.stringify({ type }), text]),
  ].join('\n');

/** The body as it comes back from another thread. */
function overThreads(raw: RawBody, of: (event: AppEvent) => Facts = facts): SeparatedBody | undefined {
  return readReport(reportOf(bodiesOf(orderOf([raw])).map((one) => separate(one, of))))[0];
}

/** The texts of the events that another thread has found in a body. */
function textsOf(raw: RawBody): string[] | undefined {
  const body = new SentText(raw);
  return overThreads(raw)?.events.map(({ from, length }) => body.text(from, length).toString());
}

describe('a body that is taken apart on another thread', () => {
  it('gives each event its id, facts and the place of its text, and the DSN of the header', () => {
    const raw = sent('Sentry.envelope', envelope(['event', EVENT], ['event', '{"message":"second"}']));
    const body = overThreads(raw);
    expect(body?.rest).toMatchObject({ dsn: 'http://k@localhost/1', unused: 0, faults: [] });
    expect(body?.events.map(({ eventId, position, facts: { identities } }) => [eventId, position, identities])).toEqual(
      [
        [ID, 1, [{ kind: 'id', value: 'c-1' }]],
        ['', 2, []],
      ],
    );
    expect(textsOf(raw)).toEqual([EVENT, '{"message":"second"}']);
  });

  it('gives events that can be read in full again from their texts', () => {
    const { protocol } = sent('Sentry.store', '').route;
    const raw = sent('Sentry.store', gzipSync(EVENT), 'gzip');
    const [event] = overThreads(raw)!.events;
    const content = { protocol, body: new SentText(raw), from: event!.from, length: event!.length };
    const full = inFull({ eventId: ID, receivedAt: NOW, hasPayload: true, content });
    expect(full).toMatchObject({ event: { eventId: ID, user: { id: 'c-1' } }, payload: JSON.parse(EVENT) as object });
  });

  it('is decoded once more where texts are wanted, once for all of its events', () => {
    const body = new SentText(sent('Sentry.envelope', gzipSync(envelope(['event', EVENT], ['event', EVENT])), 'gzip'));
    expect(body.text(10, 5).buffer).toBe(body.text(20, 5).buffer);
  });

  it('is compressed, or as raven-ruby sends it', () => {
    const bodies = [
      sent('Sentry.store', gzipSync(EVENT), 'gzip'),
      sent('Sentry.store', deflateSync(EVENT).toString('base64')),
    ];
    for (const body of bodies) {
      expect(overThreads(body)?.events).toMatchObject([{ eventId: '', facts: { identities: [{ value: 'c-1' }] } }]);
      expect(textsOf(body)).toEqual([EVENT]);
    }
  });

  it('may begin with a byte order mark', () => {
    for (const [path, text] of [
      ['envelope', envelope(['event', EVENT])],
      ['store', EVENT],
    ] as const)
      expect(textsOf(sent(`Sentry.${path}`, `\ufeff${text}`))).toEqual([EVENT]);
  });

  it('may hold anything beside events, and says what', () => {
    const text = envelope(['event', EVENT], ['session', '{"init":true}'], ['transaction', '{}'], ['event', '{']);
    expect(overThreads(sent('Sentry.envelope', text))?.rest).toMatchObject({
      telemetry: { sessions: [[{ started: 1 }]] },
      unused: 1,
      faults: [{ position: 4, count: 1, reason: 'item "event": not valid JSON' }],
    });
  });

  it.each([
    ['no envelope', sent('Sentry.envelope', 'not one')],
    ['an unknown encoding', sent('Sentry.store', EVENT, 'zstd')],
    ['a broken encoding', sent('Sentry.store', EVENT, 'gzip')],
    ['a compressed bomb', sent('Sentry.store', gzipSync(Buffer.alloc(8_000_000, ' ')), 'gzip')],
    ['a list', sent('Sentry.store', '[]')],
    ['events without texts of their own', sent('Native.events', '[{"message":"a"}]')],
  ])('is left to the main thread where it is %s', (_, body) => {
    expect(overThreads(body)).toBeUndefined();
  });

  it('is left to the main thread where an event spoils its facts', () => {
    const spoiled = () => {
      throw new Error('spoiled');
    };
    expect(overThreads(sent('Sentry.store', EVENT), spoiled)).toBeUndefined();
  });
});
