import type { MinuteRow, Verdict } from '../../detection.js';
import type { WatchState, WatchContext } from './watch-state.v1.js';
import { lastHit } from './watch-window.v1.js';
import { callNew, judgeFlare } from './watch-new.v1.js';
import { callBirths } from './watch-births.v1.js';
import { callSpike } from './watch-spike.v1.js';
import { callBurn } from './watch-burn.v1.js';
import { follow, busiest } from './watch-recovery.v1.js';
import { put, catchUp } from './watch-learning.v1.js';

/** Looks at a series that is as usual so far; answers with a verdict when an anomaly begins. */
type Detector = (watch: WatchState, context: WatchContext) => Verdict | null;

/** All detectors of counts in the order in which we ask them; the first verdict holds. To add one, list it here. */
const DETECTORS: readonly Detector[] = [callNew, callBirths, callSpike, callBurn];

export { outageCustomers } from './watch-births.v1.js';
export { newWatch, type WatchContext, type WatchState } from './watch-state.v1.js';

/**
 * Takes the new rows of a series and says what is out of the ordinary now; changes the state in place. A verdict comes
 * once when an anomaly begins, and once (`recovered`) when it is over.
 * @param rows minutes with hits, complete so far; replace earlier rows of the same minutes; empty if only time has
 *   passed
 */
export function observe(watch: WatchState, rows: readonly MinuteRow[], context: WatchContext): Verdict[] {
  for (const row of rows) put(watch, row);
  catchUp(watch, context);
  judgeFlare(watch, context);
  const verdict = watch.anomaly ? follow(watch, watch.anomaly, context) : call(watch, context);
  return verdict ? [verdict] : [];
}

/** Whether nothing is left to decide. Such a series can be skipped until its next hit. */
export function isAtRest(watch: WatchState): boolean {
  return watch.anomaly === null && watch.flare === null && watch.recent.length === 0;
}

function call(watch: WatchState, context: WatchContext): Verdict | null {
  let found: Verdict | null = null;
  for (const detector of DETECTORS) found ??= detector(watch, context);
  if (!found) return null;
  watch.anomaly = {
    kind: found.kind,
    since: found.since,
    customers: 0,
    exposed: 0,
    lastHit: lastHit(watch),
    relearnt: false,
  };
  watch.called = true;
  watch.burn.sum = 0;
  busiest(watch, watch.anomaly, context);
  return found;
}
