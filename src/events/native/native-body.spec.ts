import { describe, expect, it } from '@jest/globals';
import { readAtOnce } from '../protocol.js';
import { MAX_NATIVE_EVENTS, readNativeBody } from './native-body.js';

const read = (body: string) => readAtOnce(readNativeBody(Buffer.from(body), 0));
/** Messages of what was read and reasons of what was not, in the order of the body. */
const outcomes = (body: string): unknown => {
  const result = read(body);
  if (!result.ok) return result.reason;
  const messages = result.events.map(({ position, event }) => ({ position, text: event.message }));
  const reasons = result.faults.map(({ position, reason }) => ({ position, text: reason }));
  return [...messages, ...reasons].sort((a, b) => a.position - b.position).map(({ text }) => text);
};

describe('the body of native events', () => {
  it('is an object, an array or one object per line', () => {
    expect(outcomes(' {"message":"a"}\n')).toEqual(['a']);
    expect(outcomes('{\n"message":"a"\n}')).toEqual(['a']);
    expect(outcomes('[{"message":"a"},{"message":"b"}]')).toEqual(['a', 'b']);
    expect(outcomes('{"message":"a"}\r\n\n{"message":"b"}\n')).toEqual(['a', 'b']);
  });

  it('gives each line and member its own outcome', () => {
    expect(outcomes('{"message":"a"}\n{"message"\n7\n{"message":"b"}')).toEqual([
      'a',
      'the line is not valid JSON',
      'an event must be a JSON object, not a number',
      'b',
    ]);
    expect(outcomes('[{"message":"a"},{}]')).toEqual(['a', 'an event needs a "message" or an "exception"']);
  });

  it('is refused whole when nothing in it can be told apart', () => {
    expect(outcomes('')).toContain('empty');
    expect(outcomes('[]')).toContain('empty');
    expect(outcomes('{"message"')).toBe('the body is not valid JSON');
    expect(outcomes('[{"message":"a"},\n{"message"')).toBe('the body is not valid JSON');
  });

  it.each([
    ['lines', '{"message":"a"}\n'.repeat(MAX_NATIVE_EVENTS + 1)],
    ['members', `[${'0,'.repeat(MAX_NATIVE_EVENTS)}0]`],
  ])('is refused whole when it has too many %s', (_name, body) => {
    expect(read(body)).toMatchObject({ ok: false, outcome: 'too_large' });
    expect(outcomes(body)).toContain('more than 10000 events');
  });

  it('is refused whole before it is parsed where parsing would take long', () => {
    expect(read(`[${'0,'.repeat(5_000_000)}0]`)).toMatchObject({ ok: false, outcome: 'too_large' });
    expect(outcomes(`[${'{},'.repeat(400_000)}0]`)).toContain('JSON of more than 300000 keys and values');
  });

  it('may hold more in all its lines than in one', () => {
    const line = `{"message":"m","tags":{${Array.from({ length: 1000 }, (_, n) => `"k${n}":"v"`).join(',')}}}\n`;
    const result = read(line.repeat(400));
    expect(result.ok && [result.events.length, result.faults.length]).toEqual([400, 0]);
  });

  it('counts lines as an editor does', () => {
    expect(read('\n{"message":"a"}\n\n{"message":7}\n')).toMatchObject({
      events: [{ position: 2 }],
      faults: [{ position: 4 }],
    });
  });

  it.each([
    '{"message":"a","customer":1234567890123456781}',
    '{"message":"a","customer":{"id":1234567890123456781}}',
    '{"message":"a","id":1234567890123456781}',
  ])('holds no numbers that have lost digits: %s', (body) => {
    expect(outcomes(body)).toEqual([expect.stringContaining('must be in quotes')]);
  });

  it.each(['{"message":"a","customer":"  "}', '{"message":"a","customer":{"id":" "}}'])(
    'has no blank ids: %s',
    (body) => {
      expect(outcomes(body)).toEqual([expect.stringContaining('not blank')]);
    },
  );

  it('is read in steps of 64 events, between which others may go first', () => {
    const steps = [...readNativeBody(Buffer.from('{"message":"a"}\n'.repeat(1000)), 0)];
    expect(steps).toHaveLength(Math.floor(999 / 64));
  });

  it('tells long ids apart by their ends', () => {
    const id = (end: string) => `{"message":"a","id":"${'x'.repeat(300)}${end}"}`;
    const result = read([id('a'), id('b')].join('\n'));
    const ids = result.ok ? result.events.map(({ event }) => event.eventId) : [];
    expect(new Set(ids).size).toBe(2);
  });
});
