import { describe, expect, it } from '@jest/globals';
import { type PlacedRecord, recordsOf } from './export-file.js';

const NOW = Date.parse('2026-06-01T00:00:00Z');
const AT = '2026-05-04T12:00:00Z';

const sentry = { event_id: 'a'.repeat(32), timestamp: Date.parse(AT) / 1000, exception: { values: [{ type: 'E' }] } };
const own = { timestamp: AT, type: 'TypeError', message: 'coupon is undefined', customer: 'c-1' };

function read(text: string): PlacedRecord[] {
  return [...recordsOf(Buffer.from(text), NOW)];
}

/** Each record in a few words: its place, and its time or what is wrong. */
function told(text: string): string[] {
  return read(text).map(({ place, record }) => {
    if (record.kind === 'event')
      return `${place} ${record.event.protocol.name} ${new Date(record.event.at).toISOString()}`;
    return record.kind === 'bad' ? `${place} ${record.reason}` : `${place} ${record.kind}`;
  });
}

function envelope(event: object, length = true): string {
  const payload = JSON.stringify(event);
  const header = { type: 'event', ...(length && { length: payload.length }) };
  return `{"sent_at":"${AT}"}\n${JSON.stringify(header)}\n${payload}\n`;
}

describe('a file of an export', () => {
  it('is a JSON array, lines, or one object over several lines', () => {
    const events = [sentry, own];

    expect(told(JSON.stringify(events))).toEqual([
      ', event 1 Sentry 2026-05-04T12:00:00.000Z',
      ', event 2 Native 2026-05-04T12:00:00.000Z',
    ]);
    expect(told(events.map((one) => JSON.stringify(one)).join('\n\n'))).toEqual([
      ':1 Sentry 2026-05-04T12:00:00.000Z',
      ':3 Native 2026-05-04T12:00:00.000Z',
    ]);
    expect(told(JSON.stringify(own, null, 2))).toEqual([' Native 2026-05-04T12:00:00.000Z']);
  });

  it('is any number of envelopes, one after the other', () => {
    const session = `{"sent_at":"${AT}"}\n{"type":"session"}\n{"sid":"1","status":"ok","started":"${AT}"}\n`;

    expect(told(envelope(sentry) + session + envelope(sentry, false))).toEqual([
      ':1 Sentry 2026-05-04T12:00:00.000Z',
      ':4 other',
      ':7 Sentry 2026-05-04T12:00:00.000Z',
    ]);
  });

  it('names the place of what cannot be read, and reads the rest', () => {
    const lines = ['{"a":', JSON.stringify(own), '7', JSON.stringify({ ...own, customr: 1 })];
    const times = [
      { message: 'x' },
      { message: 'x', timestamp: 5 },
      { message: 'x', timestamp: '2031-01-01T00:00:00Z' },
    ];

    expect(told(lines.join('\n'))).toEqual([
      ':1 is no JSON',
      ':2 Native 2026-05-04T12:00:00.000Z',
      ':3 is no JSON object',
      expect.stringMatching(/^:4 .*"customr"/),
    ]);
    expect(told(JSON.stringify(times))).toEqual([
      ', event 1 has no time of its own (timestamp)',
      ', event 2 its time is 1970-01-01T00:00:05.000Z, which cannot be',
      ', event 3 its time is 2031-01-01T00:00:00.000Z, which cannot be',
    ]);
    expect(told('[{"a":1},')).toEqual([' begins as a JSON array and is none']);
    expect(told('\0\x01\x02 no text at all')).toEqual([':1 is no JSON']);
    expect(told(' \n\n')).toEqual([]);
  });

  it('passes over what reports no error', () => {
    expect(told(JSON.stringify([{ ...sentry, type: 'transaction' }]))).toEqual([', event 1 other']);
    expect(told(JSON.stringify([{ event_id: 'b'.repeat(32), timestamp: 1_777_000_000 }]))).toEqual([
      ', event 1 holds neither a message nor an exception',
    ]);
  });
});

describe("an event of Sentry's API", () => {
  it('is the event that the SDK had sent', () => {
    const shown = {
      id: '1',
      eventID: 'c'.repeat(32),
      dateCreated: AT,
      platform: 'node',
      message: '',
      user: { id: 'c-7', email: null },
      release: { version: 'shop@2.4.1' },
      tags: [
        { key: 'level', value: 'fatal' },
        { key: 'environment', value: 'production' },
      ],
      entries: [
        { type: 'breadcrumbs', data: { values: [{ message: 'long' }] } },
        {
          type: 'exception',
          data: {
            values: [
              {
                type: 'TypeError',
                value: 'coupon is undefined',
                mechanism: { type: 'generic', handled: false },
                stacktrace: {
                  frames: [
                    {
                      filename: '/srv/checkout.js',
                      function: 'applyCoupon',
                      lineNo: 12,
                      colNo: 5,
                      inApp: true,
                      context: [[12, 'x()']],
                    },
                  ],
                },
              },
            ],
          },
        },
      ],
    };

    const [one] = read(JSON.stringify([shown]));

    if (one?.record.kind !== 'event') throw new Error('no event');
    const { protocol, text, at } = one.record.event;
    expect(protocol.readPayload(JSON.parse(text.toString()) as Record<string, unknown>, at)).toMatchObject({
      eventId: 'c'.repeat(32),
      occurredAt: Date.parse(AT),
      level: 'fatal',
      release: 'shop@2.4.1',
      environment: 'production',
      user: { id: 'c-7' },
      exceptions: [
        {
          type: 'TypeError',
          value: 'coupon is undefined',
          mechanism: { handled: false },
          frames: [
            { filename: '/srv/checkout.js', function: 'applyCoupon', lineno: 12, inApp: true, contextLine: 'x()' },
          ],
        },
      ],
    });
  });
});
