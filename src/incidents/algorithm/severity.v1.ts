import { percent } from '../../platform/percent.js';

/** Severity of an incident; policies match on it. */
export type Severity = 'minor' | 'major' | 'critical';

/** Facts by which we judge severity. */
export interface Harm {
  /** Distinct customers hit since the start. */
  readonly customers: number;
  /** Customers active in the same time, hit or not; null if the app does not tell. */
  readonly activeCustomers: number | null;
  /** Distinct customers who could not go on: an unhandled crash, a failed payment. */
  readonly blocked: number;
  /** Customers newly hit in the last ten minutes and in the ten before. */
  readonly newlyHit: readonly [last: number, before: number];
}

/** Severity with its reasons, strongest first. */
export interface SeverityVerdict {
  readonly severity: Severity;
  readonly reasons: readonly string[];
}

/** Worst severity. */
export const WORST: Severity = 'critical';
const SEVERITIES: readonly Severity[] = ['minor', 'major', WORST];
/**
 * Customers hit that make an incident major or critical: those that a small team can, and cannot, call one by one. All
 * numbers of this file were chosen by judgement, not measured.
 */
const CUSTOMERS = [20, 500];
/**
 * Shares of active customers that make an incident major or critical, and the customers that a share needs to mean
 * something. Small apps are judged by share.
 */
const SHARES = [0.02, 0.2];
const SHARE_NEEDS = 5;
/** Blocked customers that make an incident major or critical; they weigh more than customers who can go on. */
const BLOCKED = [5, 100];
/** Growth within ten minutes that raises severity by one step, and the customers needed to judge it. */
const GROWTH = { ratio: 2, customers: 10 };

/** Judges an incident by its worst measure; fast growth raises the result by one step. */
export function severityOf(harm: Harm): SeverityVerdict {
  const share = harm.activeCustomers ? Math.min(1, harm.customers / harm.activeCustomers) : 0;
  const measures = [
    { step: stepOf(harm.blocked, BLOCKED), reason: `${harm.blocked} customers could not go on` },
    { step: harm.customers < SHARE_NEEDS ? 0 : stepOf(share, SHARES), reason: `${percent(share)} of active customers` },
    { step: stepOf(harm.customers, CUSTOMERS), reason: `${harm.customers} customers hit` },
  ];
  const worst = Math.max(...measures.map(({ step }) => step));
  const reasons = measures.filter(({ step }) => step === worst && worst > 0).map(({ reason }) => reason);
  const [last, before] = harm.newlyHit;
  const grows = last >= GROWTH.customers && last >= GROWTH.ratio * before;
  const step = Math.min(2, worst + (grows ? 1 : 0));
  if (grows) reasons.push(`growing: ${last} newly hit in 10 min, ${before} in the 10 before`);
  if (reasons.length === 0) reasons.push(`${harm.customers} customers hit`);
  return { severity: SEVERITIES[step] ?? 'minor', reasons };
}

/** Picks the worse of two severities: neither an open incident nor a new alert lowers an earlier severity. */
export function worse(a: Severity, b: Severity): Severity {
  return SEVERITIES.indexOf(a) >= SEVERITIES.indexOf(b) ? a : b;
}

function stepOf(value: number, limits: readonly number[]): number {
  return limits.filter((limit) => value >= limit).length;
}
