import { Inject, Injectable } from '@nestjs/common';
import { type DetectionRow } from '../../detection/detection.js';
import { Detections } from '../../detection/public.js';
import { partsOf } from '../../detection/series.js';
import { type IssueFacts } from '../../issues/issue.js';
import { Issues } from '../../issues/public.js';
import { Database, type Tx } from '../../platform/db/database.js';
import { type Stage, type StageResult } from '../../platform/stages/stage.js';
import { AlertStore } from '../alerts/alert.store.js';
import { type IncidentFacts, type LifecycleSettings, nextStep, quietNeeded } from '../algorithm/lifecycle.v1.js';
import { HarmReadModel } from './harm.read-model.js';
import { type Incident } from '../incident.js';
import { INCIDENTS_CONFIG, type IncidentsConfig } from '../incidents-config.js';
import { Incidents } from '../public.js';
import { SeverityJudge } from './severity.service.js';

const MINUTE = 60_000;
/**
 * Age of an issue before its anomaly from which on it has hits of its own. Such an issue is over once it is as usual
 * again.
 */
const CHRONIC_MS = 60 * MINUTE;
/**
 * Most minutes of use that we read since the last hit: as long as minutes are kept (`rollup`), whatever start somebody
 * claimed.
 */
const KEPT_MINUTES = 8 * 24 * 60;
/** Minutes of use by which we tell whether an app is in use now. */
const ACTIVE_MINUTES = 10;

/**
 * Follows open incidents: raises their severity as they grow, and closes them when the fault has stopped while the app
 * is in use. A second run changes nothing.
 */
@Injectable()
export class IncidentCloseStage implements Stage {
  readonly name = 'incident-close';
  readonly pauseMs = 5000;
  readonly limitMs = 120_000;
  private readonly lifecycle: LifecycleSettings;

