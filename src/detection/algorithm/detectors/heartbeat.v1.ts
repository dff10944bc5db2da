import type { CountUnit, Verdict } from '../../detection.js';
import { type BaselineState, expected, learn, learnScatter, newBaseline, unlikelyFew } from '../count-baseline.v1.js';
import { evidence } from '../words.js';
import { BLOCK, DAY_MINUTES, MINUTE } from './common.v1.js';

/**
 * State of a series of something that always happens (sessions, sign-ins, orders), watched for its stop. Plain JSON.
 *
 * The numbers below were chosen by judgement and are held by tests; no bench plays heartbeats.
 */
export interface HeartbeatState {
  readonly v: 1;
  baseline: BaselineState;
  /** First minute, last minute given, and last minute with a count, in epoch minutes. */
  born: number;
  last: number;
  lastCount: number;
  /** Received minutes since the last count, and the longest such silence; the latter fades over some weeks. */
  silence: number;
  longest: number;
  /** Counts and minutes of the block of ten that is being learnt. */
  block: { seen: number; minutes: number };
  stoppedSince: number | null;
}

const HOUR = 60 * MINUTE;
/**
 * Conditions of a stop: silent minutes, odds (-log10), and multiples of the longest silence before. All three must
 * hold.
 */
const STOP = { minutes: 5, unlikeliness: 6, timesLongest: 2 };
/** Share of the longest silence kept each minute: half is forgotten in four weeks. */
const KEEP_LONGEST = 0.5 ** (1 / (28 * DAY_MINUTES));

/** Starts a heartbeat at a minute. */
export function newHeartbeat(minute: number): HeartbeatState {
  return {
    v: 1,
    baseline: newBaseline(),
    born: minute,
    last: minute - 1,
    lastCount: minute - 1,
    silence: 0,
    longest: 0,
    block: { seen: 0, minutes: 0 },
    stoppedSince: null,
  };
}

/** Closed minute of a heartbeat. */
export interface HeartbeatMinute {
  readonly minute: number;
  readonly count: number;
  readonly unit: CountUnit;
}

/**
 * Takes one closed minute, in place, before anything is called.
 * @param count null when nothing could be received in that minute: a gap is no silence
 * @returns false where the minute says nothing
 */
export function takeMinute(state: HeartbeatState, minute: number, count: number | null): count is number {
  if (minute <= state.last) return false;
  state.last = minute;
  if (count === null) return false;
  state.longest *= KEEP_LONGEST;
  if (count === 0) state.silence += 1;
  return true;
}

/** Notes a count, in place, and says that the series is back if it had stopped. */
export function followHeartbeat(state: HeartbeatState, { minute, count, unit }: HeartbeatMinute): Verdict | null {
  const since = state.stoppedSince;
  const silence = state.silence;
  if (since === null) state.longest = Math.max(state.longest, silence);
  state.stoppedSince = null;
  state.silence = 0;
  state.lastCount = minute;
  learnMinute(state, minute, count);
  if (since === null) return null;
  const at = (minute + 1) * MINUTE;
  const result = {
    kind: 'recovered' as const,
    since: minute * MINUTE,
    at,
    expected: 0,
    seen: count,
    windowMs: MINUTE,
    unit,
    unlikeliness: 0,
  };
  return { ...result, words: `${count} ${unit} in 1 min after ${silence} min without any` };
}

/** Calls the stop of something that always happens; else learns the silent minute. */
export function callStop(state: HeartbeatState, { minute, unit }: HeartbeatMinute): Verdict | null {
  if (state.stoppedSince !== null) return null;
  const verdict = stopped(state, minute, unit);
  if (verdict) state.stoppedSince = verdict.since;
  else learnMinute(state, minute, 0);
  return verdict;
}

function stopped(state: HeartbeatState, minute: number, unit: CountUnit): Verdict | null {
  if (state.silence < Math.max(STOP.minutes, STOP.timesLongest * state.longest)) return null;
  if (minute - state.born < DAY_MINUTES) return null;
  const at = (minute + 1) * MINUTE;
  const windowMs = state.silence * MINUTE;
  const usual = expectedLow(state.baseline, at - windowMs / 2, state.silence);
  const unlikeliness = unlikelyFew(0, usual);
  if (unlikeliness < STOP.unlikeliness) return null;
  const since = (state.lastCount + 1) * MINUTE;
  const result = {
    kind: 'drop' as const,
    since,
    at,
    expected: usual.mean,
    seen: 0,
    windowMs,
    unit,
    unlikeliness,
  };
  return { ...result, words: evidence(result) };
}

/** Expects the lowest count of the hour before, this hour and the hour after, so that a clock change is no drop. */
function expectedLow(baseline: BaselineState, at: number, minutes: number) {
  const near = [at - HOUR, at, at + HOUR].map((time) => expected(baseline, time, minutes, 1, 0));
  return near.reduce((low, other) => (other.mean < low.mean ? other : low));
}

function learnMinute(state: HeartbeatState, minute: number, count: number): void {
  state.block.seen += count;
  state.block.minutes += 1;
  if (minute % BLOCK !== BLOCK - 1) return;
  const { seen, minutes } = state.block;
  const from = (minute - BLOCK + 1) * MINUTE;
  learnScatter(state.baseline, 0, seen, expected(state.baseline, from + (BLOCK / 2) * MINUTE, minutes, 1, 0).mean);
  learn(state.baseline, from, seen, seen, minutes);
  state.block = { seen: 0, minutes: 0 };
}
