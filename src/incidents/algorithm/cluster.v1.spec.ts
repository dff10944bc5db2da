import { describe, expect, it } from '@jest/globals';
import { belongTogether, type Finding, groupFindings, likelyCauses } from './cluster.v1.js';

const TEN = 1_767_607_200_000;
const MINUTE = 60_000;

function aFinding(given: Partial<Finding> & { id: string }): Finding {
  return {
    issueId: given.id,
    kind: 'new',
    since: TEN,
    services: [],
    firstRelease: null,
    customers: [],
    customersHit: 5,
    ...given,
  };
}

const people = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `c${from + n}`);

describe('clustering of detections into outages', () => {
  it('puts fifty issues of one outage into one incident, whatever their order', () => {
    const outage = Array.from({ length: 50 }, (_, n) =>
      aFinding({
        id: `i${n}`,
        since: TEN + (n % 8) * MINUTE,
        services: [n % 2 === 0 ? 'checkout' : 'api'],
        customers: people(n * 2, n * 2 + 12),
      }),
    );
    for (const order of [outage, [...outage].reverse()]) {
      const groups = groupFindings(order, []);
      expect(groups.map(({ incidentId, findings }) => [incidentId, findings.length])).toEqual([[null, 50]]);
    }
  });

  it('keeps two faults of different services and customers apart, even when they start together', () => {
    const a = aFinding({ id: 'a', services: ['checkout'], customers: people(0, 10) });
    const b = aFinding({ id: 'b', services: ['search'], customers: people(50, 60) });
    expect(groupFindings([a, b], [])).toHaveLength(2);
  });

  it('joins a much later detection only through shared customers or a link', () => {
    const a = aFinding({ id: 'a', services: ['web'], customers: people(0, 20) });
    const later = { since: TEN + 90 * MINUTE, services: ['web'] };
    expect(belongTogether(a, aFinding({ id: 'b', ...later, customers: people(40, 60) })).together).toBe(false);
    expect(belongTogether(a, aFinding({ id: 'c', ...later, customers: people(2, 12) })).reasons).toContain(
      'share 10 customers',
    );
  });

  it('joins a late sum with the issues that it adds up, and says so', () => {
    const issue = aFinding({ id: 'a', services: ['web'], firstRelease: '2.0', area: 'checkout' });
    const sum = { issueId: null, kind: 'spike' as const, since: TEN + 50 * MINUTE };
    const open = [{ id: 'first', findings: [issue] }];
    const release = aFinding({ id: 'release', ...sum, firstRelease: '2.0', issues: ['a', 'b'] });
    const area = aFinding({ id: 'area', ...sum, area: 'checkout', issues: ['a'] });
    for (const [one, reason] of [
      [release, 'same release 2.0'],
      [area, 'same area checkout'],
    ] as const) {
      const [group] = groupFindings([one], open);
      expect(group).toMatchObject({ incidentId: 'first', findings: [one] });
      expect(group?.reasons).toEqual(expect.arrayContaining(['counts the same errors', reason]));
    }
    expect(belongTogether(issue, aFinding({ id: 'other', ...sum, issues: ['b'] })).together).toBe(false);
  });

  it('obeys the verdict of ops on a link', () => {
    const a = aFinding({ id: 'a', services: ['web'] });
    const b = aFinding({ id: 'b', services: ['web'] });
    const link = { a: 'b', b: 'a', score: 0.9, reason: 'the same crash site' };
    expect(belongTogether(a, b, [{ ...link, verdict: 'rejected' }]).together).toBe(false);
    const far = { ...b, since: TEN + 600 * MINUTE, services: ['api'] };
    expect(belongTogether(a, far, [{ ...link, verdict: 'confirmed' }]).together).toBe(true);
  });

  it('adds a detection to an open incident and never merges two open ones', () => {
    const a = aFinding({ id: 'a', services: ['web'] });
    const b = aFinding({ id: 'b', services: ['web'] });
    const c = aFinding({ id: 'c', services: ['web'], since: TEN + MINUTE });
    const open = [
      { id: 'first', findings: [a] },
      { id: 'second', findings: [b] },
    ];
    const groups = groupFindings([c], open);
    expect(groups).toHaveLength(1);
    expect(groups[0]?.findings).toEqual([c]);
    expect(['first', 'second']).toContain(groups[0]?.incidentId);
  });

  it('compares a detection with the linked, the nearest and the widest of thousands in an incident', () => {
    const many = Array.from({ length: 3000 }, (_, n) =>
      aFinding({ id: `i${n}`, since: TEN + n * 2000, services: ['web'], customersHit: n === 9 ? 900 : 5 }),
    );
    const held = many.map((one, n) => (n === 9 ? { ...one, customers: people(0, 64) } : one));
    const open = [{ id: 'outage', findings: held }];
    const joins = (finding: Finding, links: Parameters<typeof groupFindings>[2] = []) =>
      groupFindings([finding], open, links).map(({ incidentId }) => incidentId);
    const far = TEN + 600 * MINUTE;
    const link = { a: 'late', b: 'i1500', score: 0.9, reason: 'the same crash site', verdict: 'confirmed' as const };
    expect(joins(aFinding({ id: 'late', since: far, services: ['api'] }), [link])).toEqual(['outage']);
    expect(joins(aFinding({ id: 'stranger', since: far, services: ['api'] }))).toEqual([null]);
    expect(joins(aFinding({ id: 'early', since: TEN + 1500, services: ['web'] }))).toEqual(['outage']);
    expect(joins(aFinding({ id: 'same people', since: far, services: ['web'], customers: people(0, 30) }))).toEqual([
      'outage',
    ]);
    expect(joins(aFinding({ id: 'again', issueId: 'i777', since: far }))).toEqual(['outage']);
  });

  it('names the earliest issue with most customers as the likely cause, with reasons', () => {
    const root = aFinding({ id: 'pool exhausted', customersHit: 80 });
    const effect = aFinding({ id: 'cart failed', kind: 'spike', since: TEN + 2 * MINUTE, customersHit: 9 });
    const [first, second] = likelyCauses([effect, root]);
    expect(first).toMatchObject({
      findingId: 'pool exhausted',
      reasons: ['started first', 'hit 80 customers', 'never seen before'],
    });
    expect(second?.reasons).toEqual(['started 2 min after the first', 'hit 9 customers']);
  });
});
