import { describe, expect, it } from '@jest/globals';
import { headline, incidentWords, type ReplayFacts } from './replay-words.js';
import { type ReplayedIncident } from './replay.read-model.js';

const BEGAN = Date.parse('2026-05-04T12:00:00Z');
const after = (minutes: number) => new Date(BEGAN + minutes * 60_000);

const incident: ReplayedIncident = {
  severity: 'critical',
  title: 'TypeError: coupon is undefined',
  beganAt: after(0),
  openedAt: after(40),
  closedAt: null,
  customers: 2310,
  told: 2310,
  firstTellingAt: after(41),
  asksFirst: false,
};
const facts: ReplayFacts = {
  incidents: [incident],
  told: 2310,
  customers: 4000,
  events: 9000,
  nobody: 0,
  from: BEGAN,
  to: BEGAN + 3_600_000,
};
const SPAN = '(9,000 events of 4,000 customers, 2026-05-04 12:00 UTC to 2026-05-04 13:00 UTC)';

describe('the answer of a replay', () => {
  it('says how many would have been told, and how soon', () => {
    expect(headline(facts)).toBe(`You would have told 2,310 people, the first 41 minutes after it began ${SPAN}.`);
    const soon = { ...incident, firstTellingAt: new Date(BEGAN + 32_000) };
    expect(headline({ ...facts, incidents: [incident, soon] })).toContain(
      'told 2,310 people about 2 incidents, the first of each 32 seconds to 41 minutes after it began',
    );
  });

  it('says that a person is asked first, and how many errors are nobody’s', () => {
    const words = headline({ ...facts, incidents: [{ ...incident, asksFirst: true }], nobody: 12 });
    expect(words).toContain('A person has to approve first');
    expect(words).toContain('12 of 9,000 events name no customer');
  });

  it('says why nobody would have been told', () => {
    const untold = { ...incident, told: 0, firstTellingAt: null };
    expect(headline({ ...facts, told: 0, incidents: [] })).toBe(`No incident would have opened ${SPAN}.`);
    expect(headline({ ...facts, told: 0, incidents: [untold] })).toContain('no policy matches');
    expect(incidentWords(untold)).toContain('2,310 customers hit, nobody told: no policy matches it');
  });

  it('tells each incident with its times', () => {
    expect(incidentWords(incident)).toBe(
      `critical TypeError: coupon is undefined
         began 2026-05-04 12:00 UTC, opened 2026-05-04 12:40 UTC, 40 minutes later, not over at the end of the events
         2,310 customers hit, 2,310 told, the first 41 minutes after it began`,
    );
  });
});
