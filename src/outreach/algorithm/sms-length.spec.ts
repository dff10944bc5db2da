import fc from 'fast-check';
import { SegmentedMessage } from 'sms-segments-calculator';
import { describe, expect, it } from '@jest/globals';
import { measureSms } from './sms-length.js';

describe('the length of an SMS', () => {
  it.each([
    ['', 'GSM-7', 0, 1],
    ['a'.repeat(160), 'GSM-7', 160, 1],
    ['a'.repeat(161), 'GSM-7', 161, 2],
    ['a'.repeat(306), 'GSM-7', 306, 2],
    ['a'.repeat(307), 'GSM-7', 307, 3],
    ['€'.repeat(80), 'GSM-7', 160, 1],
    ['好'.repeat(70), 'UCS-2', 70, 1],
    ['好'.repeat(71), 'UCS-2', 71, 2],
    ['好'.repeat(134), 'UCS-2', 134, 2],
    ['好'.repeat(135), 'UCS-2', 135, 3],
    ['😀'.repeat(35), 'UCS-2', 70, 1],
    [`${'a'.repeat(149)}’`, 'UCS-2', 150, 3],
  ])('of %j is in %s, %d units, %d parts', (text, encoding, units, segments) => {
    expect(measureSms(text)).toMatchObject({ encoding, units, segments });
  });

  it('does not cut a pair in two at the end of a part', () => {
    expect(measureSms(`${'a'.repeat(152)}€${'a'.repeat(152)}`)).toMatchObject({ units: 306, segments: 3 });
    expect(measureSms(`${'好'.repeat(66)}😀${'好'.repeat(66)}`)).toMatchObject({ units: 134, segments: 3 });
  });

  it('names the characters that make it dear, each once', () => {
    expect(measureSms('We’re on it – we’re').nonGsm).toEqual(['’', '–']);
  });

  it("agrees with Twilio's own calculator on any text of single-character graphemes", () => {
    const character = fc.constantFrom(...'aZ09 @£Å[]{}€~^|\\\n', '好', '付', '’', 'ш', '😀');
    fc.assert(
      fc.property(fc.array(character, { maxLength: 500 }), (characters) => {
        const text = characters.join('');
        const theirs = new SegmentedMessage(text);
        const ours = measureSms(text);
        expect(ours.encoding).toBe(theirs.encodingName);
        expect(ours.segments).toBe(theirs.segmentsCount);
      }),
    );
  });
});
