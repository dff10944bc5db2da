import { describe, expect, it } from '@jest/globals';
import { MAX_HEADER_BYTES, MAX_ITEMS, parseEnvelope } from './envelope.js';

const parse = (body: string | Buffer): ReturnType<typeof parseEnvelope> => parseEnvelope(Buffer.from(body as string));
const payloads = (body: string | Buffer): unknown => {
  const result = parse(body);
  return result.ok ? result.items.map((item) => [item.type, item.payload.toString()]) : result.reason;
};

describe('envelope framing', () => {
  it('runs a payload without length to the next newline or the end', () => {
    const expected = [
      ['event', '{"a":1}'],
      ['session', '{}'],
    ];
    expect(payloads('{}\n{"type":"event"}\n{"a":1}\n{"type":"session"}\n{}')).toEqual(expected);
    expect(payloads('{}\n{"type":"event"}\n{"a":1}\n{"type":"session"}\n{}\n')).toEqual(expected);
  });

  it('takes exactly length bytes, newlines and split characters included', () => {
    expect(
      payloads('{}\n{"type":"attachment","length":12}\nline1\nline2\n\n{"type":"event","length":2}\n{}\n'),
    ).toEqual([
      ['attachment', 'line1\nline2\n'],
      ['event', '{}'],
    ]);
    expect(payloads('{}\n{"type":"event","length":3}\n\u20ac')).toEqual([['event', '\u20ac']]);
  });

  it('knows length 0 from no length', () => {
    expect(payloads('{}\n{"type":"attachment","length":0}\n\n{"type":"event","length":2}\n{}')).toEqual([
      ['attachment', ''],
      ['event', '{}'],
    ]);
    expect(payloads('{}\n{"type":"attachment","length":0}')).toEqual([['attachment', '']]);
    expect(payloads('{}\n{"type":"attachment","length":0}\n')).toEqual([['attachment', '']]);
    expect(payloads('{}\n{"type":"x"}\n\n{"type":"y"}\nz')).toEqual([
      ['x', ''],
      ['y', 'z'],
    ]);
  });

  it('accepts a header alone, and newlines after the last item', () => {
    expect(payloads('{}')).toEqual([]);
    expect(payloads('{"event_id":"a"}\n\n\n')).toEqual([]);
  });

  it('leaves a carriage return in the payload', () => {
    expect(payloads('{}\r\n{"type":"attachment"}\r\na\r\n')).toEqual([['attachment', 'a\r']]);
  });

  it('keeps items without a type and of unknown types', () => {
    expect(payloads('{}\n{}\na\n{"type":7}\nb\n{"type":"new_thing"}\nc')).toEqual([
      ['', 'a'],
      ['', 'b'],
      ['new_thing', 'c'],
    ]);
  });

  it('shares memory with the body', () => {
    const body = Buffer.from('{}\n{"type":"event"}\n{"a":1}');
    const result = parseEnvelope(body);
    expect(result.ok && result.items[0]?.payload.buffer === body.buffer).toBe(true);
  });

  it('says what is malformed', () => {
    expect(payloads('')).toBe('the body is empty');
    expect(payloads('nonsense')).toBe('the envelope header is not valid JSON');
    expect(payloads('[]\n')).toBe('the envelope header is not a JSON object');
    expect(payloads('{}\n{"type":')).toBe('item 1: its header is not valid JSON');
    expect(payloads('{}\n{"type":"event","length":5}\n{}')).toBe('item 1: the body ends 3 bytes before its length');
    expect(payloads('{}\n{"type":"event","length":1}\n{}')).toBe('item 1: its length does not end at a newline');
    for (const length of ['-1', '1.5', '"2"', 'true', '[]']) {
      expect(payloads(`{}\n{"type":"event","length":${length}}\n{}`)).toBe(
        'item 1: its length is no whole number of bytes',
      );
    }
  });

  it('stops at too long a header and at too many items', () => {
    expect(payloads(`{"a":"${'x'.repeat(MAX_HEADER_BYTES)}"}`)).toContain('longer than');
    expect(payloads(`{}\n${'{}\n{}\n'.repeat(MAX_ITEMS)}`)).toHaveLength(MAX_ITEMS);
    expect(payloads(`{}\n${'{}\n{}\n'.repeat(MAX_ITEMS + 1)}`)).toBe(`more than ${MAX_ITEMS} items`);
  });
});
