import { describe, expect, it } from '@jest/globals';
import { incidentToReopen, type IncidentFacts, nextStep, quietNeeded } from './lifecycle.v1.js';
import { severityOf, worse } from './severity.v1.js';

const MINUTE = 60_000;
const NOW = 1_767_607_200_000;

function facts(given: Partial<IncidentFacts> = {}): IncidentFacts {
  return {
    status: 'detected',
    lastHitAt: NOW - 45 * MINUTE,
    hitsPerExposure: 0.001,
    exposureSince: 45_000,
    appActive: true,
    recovered: true,
    reopened: 0,
    heldOpen: false,
    ...given,
  };
}

describe('the life cycle of an incident', () => {
  it('resolves the incident once the app was used long enough without a hit', () => {
    expect(nextStep(facts(), NOW)).toEqual({
      action: 'resolve',
      reason: 'no hit for 45 min while the app was in use; about 45 were to be expected',
    });
  });

  it.each([
    ['the whole app is silent', { appActive: false }],
    ['too few used the app to say', { exposureSince: 2_000 }],
    ['it is not quiet for long enough', { lastHitAt: NOW - 20 * MINUTE }],
    ['it flapped, so twice the quiet is asked for', { reopened: 1 }],
    ['an alert still fires', { heldOpen: true }],
    ['its issues have not recovered', { recovered: false }],
  ])('keeps the incident open when %s', (_, given) => {
    expect(nextStep(facts(given), NOW).action).toBe('keep');
  });

  it('demands more and more quiet of a flapping incident, up to a limit', () => {
    expect([0, 1, 2, 9].map((times) => quietNeeded(times) / MINUTE)).toEqual([30, 60, 120, 480]);
  });

  it('reopens an incident when its issue comes back within hours, and opens a new one after a day', () => {
    const resolved = [{ id: 'old', resolvedAt: NOW - 60 * MINUTE, issueIds: ['a', 'b'] }];
    expect(incidentToReopen(['b'], resolved, NOW)).toBe('old');
    expect(incidentToReopen(['c'], resolved, NOW)).toBeNull();
    expect(incidentToReopen(['b'], resolved, NOW + 24 * 60 * MINUTE)).toBeNull();
  });
});

describe('severity', () => {
  const harm = { customers: 8, activeCustomers: 10_000, blocked: 0, newlyHit: [2, 2] as const };

  it('is minor when a few customers are hit and can go on', () => {
    expect(severityOf(harm)).toEqual({ severity: 'minor', reasons: ['8 customers hit'] });
  });

  it('is major when some customers cannot pay, and critical when a fifth of all are hit', () => {
    expect(severityOf({ ...harm, blocked: 6 })).toEqual({
      severity: 'major',
      reasons: ['6 customers could not go on'],
    });
    expect(severityOf({ ...harm, activeCustomers: 40 }).severity).toBe('critical');
  });

  it('rises by one step when the incident grows fast', () => {
    const growing = severityOf({ ...harm, customers: 30, newlyHit: [24, 6] });
    expect(growing.severity).toBe('critical');
    expect(growing.reasons.at(-1)).toBe('growing: 24 newly hit in 10 min, 6 in the 10 before');
  });

  it('never falls when it is compared with a lower one', () => {
    expect(worse('critical', 'minor')).toBe('critical');
  });
});
