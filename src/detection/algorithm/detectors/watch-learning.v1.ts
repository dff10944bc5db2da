import type { MinuteRow } from '../../detection.js';
import { expected, learn, learnScatter } from '../count-baseline.v1.js';
import { exposure } from '../pulse.v1.js';
import { BLOCK, isAbnormal, LAG_BLOCKS, MINUTE, plausible } from './common.v1.js';
import { type WatchState, type WatchContext, ENTRY } from './watch-state.v1.js';
import { blockSums } from './watch-window.v1.js';
import { noteFlash } from './watch-spike.v1.js';
import { addBurn, isSuspicious } from './watch-burn.v1.js';

/** Blocks by which learning lags under a suspected burn, whose longest window reaches six hours further back. */
const SUSPICIOUS_LAG_BLOCKS = LAG_BLOCKS + 36;
/**
 * Blocks (two weeks) that we catch up after our own downtime or a long silence of the series; by judgement, not
 * measured.
 */
const CATCH_UP_BLOCKS = 2016;

/** Stores a row. Leaves out rows of minutes already learnt, which come too late to matter. */
export function put(watch: WatchState, row: MinuteRow): void {
  if (row.minute < watch.learnt * BLOCK || row.events <= 0) return;
  let at = watch.recent.length;
  while (at > 0 && (watch.recent[at - ENTRY] ?? 0) > row.minute) at -= ENTRY;
  const known = at > 0 && watch.recent[at - ENTRY] === row.minute;
  const { minute, arrivals, customers, events, moments = 0, births = 0 } = row;
  watch.recent.splice(known ? at - ENTRY : at, known ? ENTRY : 0, minute, arrivals, customers, events, moments, births);
}

/** Brings burn and baseline up to the running block, in place. */
export function catchUp(watch: WatchState, context: WatchContext): void {
  const running = Math.floor(context.now / MINUTE / BLOCK);
  watch.burn.next = Math.max(watch.burn.next, running - CATCH_UP_BLOCKS);
  for (; watch.burn.next < running; watch.burn.next += 1) addBurn(watch, watch.burn.next, context);
  const skipped = Math.max(0, running - LAG_BLOCKS - CATCH_UP_BLOCKS - watch.learnt);
  if (skipped > 0) watch.learnt += skipped;
  const lag = isSuspicious(watch) ? SUSPICIOUS_LAG_BLOCKS : LAG_BLOCKS;
  for (; watch.learnt < running - lag; watch.learnt += 1) learnBlock(watch, watch.learnt, context);
}

function learnBlock(watch: WatchState, block: number, context: WatchContext): void {
  const from = block * BLOCK * MINUTE;
  const sums = blockSums(watch, block);
  if (sums.entries > 0) watch.recent.splice(0, sums.entries * ENTRY);
  if (sums.arrivals > 0) watch.blocks.push(block, sums.arrivals);
  while (watch.blocks.length > 0 && (watch.blocks[0] ?? 0) < block - 36) watch.blocks.splice(0, 2);
  const exposed = exposure(context.pulse, from, from + BLOCK * MINUTE);
  const usual = expected(watch.baseline, from + (BLOCK / 2) * MINUTE, exposed, context.pulse.mean || 1, 0);
  noteFlash(watch, block, sums.arrivals, usual, context);
  const doubtful = isSuspicious(watch) || isAbnormal(watch, from, from + BLOCK * MINUTE);
  const seen = doubtful ? Math.min(sums.arrivals, plausible(usual)) : sums.arrivals;
  learnScatter(watch.baseline, 0, seen, usual.mean);
  watch.hour = [watch.hour[0] + seen, watch.hour[1] + usual.mean];
  if (block % 6 === 5) {
    learnScatter(watch.baseline, 1, ...watch.hour);
    watch.hour = [0, 0];
  }
  learn(watch.baseline, from, seen, sums.events, exposed);
}
