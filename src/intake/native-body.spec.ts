import { describe, expect, it } from '@jest/globals';
import { MAX_NATIVE_EVENTS, readNativeBody } from './native-body.js';

const outcomes = (body: string): unknown => {
  const result = readNativeBody(Buffer.from(body), 0);
  return result.ok ? result.results.map((one) => (one.ok ? one.event.message : one.reason)) : result.reason;
};

describe('the body of native events', () => {
  it('is an object, an array or one object per line', () => {
    expect(outcomes(' {"message":"a"}\n')).toEqual(['a']);
    expect(outcomes('{\n"message":"a"\n}')).toEqual(['a']);
    expect(outcomes('[{"message":"a"},{"message":"b"}]')).toEqual(['a', 'b']);
    expect(outcomes('{"message":"a"}\r\n\n{"message":"b"}\n')).toEqual(['a', 'b']);
    expect(outcomes('[]')).toEqual([]);
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
    expect(outcomes('{"message"')).toBe('the body is not valid JSON');
    expect(outcomes('[{"message":"a"},\n{"message"')).toBe('the body is not valid JSON');
  });

  it('refuses what is beyond the bound', () => {
    const result = outcomes('{"message":"a"}\n'.repeat(MAX_NATIVE_EVENTS + 1)) as string[];
    expect(result.slice(-2)).toEqual(['a', expect.stringContaining('more than')]);
  });
});
