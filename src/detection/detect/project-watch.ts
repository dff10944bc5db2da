import { type HeartbeatState, newHeartbeat } from '../algorithm/detectors/heartbeat.v1.js';
import { beat, isActive, newPulse, type PulseState } from '../algorithm/pulse.v1.js';
import {
  isShareAtRest,
  newShareWatch,
  type Peer,
  type ShareRow,
  type ShareWatch,
} from '../algorithm/detectors/share-watch.v1.js';
import {
  isAtRest,
  newWatch,
  observe,
  observeHeartbeat,
  observeShare,
  type WatchState,
} from '../algorithm/detectors/watch.v1.js';
import { type DetectionThresholds, type MinuteRow, type Verdict } from '../detection.js';
import { bySeries, type IssueMinute, issueOf, partsOf, WHOLE_PROJECT } from '../series.js';
import { SESSIONS, unitOf } from './shares.js';

const MINUTE = 60_000;
/** Names under which a project's pulse and heartbeat are stored. */
export const PULSE = 'pulse';
export const HEARTBEAT = 'heartbeat';

/** Use of the app in one closed minute of a project. */
export interface ActiveMinute {
  readonly minute: number;
  /** Customers who used the app, or sessions if it names no customers; null if it tells neither. */
  readonly active: number | null;
  /** Customers who used the app; null if it names none. */
  readonly customers: number | null;
  readonly received: boolean;
}

/** Verdict and the series that it is about. */
export interface Called {
  readonly series: string;
  readonly verdict: Verdict;
}

/** States of one project's series, as they are loaded and saved. */
export interface ProjectStates {
  readonly pulse: PulseState;
  readonly heartbeat: HeartbeatState | undefined;
  readonly watches: ReadonlyMap<string, WatchState>;
  readonly shares: ReadonlyMap<string, ShareWatch>;
}

/** Holds all watches of one project in memory, between loading and saving their states. */
export class ProjectWatch {
  readonly pulse: PulseState;
  heartbeat: HeartbeatState | undefined;
  private readonly watches: Map<string, WatchState>;
  private readonly shares: Map<string, ShareWatch>;
  /** Series whose state has changed since it was loaded. */
  readonly touched = new Set<string>();
  /** Series without an earlier state. */
  readonly started: string[] = [];
  private looks = 0;

  constructor(
    states: ProjectStates,
    private readonly thresholds: DetectionThresholds,
    private readonly deployedAt: number | undefined,
  ) {
    this.pulse = states.pulse;
    this.heartbeat = states.heartbeat;
    this.watches = new Map(states.watches);
    this.shares = new Map(states.shares);
  }

  /**
   * Makes the states of a new project.
   * @param minute epoch minutes
   */
  static statesFrom(minute: number): ProjectStates {
    return { pulse: newPulse(minute), heartbeat: undefined, watches: new Map(), shares: new Map() };
  }

  /** Number of looks at series so far, which bounds a run. */
  get effort(): number {
    return this.looks;
  }

  /** First epoch minute of the project's watch. */
  get since(): number {
    return this.pulse.next - this.pulse.recorded;
  }

  /** State of a series, loaded or new; undefined if there is none. */
  watch(series: string): WatchState | undefined {
    return this.watches.get(series);
  }

  /** State of a share, loaded or new; undefined if there is none. */
  share(series: string): ShareWatch | undefined {
    return this.shares.get(series);
  }

  /**
   * Takes one closed minute: its activity, then its rows on every series, then the passing of time on series with
   * something left to decide.
   */
  close(at: ActiveMinute, rows: readonly IssueMinute[], shares: ReadonlyMap<string, ShareRow> = new Map()): Called[] {
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
    return [...called, ...this.closeShares(at.minute, shares)];
  }

  private closeShares(minute: number, rows: ReadonlyMap<string, ShareRow>): Called[] {
    const called: Called[] = [];
    const inUse = isActive(this.pulse, (minute + 1) * MINUTE);
    for (const series of rows.keys()) {
      if (this.shares.has(series)) continue;
      this.shares.set(series, newShareWatch(minute));
      this.started.push(series);
    }
    for (const [series, watch] of this.shares) {
      const row = rows.get(series);
      if (!row && isShareAtRest(watch)) continue;
      this.looks += 1;
      this.touched.add(series);
      const verdict = observeShare(watch, row, {
        now: (minute + 1) * MINUTE,
        unit: unitOf(series),
        peer: this.peerOf(series),
        inUse,
        deployedAt: this.deployedAt,
        thresholds: this.thresholds,
      });
      if (verdict) called.push({ series, verdict });
    }
    return called;
  }

  /** Finds the baseline with which a release is compared: that of the whole project. */
  private peerOf(series: string): Peer | undefined {
    const { kind, name } = partsOf(series);
    if (name === null) return undefined;
    const share = this.shares.get(SESSIONS);
    if (kind === SESSIONS) return share && { ...share, perMinute: share.use.mean };
    const whole = this.watches.get(WHOLE_PROJECT);
    return whole && { ...whole, perMinute: this.pulse.mean || 1 };
  }

  /**
   * Looks at minutes that are still being counted, so that a fault is called within seconds. A series without a verdict
   * is left as it was: closing its minutes teaches it, so what it learns does not depend on when somebody looked.
   * @param issues issues to look at; the sums look at all rows
   */
  peek(rows: readonly IssueMinute[], issues: ReadonlySet<number>, now: number): Called[] {
    const called: Called[] = [];
    for (const [series, its] of bySeries(rows, this.since)) {
      if (!issues.has(issueOf(series) ?? 0) && issueOf(series) !== undefined) continue;
      const watch = this.watches.get(series) ?? this.fresh(series, Math.min(...its.map(({ minute }) => minute)));
      if (watch.anomaly) continue;
      const copy = copyOf(watch);
      const pulse = { ...this.pulse, flares: copyOf(this.pulse.flares) };
      const found = this.look(series, copy, its, now, pulse);
      if (found.length === 0) continue;
      called.push(...found);
      this.pulse.flares = pulse.flares;
      this.watches.set(series, copy);
      this.touched.add(series);
    }
    return called;
  }

  /** Takes back a verdict on a sum behind which are few people, each counted several times. */
  takeBack(series: string, since: number): void {
    const watch = this.watches.get(series) ?? this.shares.get(series);
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
    this.started.push(series);
  }

  private fresh(series: string, minute: number): WatchState {
    return newWatch(minute, issueOf(series) !== undefined);
  }

  /** Feeds the heartbeat: sessions always happen in an app that sends them. */
  private beatHeart({ minute, active, customers, received }: ActiveMinute): Called[] {
    if (active === null) return [];
    this.heartbeat ??= newHeartbeat(minute);
    const unit = customers === null ? 'sessions' : 'active customers';
    const verdict = observeHeartbeat(this.heartbeat, minute, received ? active : null, unit);
    return verdict ? [{ series: HEARTBEAT, verdict }] : [];
  }
}

/**
 * Copies plain JSON. `structuredClone` takes four times as long, and a look at an outage copies thousands of states.
 */
function copyOf<T extends object>(value: T): T {
  if (Array.isArray(value)) return value.map((one: unknown) => (isObject(one) ? copyOf(one) : one)) as T;
  const copy = { ...value } as Record<string, unknown>;
  for (const key in copy) {
    const one = copy[key];
    if (isObject(one)) copy[key] = copyOf(one);
  }
  return copy as T;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
