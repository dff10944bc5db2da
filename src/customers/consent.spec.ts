import { describe, expect, it } from '@jest/globals';
import { type ConsentSource, type Purpose, type RecordedWord } from './customer.js';
import { mayWrite, purposesOf } from './consent.js';

const AT = new Date('2026-11-01T09:00:00Z');

function word(purpose: Purpose, granted: boolean, source: ConsentSource = 'api'): RecordedWord {
  return { channel: 'sms', purpose, granted, source, at: AT };
}

describe('permission to write', () => {
  it('is a yes of the customer, with its source and time', () => {
    const words = [word('service', true, 'import')];
    expect(mayWrite(words, 'sms', 'service')).toEqual({
      allowed: true,
      reason: 'said_yes',
      source: 'import',
      since: AT,
    });
  });

  it('is not given by silence, by another channel or by another purpose', () => {
    const words = [word('service', true)];
    expect(mayWrite([], 'sms', 'service')).toMatchObject({ allowed: false, reason: 'never_asked' });
    expect(mayWrite(words, 'email', 'service').allowed).toBe(false);
    expect(mayWrite(words, 'sms', 'marketing').allowed).toBe(false);
    expect(mayWrite([word('marketing', true)], 'sms', 'service').allowed).toBe(false);
  });

  it('is there for what the law obliges to tell, whatever the customer refuses, unless they stopped the channel', () => {
    expect(mayWrite([], 'sms', 'legal')).toMatchObject({ allowed: true, reason: 'legal_duty' });
    expect(mayWrite([word('service', false, 'unsubscribe_link')], 'sms', 'legal').allowed).toBe(true);
    expect(mayWrite([word('legal', false)], 'sms', 'legal')).toMatchObject({ allowed: true, reason: 'legal_duty' });
    expect(mayWrite([word('legal', false, 'provider')], 'sms', 'legal').allowed).toBe(false);
    expect(mayWrite([word('service', false, 'provider')], 'sms', 'legal')).toMatchObject({
      allowed: false,
      reason: 'stopped_at_provider',
      since: AT,
    });
  });

  it('is taken back for every purpose by a stop at the provider, and but for the law by the link of a message', () => {
    expect(purposesOf('provider', false)).toEqual(['service', 'marketing', 'legal']);
    expect(purposesOf('unsubscribe_link', false)).toEqual(['service', 'marketing']);
    expect(purposesOf('api', false)).toEqual(['service']);
  });
});
