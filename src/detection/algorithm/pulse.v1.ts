/** Minutes of activity that a pulse keeps exactly: more than the longest window of a watch plus its learning lag. */
const KEPT_MINUTES = 512;
/** Weight of a new minute in the long-run mean: a memory of about two weeks. */
const MEAN_WEIGHT = 1 / (14 * 24 * 60);
/**
 * Half-life of the memory of small groups, four weeks. The numbers of this file were chosen on seeds 1 to 99 of
 * bench:detection. Half and double of GREW_WEIGHS change nothing there (bench:detection --vary, 6 apps, seeds 1000 to 1005, 2026-11-29); the others were not varied.
 */
const FLARE_HALF_LIFE = 28 * 24 * 60 * 60_000;
const LARGEST_FLARE = 50;
/**
 * Groups that came to nothing which one group that grew into a fault outweighs: catching one fault early is worth two
 * calls for little.
 */
const GREW_WEIGHS = 2;

/**
 * Activity of a project, minute by minute, by which the counts of its issues are measured. Plain JSON, shared by all
 * series of the project. A minute in which we could receive nothing is no exposure, so a gap in the data is not a zero.
 */
export interface PulseState {
  readonly v: 1;
  /** First minute not yet recorded. */
  next: number;
  /** Minutes recorded since the start, gaps included. */
  recorded: number;
  /** Exposure of each of the last minutes, oldest first, at most twice KEPT_MINUTES; index 0 is minute `next - length`. */
  minutes: number[];
  /** Running totals of `minutes`, so that a window is one subtraction. */
  totals: number[];
  /** Long-run mean exposure of an observed minute. */
  mean: number;
  /** Observed minutes behind the mean. */
  observed: number;
  /**
   * Small groups hit by a new issue: those that came to nothing, by size, and the number of those that grew into a
   * fault; decayed from `at`, epoch milliseconds.
   */
  flares: { at: number; bySize: Record<string, number>; grew?: number };
}

/** Activity of a project in one minute. */
export interface Beat {
  readonly minute: number;
  /** Customers (or sessions) active in the minute; null if the app does not tell, then time itself is the exposure. */
  readonly active: number | null;
  /** False when we could not have received anything (our own downtime, a broken link). */
  readonly received: boolean;
}

/** Makes an empty pulse; `minute` is the first that it will record. */
export function newPulse(minute: number): PulseState {
  return {
    v: 1,
    next: minute,
    recorded: 0,
    minutes: [],
    totals: [0],
    mean: 0,
    observed: 0,
    flares: { at: 0, bySize: {} },
  };
}

/** Records one closed minute, in place. Earlier minutes are ignored; minutes skipped since the last beat are gaps. */
export function beat(pulse: PulseState, { minute, active, received }: Beat): void {
  if (minute < pulse.next) return;
  const skipped = Math.min(minute - pulse.next, 2 * KEPT_MINUTES);
  pulse.next = minute - skipped;
  for (let gap = 0; gap < skipped; gap += 1) push(pulse, 0);
  const exposure = received ? (active ?? 1) : 0;
  push(pulse, exposure);
  if (!received) return;
  pulse.observed += 1;
  pulse.mean += (exposure - pulse.mean) * Math.max(MEAN_WEIGHT, 1 / pulse.observed);
}

/**
 * Exposure between two instants: active customers times minutes, without gaps. The running minute counts by its elapsed
 * part at the pace of the last closed one; minutes older than those kept count at the mean.
 * @param from epoch milliseconds, inclusive
 * @param to epoch milliseconds, exclusive
 */
export function exposure(pulse: PulseState, from: number, to: number): number {
  const start = pulse.next - pulse.minutes.length;
  const first = from / 60_000;
  const last = to / 60_000;
  const known = totalAt(pulse, last - start) - totalAt(pulse, first - start);
  const before = Math.max(0, Math.min(start, last) - Math.max(first, 0));
  const running = Math.max(0, last - Math.max(pulse.next, first));
  return known + before * pulse.mean + Math.min(running, 5) * pace(pulse);
}

/** Active customers of a typical recent minute: mean of the last five closed minutes, those without any left out. */
export function pace(pulse: PulseState): number {
  const recent = pulse.minutes.slice(-5).filter((minute) => minute > 0);
  if (recent.length === 0) return pulse.minutes.length === 0 ? pulse.mean || 1 : 0;
  return recent.reduce((sum, minute) => sum + minute, 0) / recent.length;
}

/** Whether the app is in use: its activity of the last ten minutes is at least a tenth of the long-run mean. */
export function isActive(pulse: PulseState, now: number): boolean {
  return exposure(pulse, now - 600_000, now) >= pulse.mean;
}

/** Notes, in place, that a new issue hit a group of this size, and whether the group grew into a fault. */
export function noteFlare(pulse: PulseState, now: number, customers: number, grew: boolean): void {
  const keep = flareKeep(pulse, now);
  const { flares } = pulse;
  for (const size of Object.keys(flares.bySize)) flares.bySize[size] = (flares.bySize[size] ?? 0) * keep;
  flares.grew = (flares.grew ?? 0) * keep + (grew ? 1 : 0);
  flares.at = now;
  if (grew) return;
  const size = String(Math.min(customers, LARGEST_FLARE));
  flares.bySize[size] = (flares.bySize[size] ?? 0) + 1;
}

/**
 * Whether a group of this size means something in this project: no such group came to nothing lately, or a third of
 * them grew.
 */
export function meansSomething(pulse: PulseState, customers: number): boolean {
  const { bySize, grew = 0 } = pulse.flares;
  const larger = Object.entries(bySize).filter(([size]) => Number(size) >= customers);
  const nothing = larger.reduce((sum, [, seen]) => sum + seen, 0);
  return (nothing - GREW_WEIGHS * grew) * flareKeep(pulse, pulse.next * 60_000) < 0.5;
}

function flareKeep(pulse: PulseState, now: number): number {
  return 0.5 ** (Math.max(0, now - pulse.flares.at) / FLARE_HALF_LIFE);
}

function push(pulse: PulseState, value: number): void {
  pulse.minutes.push(value);
  pulse.totals.push((pulse.totals.at(-1) ?? 0) + value);
  pulse.next += 1;
  pulse.recorded += 1;
  if (pulse.minutes.length < 2 * KEPT_MINUTES) return;
  pulse.minutes = pulse.minutes.slice(KEPT_MINUTES);
  pulse.totals = runningTotals(pulse.minutes);
}

function runningTotals(values: readonly number[]): number[] {
  const totals = [0];
  for (const value of values) totals.push((totals.at(-1) ?? 0) + value);
  return totals;
}

/** Running total at a position in minutes, interpolated, and clamped to the minutes kept. */
function totalAt(pulse: PulseState, position: number): number {
  const clamped = Math.min(Math.max(position, 0), pulse.minutes.length);
  const index = Math.floor(clamped);
  return (pulse.totals[index] ?? 0) + (clamped - index) * (pulse.minutes[index] ?? 0);
}
