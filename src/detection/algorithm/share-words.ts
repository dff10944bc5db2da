import type { Verdict } from '../detection.js';
import type { Expectation } from './count-baseline.v1.js';
import { logLikelihoodRatio } from './tail.v1.js';
import { clockTime, count, probability, span } from './words.js';
import { percent } from '../../platform/percent.js';

const MINUTE = 60_000;
/** Ratio to the usual share above which we look for the start of the anomaly. Chosen by judgement, not measured. */
const RAISED = 2;

/**
 * Estimates when a raised share began, epoch milliseconds: the minute since which the counts speak most for twice the
 * usual share (maximum of the log-likelihood ratio, as CUSUM estimates a change).
 * @param minutes minute, seen, ofAll, flat and in order of time
 */
export function sinceWhen(
  minutes: readonly number[],
  window: { readonly from: number; readonly ofAll: number },
  usual: Expectation,
): number {
  let [sum, best, since] = [0, 0, window.from];
  for (let at = minutes.length - 3; at >= 0; at -= 3) {
    const [minute = 0, seen = 0, ofAll = 0] = minutes.slice(at, at + 3);
    if (minute * MINUTE < window.from) break;
    sum += logLikelihoodRatio(seen, (usual.mean * ofAll) / window.ofAll, usual.size, RAISED);
    if (sum <= best || seen === 0) continue;
    [best, since] = [sum, minute * MINUTE];
  }
  return since;
}

/**
 * Writes the evidence of a share in one line: `42 of 900 sessions crashed in 6 min (4.7 %), expected 1.3 (p < 1e-12),
 * since 10:02 UTC`.
 */
export function shareEvidence(verdict: Omit<Verdict, 'words'> & { readonly ofAll: number }): string {
  const { seen, ofAll, unit, kind, expected, windowMs, since } = verdict;
  const share = ofAll > 0 ? ` (${percent(seen / ofAll)})` : '';
  const usual = kind === 'recovered' ? `${count(expected)} were it still on` : count(expected);
  return `${saidOf(unit, seen, ofAll)} in ${span(windowMs)}${unit === 'customers' ? '' : share}, expected ${usual} (${probability(verdict.unlikeliness)}), since ${clockTime(since)} UTC`;
}

function saidOf(unit: Verdict['unit'], seen: number, ofAll: number): string {
  if (unit === 'sessions') return `${seen} of ${ofAll} sessions crashed`;
  if (unit === 'active customers') return `${seen} of ${ofAll} customer-minutes of use hit an error`;
  return `${seen} ${seen === 1 ? unit.replace(/s$/, '') : unit}`;
}
