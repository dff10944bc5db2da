import { describe, expect, it } from '@jest/globals';
import { refusedNumber } from './number-rules.js';

describe('a number', () => {
  it.each([
    ['+499001234567', 'German premium rate'],
    ['+19005551234', 'American premium rate'],
    ['+447000000000', undefined],
    ['+4918012345678', 'German shared cost'],
    ['+448431234567', 'British shared cost'],
    ['+881612345678', 'satellite phone'],
    ['+870773111632', 'ship at sea'],
    ['+8823412345', 'international network'],
    ['+979123456789', 'international premium rate'],
  ])('%s is refused where a message there costs extra (%s)', (number, what) => {
    expect(refusedNumber(number, undefined)).toBe(what === undefined ? undefined : 'number_costs_extra');
  });

  it.each(['+4915112345678', '+12015550123', '+8613812345678', '+8801712345678', '+8618012345678'])(
    '%s of an ordinary phone is allowed',
    (number) => {
      expect(refusedNumber(number, undefined)).toBeUndefined();
    },
  );

  it('of a country that is not listed is refused, the same code in two countries told apart', () => {
    expect(refusedNumber('+4915112345678', ['US'])).toBe('country_not_listed');
    expect(refusedNumber('+14165550123', ['US'])).toBe('country_not_listed');
    expect(refusedNumber('+12015550123', ['US'])).toBeUndefined();
  });
});
