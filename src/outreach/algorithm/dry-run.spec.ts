import { describe, expect, it } from '@jest/globals';
import { costByCountry, countryOf, csvOf, type DryRunLine, priceOf } from './dry-run.js';

const line = (about: Partial<DryRunLine>): DryRunLine => ({
  customer: 'c-1',
  channel: 'sms',
  country: 'DE',
  locale: 'en',
  account: null,
  state: 'pending',
  reason: null,
  notBefore: new Date('2026-11-22T08:00:00Z'),
  segments: 2,
  cost: 0.16,
  ...about,
});

describe('the estimate of a campaign', () => {
  it('prices parts by country, falls back to the default, and says where it knows none', () => {
    const prices = { currency: 'EUR', sms: { DE: 0.08, default: 0.1 } };
    expect([priceOf(prices, 'DE', 2), priceOf(prices, 'US', 3), priceOf(prices, null, 1)]).toEqual([0.16, 0.3, 0.1]);
    expect(priceOf({ currency: 'EUR', sms: { DE: 0.08 } }, 'US', 1)).toBeNull();
    expect(priceOf(undefined, 'DE', 1)).toBeNull();
    expect([countryOf('+4915112345678'), countryOf('+882123456789'), countryOf(undefined)]).toEqual(['DE', null, null]);
  });

  it('adds up only what goes out by SMS', () => {
    const lines = [
      line({}),
      line({}),
      line({ country: 'US', cost: null }),
      line({ state: 'suppressed' }),
      line({ channel: 'email' }),
    ];
    expect(costByCountry(lines)).toEqual([
      { country: 'DE', messages: 2, segments: 4, cost: 0.32 },
      { country: 'US', messages: 1, segments: 2, cost: null },
    ]);
  });
});

describe('a dry run as CSV', () => {
  it('quotes what needs it and lets no cell become a formula', () => {
    expect(csvOf([line({ customer: '=1+"a"' }), line({ customer: 'a,b', reason: 'cap', cost: null })])).toBe(
      'customer,channel,country,locale,account,state,reason,notBefore,segments,cost\r\n' +
        '"\'=1+""a""",sms,DE,en,,pending,,2026-11-22T08:00:00.000Z,2,0.16\r\n' +
        '"a,b",sms,DE,en,,pending,cap,2026-11-22T08:00:00.000Z,2,\r\n',
    );
  });
});
