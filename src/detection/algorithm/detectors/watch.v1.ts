import type { CountUnit, MinuteRow, Verdict } from '../../detection.js';
import { callStop, followHeartbeat, type HeartbeatMinute, type HeartbeatState, takeMinute } from './heartbeat.v1.js';
import { callShare, catchUpShare, followShare, putShare } from './share-watch.v1.js';
import type { ShareContext, ShareRow, ShareWatch } from './share-watch.v1.js';
import type { WatchState, WatchContext } from './watch-state.v1.js';
import { lastHit } from './watch-window.v1.js';
import { callNew, judgeFlare } from './watch-new.v1.js';
import { callBirths } from './watch-births.v1.js';
import { callSpike } from './watch-spike.v1.js';
import { callBurn } from './watch-burn.v1.js';
import { followCount, busiest } from './watch-recovery.v1.js';
import { put, catchUp } from './watch-learning.v1.js';

/** Looks at a series that is as usual so far; answers with a verdict when an anomaly begins. */
type Detector<State, Context> = (state: State, context: Context) => Verdict | null;

/**
 * All detectors, by the sort of series that they look at: a count of hits, a share of a whole, or something that always
 * happens. We ask them in this order; the first verdict holds. To add one, list it here.
 */
const DETECTORS: {
  readonly count: readonly Detector<WatchState, WatchContext>[];
  readonly share: readonly Detector<ShareWatch, ShareContext>[];
  readonly heartbeat: readonly Detector<HeartbeatState, HeartbeatMinute>[];
} = {
  count: [callNew, callBirths, callSpike, callBurn],
  share: [callShare],
  heartbeat: [callStop],
};

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
  const verdict = watch.anomaly ? followCount(watch, watch.anomaly, context) : call(watch, context);
  return verdict ? [verdict] : [];
}

/**
 * Takes one closed minute of a share, in place. Says once when the share is out of the ordinary (`spike`), and once when
 * that is over (`recovered`).
 * @param row undefined when only time has passed; a minute without use (a gap, a night) says nothing
 */
export function observeShare(watch: ShareWatch, row: ShareRow | undefined, context: ShareContext): Verdict | null {
  if (row) putShare(watch, row);
  catchUpShare(watch, context.now);
  if (watch.anomaly) return followShare(watch, watch.anomaly, context);
  return first(DETECTORS.share, watch, context);
}

/**
 * Takes one closed minute of a heartbeat, in place. Says when the series stops (`drop`) and when it is back
 * (`recovered`).
 * @param count null when nothing could be received in that minute: a gap is no silence
 * @param unit what is counted
 */
export function observeHeartbeat(
  state: HeartbeatState,
  minute: number,
  count: number | null,
  unit: CountUnit = 'events',
): Verdict | null {
  if (!takeMinute(state, minute, count)) return null;
  if (count > 0) return followHeartbeat(state, { minute, count, unit });
  return first(DETECTORS.heartbeat, state, { minute, count, unit });
}

/** Whether nothing is left to decide. Such a series can be skipped until its next hit. */
export function isAtRest(watch: WatchState): boolean {
  return watch.anomaly === null && watch.flare === null && watch.recent.length === 0;
}

function call(watch: WatchState, context: WatchContext): Verdict | null {
  const found = first(DETECTORS.count, watch, context);
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

function first<State, Context>(
  detectors: readonly Detector<State, Context>[],
  state: State,
  context: Context,
): Verdict | null {
  let found: Verdict | null = null;
  for (const detector of detectors) found ??= detector(state, context);
  return found;
}