  constructor(
    @Inject(INCIDENTS_CONFIG) config: IncidentsConfig,
    private readonly incidents: Incidents,
    private readonly issues: Issues,
    private readonly detections: Detections,
    private readonly alerts: AlertStore,
    private readonly harm: HarmReadModel,
    private readonly severity: SeverityJudge,
    private readonly database: Database,
  ) {
    this.lifecycle = { quietForMs: config.quietFor, reopenWithinMs: config.reopenWithin };
  }

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    const database = this.database.until(signal);
    let worked = 0;
    for (const incident of await this.incidents.open(database)) {
      const changed = await database.transaction(async (tx) => this.follow(tx, incident, now));
      if (changed) worked++;
    }
    return { worked, more: false };
  }

  private async follow(tx: Tx, incident: Incident, now: Date): Promise<boolean> {
    if (!(await tx.tryLock(`incident:${incident.id}`))) return false;
    const alerts = await this.alerts.ofIncident(tx, incident.id);
    const firing = alerts.some(({ status }) => status === 'firing');
    if (incident.issueIds.length === 0) return firing ? false : this.followSums(tx, incident, alerts.length, now);
    const raised = await this.severity.raise(tx, incident.id, now);
    const step = nextStep(await this.facts(tx, incident, firing, now), now.getTime(), this.lifecycle);
    if (step.action === 'keep') return raised;
    await this.incidents.resolve(tx, incident.id, 'forewarn', { resolution: 'quiet', reason: step.reason }, now);
    return true;
  }

  /**
   * Follows an incident without issues, which has no hits to miss. It is over when all its verdicts or its alerts are;
   * otherwise only a person can say so.
   */
  private async followSums(tx: Tx, incident: Incident, alerts: number, now: Date): Promise<boolean> {
    const verdicts = await this.detections.ofIncidents(tx, [incident.id]);
    const over = verdicts.map(({ recoveredSince }) => recoveredSince?.getTime());
    if (over.includes(undefined) || over.length + alerts === 0) return false;
    const quiet = now.getTime() - Math.max(0, ...over.map((at) => at ?? 0));
    if (quiet < quietNeeded(incident.reopened, this.lifecycle)) return false;
    const reason =
      verdicts.length > 0 ? `as usual for ${Math.floor(quiet / MINUTE)} min` : 'all its alerts are resolved';
    const resolution = verdicts.length > 0 ? 'quiet' : 'alerts';
    await this.incidents.resolve(tx, incident.id, 'forewarn', { resolution, reason }, now);
    return true;
  }

  private async facts(tx: Tx, incident: Incident, heldOpen: boolean, now: Date): Promise<IncidentFacts> {
    const verdicts = await this.detections.ofIncidents(tx, [incident.id]);
    const issues = await this.issues.find(tx, incident.issueIds);
    const hits = await this.harm.lastHits(tx, incident.issueIds, incident.startedAt);
    const ofIssue = new Map<number, DetectionRow[]>();
    for (const one of verdicts) ofIssue.set(one.issueId ?? 0, [...(ofIssue.get(one.issueId ?? 0) ?? []), one]);
    const lasts = issues.map((issue) => overSince(incident, issue, ofIssue.get(issue.id) ?? [], hits.get(issue.id)));
    const lastHitAt = lasts.reduce((latest, at) => Math.max(latest, at), incident.startedAt.getTime());
    const sums = verdicts.filter(({ issueId }) => issueId === null);
    const recovered =
      lasts.every((last) => now.getTime() - last >= this.lifecycle.quietForMs) &&
      sums.every((one) => one.recoveredSince !== null || !lastsByItself(one));
    return {
      status: incident.status,
      lastHitAt,
      recovered,
      reopened: incident.reopened,
      heldOpen,
      ...(await this.use(tx, incident, lastHitAt, now)),
    };
  }

  /**
   * Measures how hard the fault hit in its use, and the use since. An app that sends no sessions shows by its other
   * data that it is in use; time itself is the measure then.
   */
  private async use(
    tx: Tx,
    incident: Incident,
    lastHitAt: number,
    now: Date,
  ): Promise<Pick<IncidentFacts, 'hitsPerExposure' | 'exposureSince' | 'appActive'>> {
    const { busiestHits, busiestMinutes, busiestFrom } = await this.harm.hits(
      tx,
      incident.issueIds,
      incident.startedAt,
    );
    const minutes = Math.max(1, busiestMinutes);
    const from = Math.floor((busiestFrom ?? incident.startedAt).getTime() / MINUTE);
    const running = Math.floor(now.getTime() / MINUTE);
    const during = await this.detections.activity(tx, incident.projectId, from, from + minutes, -Infinity);
    const since = await this.detections.activity(
      tx,
      incident.projectId,
      Math.max(Math.ceil(lastHitAt / MINUTE), running - KEPT_MINUTES),
      running + 1,
      Infinity,
    );
    if (since.every(({ active }) => active === null)) {
      const heard = since.some(({ received }) => received);
      const exposureSince = (now.getTime() - lastHitAt) / MINUTE;
      return { hitsPerExposure: busiestHits / minutes, exposureSince, appActive: heard };
    }
    const sum = (rows: typeof since) => rows.reduce((total, { active }) => total + (active ?? 0), 0);
    const pace = sum(during) / minutes;
    return {
      hitsPerExposure: busiestHits / Math.max(1, sum(during)),
      exposureSince: sum(since),
      appActive: sum(since.slice(-ACTIVE_MINUTES)) >= Math.max(1, pace),
    };
  }
}

/**
 * Finds the last hit of an issue by this fault, epoch milliseconds. For a chronic issue that is as usual again, this is
 * the moment of its recovery.
 */
function overSince(
  { startedAt }: Incident,
  issue: IssueFacts,
  its: readonly DetectionRow[],
  lastHitAt: number | undefined,
): number {
  const chronic = its.length > 0 && its.every(({ since }) => since.getTime() - issue.firstSeen.getTime() > CHRONIC_MS);
  const over = its.map(({ recoveredSince }) => recoveredSince?.getTime());
  if (chronic && !over.includes(undefined))
    return Math.min(lastHitAt ?? Infinity, Math.max(...over.map((at) => at ?? 0)));
  return lastHitAt ?? startedAt.getTime();
}

/** Whether a sum may stand out without a hit on any issue: a silent app, sessions that crash. */
function lastsByItself({ kind, series }: DetectionRow): boolean {
  return kind === 'drop' || partsOf(series).kind === 'sessions';
}
