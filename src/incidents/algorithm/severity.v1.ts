/** How bad an incident is; policies match on it. */
export type Severity = 'minor' | 'major' | 'critical';

/** What severity is judged by. */
export interface Harm {
  /** Distinct customers hit since the start. */
  readonly customers: number;
  /** Customers active in the same time, hit or not; null when the app does not tell. */
  readonly activeCustomers: number | null;
  /** Distinct customers who could not go on: an unhandled crash, a failed payment. */
  readonly blocked: number;
  /** Customers newly hit in the last ten minutes and in the ten before. */
  readonly newlyHit: readonly [last: number, before: number];
}

/** A severity with the reasons for it, strongest first. */
export interface SeverityVerdict {
  readonly severity: Severity;
  readonly reasons: readonly string[];
}

/** From where nothing can get worse. */
export const WORST: Severity = 'critical';
const SEVERITIES: readonly Severity[] = ['minor', 'major', WORST];
/** Customers hit from which an incident is major, critical: what a small team can, and cannot, call one by one. */
const CUSTOMERS = [20, 500];
/** Shares of active customers; a small app is judged by share, and shares of a handful mean nothing. */
const SHARES = [0.02, 0.2];
const SHARE_NEEDS = 5;
/** Customers who are blocked count more: from this many it is major, critical. */
const BLOCKED = [5, 100];
/** Doubling in ten minutes, with enough customers to say so, raises by one step. */
const GROWTH = { ratio: 2, customers: 10 };

/** Judges an incident by its worst measure; fast growth raises it one step. */
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

/** The worse of two severities: an open incident, or an alert that raises it, never lowers what was said. */
export function worse(a: Severity, b: Severity): Severity {
  return SEVERITIES.indexOf(a) >= SEVERITIES.indexOf(b) ? a : b;
}

function stepOf(value: number, limits: readonly number[]): number {
  return limits.filter((limit) => value >= limit).length;
}

function percent(share: number): string {
  const value = share * 100;
  return `${value >= 10 ? Math.round(value) : Number(value.toPrecision(2))} %`;
}
