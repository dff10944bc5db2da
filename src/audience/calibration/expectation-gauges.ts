import { type Clock } from '../../platform/clock.js';
import { type Metrics } from '../../platform/metrics.js';

/** Hits expected of customers at risk whose time is up, and hits that came. */
export interface DueRates {
  readonly customers: number;
  /** Hits that were expected of them. */
  readonly expected: number;
  readonly hit: number;
}

/** Age up to which figures are shown again: they move with incidents, not with scrapes. */
const KEPT_MS = 5 * 60_000;

/** Shows in the metrics whether customers at risk are hit as often as was said. */
export function expectationGauges(metrics: Metrics, clock: Clock, read: (now: Date) => Promise<DueRates>): void {
  let kept: { readonly at: number; readonly rates: Promise<DueRates> } | undefined;
  const rates = () => {
    const now = clock.now();
    if (!kept || now.getTime() - kept.at >= KEPT_MS) kept = { at: now.getTime(), rates: read(now) };
    return kept.rates;
  };
  const show = (name: string, help: string, of: (rates: DueRates) => number) =>
    metrics.gauge(name, help, [], async (gauge) => gauge.set(of(await rates())));
  const due = 'Customers called at risk within 90 days whose time is up';
  show('at_risk_due_customers', `${due}.`, (one) => one.customers);
  show('at_risk_due_expected_hits', `${due}: hits that were expected of them.`, (one) => one.expected);
  show('at_risk_due_hits', `${due}: those who were hit.`, (one) => one.hit);
}
