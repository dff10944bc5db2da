import { describe, expect, it } from '@jest/globals';
import { DEFAULT_COLUMNS, parseTimestamp, readHeader, readLine } from './series-csv.js';

describe('parseTimestamp', () => {
  const noon = Date.UTC(2024, 1, 29, 12);

  it.each([
    ['2024-02-29T12:00:00Z', noon],
    ['2024-02-29 12:00:00', noon],
    ['2024-02-29 12:00', noon],
    ['2024-02-29T13:00:00+01:00', noon],
    ['2024-02-29T12:00:00.250Z', noon + 250],
    ['2024-02-29 12:00:00.000000', noon],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    [String(noon / 1000), noon],
    [String(noon), noon],
  ])('reads %s as a timestamp', (text, at) => {
    expect(parseTimestamp(text)).toBe(at);
  });

  it.each(['2023-02-29', '2024-13-01', '2024-02-29 25:00:00', '2024-02-29 12:61:00', 'yesterday', '', '12:00'])(
    'refuses %p',
    (text) => {
      expect(parseTimestamp(text)).toBeUndefined();
    },
  );
});

describe('readHeader', () => {
  it('tells a header from data', () => {
    expect(readHeader('timestamp,value')).toEqual({ timestamp: 0, value: 1 });
    expect(readHeader('2024-01-01 00:00:00,5')).toBeUndefined();
    expect(readHeader('when,errors')).toEqual(DEFAULT_COLUMNS);
  });

  it('finds the columns by name in any order', () => {
    expect(readHeader('host,value,Timestamp')).toEqual({ timestamp: 2, value: 1 });
  });
});

describe('readLine', () => {
  it('reads an empty value as a gap and ignores further columns', () => {
    expect(readLine('2024-01-01,,x,y', DEFAULT_COLUMNS)).toMatchObject({ row: { value: null, valueText: '' } });
  });

  it('reads quoted fields and keeps their text', () => {
    const read = readLine('"2024-01-01 00:00:00","1.5"', DEFAULT_COLUMNS);
    expect(read).toMatchObject({ row: { timestampText: '"2024-01-01 00:00:00"', value: 1.5 } });
  });

  it.each(['2024-01-01', '2024-01-01,many', '2024-01-01,Infinity', 'soon,1'])('refuses %s with a reason', (line) => {
    expect(readLine(line, DEFAULT_COLUMNS)).toHaveProperty('problem');
  });
});
