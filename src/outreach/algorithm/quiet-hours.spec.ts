import { describe, expect, it } from '@jest/globals';
import { afterQuietHours } from './quiet-hours.js';
import { zonesOf } from './zones.js';

const night = { from: 21 * 60, to: 8 * 60 };
const after = (now: string, ...zones: string[]) => afterQuietHours(new Date(now), zones, night).toISOString();
const somebody = { timeZone: null, addresses: {}, locale: null };

describe('quiet hours end at eight in the morning of the customer', () => {
  it.each([
    ['Australia/Lord_Howe', 'half an hour is skipped that night', '2026-10-03T12:00Z', '2026-10-03T21:00:00.000Z'],
    ['Australia/Lord_Howe', 'half an hour comes twice that night', '2026-04-04T11:00Z', '2026-04-04T21:30:00.000Z'],
    ['Pacific/Apia', 'thirteen hours ahead', '2026-06-01T08:30Z', '2026-06-01T19:00:00.000Z'],
    ['Pacific/Apia', '30 December 2011 did not take place', '2011-12-30T08:00Z', '2011-12-30T18:00:00.000Z'],
    ['Africa/Casablanca', 'the clocks go back for Ramadan', '2026-02-14T22:00Z', '2026-02-15T08:00:00.000Z'],
    ['Africa/Casablanca', 'the clocks go on after Ramadan', '2026-03-21T22:00Z', '2026-03-22T07:00:00.000Z'],
    ['Pacific/Kiritimati', 'fourteen hours ahead', '2026-01-01T07:30Z', '2026-01-01T18:00:00.000Z'],
    ['Europe/Berlin', 'the clocks go on', '2026-03-28T21:00Z', '2026-03-29T06:00:00.000Z'],
    ['Europe/Berlin', 'the clocks go back', '2026-10-24T20:00Z', '2026-10-25T07:00:00.000Z'],
    ['America/New_York', 'the clocks go on', '2026-03-08T02:30Z', '2026-03-08T12:00:00.000Z'],
    ['Asia/Kolkata', 'half an hour off', '2026-06-01T16:00Z', '2026-06-02T02:30:00.000Z'],
  ])('in %s, where %s', (zone, _, now, opens) => {
    expect(after(now, zone)).toBe(opens);
  });

  it('and by day nothing waits', () => {
    expect(after('2026-06-01T12:00Z', 'Europe/Berlin')).toBe('2026-06-01T12:00:00.000Z');
  });

  it('in every zone where they may be', () => {
    expect(after('2026-06-01T13:00Z', 'America/New_York', 'America/Los_Angeles')).toBe('2026-06-01T15:00:00.000Z');
    expect(after('2026-06-02T00:30Z', 'America/New_York', 'Pacific/Honolulu')).toBe('2026-06-02T00:30:00.000Z');
    expect(after('2026-06-02T01:30Z', 'America/New_York', 'Pacific/Honolulu')).toBe('2026-06-02T18:00:00.000Z');
  });

  it('of the first zone where no moment suits all', () => {
    const quiet = { from: 9 * 60, to: 8 * 60 };
    const opens = afterQuietHours(new Date('2026-06-01T12:00Z'), ['Etc/UTC', 'Asia/Tokyo'], quiet);
    expect(opens.toISOString()).toBe('2026-06-02T08:00:00.000Z');
  });
});

describe('the zone of a customer', () => {
  it('is their own where the directory knows it, and never a word that is no zone', () => {
    expect(zonesOf({ ...somebody, timeZone: 'Asia/Shanghai' })).toEqual({ known: true, zones: ['Asia/Shanghai'] });
    expect(zonesOf({ ...somebody, timeZone: 'Mars/Base' })).toEqual({ known: false, zones: ['UTC'] });
  });

  it('is one of those of their phone number, then of their region, then of where their language is spoken most', () => {
    const german = { sms: '+4915112345678' };
    expect(zonesOf({ ...somebody, addresses: german, locale: 'en-US' }).zones).toContain('Europe/Berlin');
    expect(zonesOf({ ...somebody, addresses: german, locale: 'en-US' }).zones).not.toContain('America/New_York');
    const american = zonesOf({ ...somebody, locale: 'en-US' });
    expect(american.known).toBe(false);
    expect(american.zones).toEqual(expect.arrayContaining(['America/New_York', 'Pacific/Honolulu']));
    expect(zonesOf({ ...somebody, locale: 'zh-TW' }).zones).toEqual(['Asia/Taipei']);
    expect(zonesOf({ ...somebody, locale: 'not a tag' }).zones).toEqual(['UTC']);
  });
});
