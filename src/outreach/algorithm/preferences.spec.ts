import { describe, expect, it } from '@jest/globals';
import { type RecordedWord } from '../../customers/customer.js';
import { changesOf, pauseEnd, preferencesOf, undoOf } from './preferences.js';

const at = new Date('2026-11-01T10:00:00Z');
const word = (about: Partial<RecordedWord>): RecordedWord => ({
  ...{ channel: 'email', purpose: 'service', granted: true, source: 'api', at },
  ...about,
});
const left = { granted: false, source: 'unsubscribe_link' } as const;

describe('what a customer can choose', () => {
  it('is each channel with an address, and marketing only where they were asked before', () => {
    const addresses = { email: 'a@shop.example', sms: '+4915112345678' };
    expect(preferencesOf({ addresses, consents: [word({})] })).toEqual([
      { channel: 'sms', purposes: [{ purpose: 'service', allowed: false }] },
      { channel: 'email', purposes: [{ purpose: 'service', allowed: true }] },
    ]);
    const asked = [word({}), word({ purpose: 'marketing', granted: false })];
    expect(preferencesOf({ addresses: { email: 'a@shop.example' }, consents: asked })).toEqual([
      {
        channel: 'email',
        purposes: [
          { purpose: 'service', allowed: true },
          { purpose: 'marketing', allowed: false },
        ],
      },
    ]);
  });

  it('is not a channel that they stopped at the provider', () => {
    const consents = [word({ channel: 'sms', granted: false, source: 'provider' })];
    expect(preferencesOf({ addresses: { sms: '+4915112345678' }, consents })).toEqual([]);
  });

  it('is written down only where it changes', () => {
    const now = preferencesOf({ addresses: { email: 'a@shop.example' }, consents: [word({})] });
    expect(changesOf(now, () => true)).toEqual([]);
    expect(changesOf(now, () => false)).toEqual([{ channel: 'email', purpose: 'service', granted: false }]);
  });
});

describe('undoing an unsubscribe', () => {
  it.each([
    ['gives back what there was', [word({}), word(left)], ['service']],
    [
      'gives back both kinds',
      [word({}), word({ purpose: 'marketing' }), word(left), word({ ...left, purpose: 'marketing' })],
      ['service', 'marketing'],
    ],
    ['twice unsubscribed is undone, too', [word({}), word(left), word(left)], ['service']],
    ['gives no more than there was', [word(left)], []],
    ['gives nothing back that was refused elsewhere before', [word({}), word({ granted: false }), word(left)], []],
    ['does not undo a STOP at the provider', [word({}), word({ granted: false, source: 'provider' })], []],
  ] as const)('%s', (_, ledger, purposes) => {
    expect(undoOf(ledger, 'email').map(({ purpose }) => purpose)).toEqual(purposes);
    expect(undoOf(ledger, 'sms')).toEqual([]);
  });
});

describe('a pause', () => {
  it('has one of the lengths that are offered', () => {
    expect(pauseEnd(7, at)).toEqual(new Date('2026-11-08T10:00:00Z'));
    expect(pauseEnd(0, at)).toBeNull();
    for (const days of [8, -1, 3650, Number.NaN]) expect(pauseEnd(days, at)).toBeUndefined();
  });
});
