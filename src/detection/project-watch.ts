import { type HeartbeatState, newHeartbeat, pulseTaken } from './algorithm/heartbeat.v1.js';
import { beat, newPulse, type PulseState } from './algorithm/pulse.v1.js';
import { isAtRest, newWatch, observe, type WatchState } from './algorithm/watch.v1.js';
import { type DetectionThresholds, type MinuteRow, type Verdict } from './detection.js';
import { bySeries, type IssueMinute, issueOf } from './series.js';

const MINUTE = 60_000;
/** The name under which a project's pulse and heartbeat are kept. */
export const PULSE = 'pulse';
export const HEARTBEAT = 'heartbeat';

/** What is known of one closed minute of a project. */
export interface ActiveMinute {
  readonly minute: number;
  readonly active: number | null;
  readonly received: boolean;
}

/** A verdict and the series that it is about. */
export interface Called {
  readonly series: string;
  readonly verdict: Verdict;
}

/** The states of one project's series as they are loaded and saved. */
export interface ProjectStates {
  readonly pulse: PulseState;
  readonly heartbeat: HeartbeatState | undefined;
  readonly watches: ReadonlyMap<string, WatchState>;
}

/** All watches of one project in memory, between loading and saving their states. */
export class ProjectWatch {
  readonly pulse: PulseState;
  heartbeat: HeartbeatState | undefined;
  private readonly watches: Map<string, WatchState>;
  /** Series whose state differs from what was loaded. */
  readonly touched = new Set<string>();
  private looks = 0;

  constructor(
    states: ProjectStates,
    private readonly thresholds: DetectionThresholds,
    private readonly deployedAt: number | undefined,
  ) {
    this.pulse = states.pulse;
    this.heartbeat = states.heartbeat;
    this.watches = new Map(states.watches);
  }

  /** A project that is seen for the first time. @param minute epoch minutes */
  static statesFrom(minute: number): ProjectStates {
    return { pulse: newPulse(minute), heartbeat: undefined, watches: new Map() };
  }

  /** How many series were looked at, for bounding a run. */
  get effort(): number {
    return this.looks;
  }

  /** The epoch minute from which on the project is watched. */
  get since(): number {
    return this.pulse.next - this.pulse.recorded;
  }

  /** The state of a series that was loaded or made. */
  watch(series: string): WatchState | undefined {
    return this.watches.get(series);
  }

  /** Takes one closed minute: its activity, then its rows on every series, then time alone on those with something left to decide. */
  close(at: ActiveMinute, rows: readonly IssueMinute[]): Called[] {
    beat(this.pulse, at);
    const called = this.beatHeart(at);
    const now = (at.minute + 1) * MINUTE;
    const fresh = bySeries(rows, this.since);
    for (const series of fresh.keys()) if (!this.watches.has(series)) this.start(series, at.minute);
    for (const [series, watch] of this.watches) {
      const its = fresh.get(series);
      if (!its && isAtRest(watch)) continue;
      called.push(...this.look(series, watch, its ?? [], now, this.pulse));
      this.touched.add(series);
    }
    return called;
  }

  /**
   * Looks at minutes that are still being counted, so that a fault is called in seconds. A series that says nothing is left as it was:
   * its minute is taken when it is closed, so what is learnt does not depend on when somebody looked.
   * @param issues those to look at; of the sums all
   */
  peek(rows: readonly IssueMinute[], issues: ReadonlySet<number>, now: number): Called[] {
    const called: Called[] = [];
    for (const [series, its] of bySeries(rows, this.since)) {
      if (!issues.has(issueOf(series) ?? 0) && issueOf(series) !== undefined) continue;
      const watch = this.watches.get(series) ?? this.fresh(series, Math.min(...its.map(({ minute }) => minute)));
      if (watch.anomaly) continue;
      const copy = structuredClone(watch);
      const pulse = { ...this.pulse, flares: structuredClone(this.pulse.flares) };
      const found = this.look(series, copy, its, now, pulse);
      if (found.length === 0) continue;
      called.push(...found);
      this.pulse.flares = pulse.flares;
      this.watches.set(series, copy);
      this.touched.add(series);
    }
    return called;
  }

  /** A verdict on a sum that few people are behind, each counted several times, was none. */
  takeBack(series: string, since: number): void {
    const watch = this.watches.get(series);
    if (watch?.anomaly?.since === since) watch.anomaly = null;
  }

  private look(
    series: string,
    watch: WatchState,
    rows: readonly MinuteRow[],
    now: number,
    pulse: PulseState,
  ): Called[] {
    this.looks += 1;
    const context = { now, pulse, deployedAt: this.deployedAt, thresholds: this.thresholds };
    return observe(watch, rows, context).map((verdict) => ({ series, verdict }));
  }

  private start(series: string, minute: number): void {
    this.watches.set(series, this.fresh(series, minute));
  }

  private fresh(series: string, minute: number): WatchState {
    return newWatch(minute, issueOf(series) !== undefined);
  }

  /** Sessions are what always happens in an app that sends them. */
  private beatHeart({ minute, active, received }: ActiveMinute): Called[] {
    if (active === null) return [];
    this.heartbeat ??= newHeartbeat(minute);
    const verdict = pulseTaken(this.heartbeat, minute, received ? active : null);
    return verdict ? [{ series: HEARTBEAT, verdict }] : [];
  }
}
