import { describe, expect, it } from '@jest/globals';
import { findSms, type ListedSms } from './sms-match.js';

const AT = new Date('2026-03-02T10:00:00.900Z');
const TEXT = 'Card payments fail: https://forewarn.example/i/kZ3q';
const listed = (body: string | null, secondsLater = 1, providerId = 'SM1'): ListedSms => ({
  providerId,
  body,
  createdAt: new Date(AT.getTime() + secondsLater * 1000),
});

describe('an SMS in doubt', () => {
  it('is the earliest message with our text since the attempt', () => {
    const list = [listed(TEXT, 30, 'SM2'), listed(TEXT, 2, 'SM1'), listed(TEXT, -600, 'SM0')];
    expect(findSms(TEXT, AT, list)).toEqual({ kind: 'found', providerId: 'SM1' });
  });

  it('is found though the times of the provider are whole seconds and its clock is behind', () => {
    expect(findSms(TEXT, AT, [listed(TEXT, -30)]).kind).toBe('found');
  });

  it.each([
    'Sent from your Twilio trial account - Card payments fail: https://forewarn.example/i/kZ3q',
    'Card payments fail:\u00a0https://forewarn.example/i/kZ3q ',
  ])('is found as %j', (body) => {
    expect(findSms(TEXT, AT, [listed(body)]).kind).toBe('found');
  });

  it('is not another text with the same link, nor the same text with another link', () => {
    expect(findSms(TEXT, AT, [listed('Card payments work: https://forewarn.example/i/kZ3q')]).kind).toBe('absent');
    expect(findSms(TEXT, AT, [listed('Card payments fail: https://forewarn.example/i/kZ3r')]).kind).toBe('absent');
  });

  it('is not every message when our text has neither letters nor digits', () => {
    expect(findSms('❗', AT, [listed('Card payments fail')]).kind).toBe('absent');
    expect(findSms('❗', AT, [listed('❗')]).kind).toBe('found');
  });

  it('cannot be judged when a message of that time has no text', () => {
    expect(findSms(TEXT, AT, [listed(null)]).kind).toBe('unreadable');
    expect(findSms(TEXT, AT, [listed(''), listed(TEXT, 5, 'SM2')])).toEqual({ kind: 'found', providerId: 'SM2' });
    expect(findSms(TEXT, AT, [listed(null, -600)]).kind).toBe('absent');
  });
});
