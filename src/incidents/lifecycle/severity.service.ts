import { Injectable } from '@nestjs/common';
import { type DetectionRow } from '../../detection/detection.js';
import { areaOf } from '../../detection/series.js';
import { type IssueFacts } from '../../issues/issue.js';
import { Issues } from '../../issues/public.js';
import { type Tx } from '../../platform/db/database.js';
import { wake } from '../../platform/stages/wake.js';
import { severityOf, WORST, worse } from '../algorithm/severity.v1.js';
import { HarmReadModel } from './harm.read-model.js';
import { type Incident, type Severity } from '../incident.js';
import { IncidentStore } from './incident.store.js';

/** Severity with its reasons, and the area that rules named. */
export interface Judged {
  readonly severity: Severity;
  readonly reasons: readonly string[];
  readonly area: string | null;
}

/** Judges the severity of an incident by the customers whom it hits. */
@Injectable()
export class SeverityJudge {
  constructor(
    private readonly issues: Issues,
    private readonly harm: HarmReadModel,
    private readonly store: IncidentStore,
  ) {}

  /**
   * Judges the damage of these issues since `since`. The severity that a rule set on an issue is the least. If an app
   * does not tell how many customers use it, the share is unknown, and a spreading fault counts as major.
   * @param verdicts those behind the incident: crashed sessions count as blocked customers, and a silent app is major
   */
  async judge(
    tx: Tx,
    projectId: number,
    issues: readonly IssueFacts[],
    since: Date,
    now: Date,
    verdicts: readonly DetectionRow[] = [],
  ): Promise<Judged> {
    const ruled = issues.flatMap(({ severity }) => severity ?? []);
    const area = areaOfAll(issues, verdicts);
    const harm = await this.harm.harm(
      tx,
      projectId,
      issues.map(({ id }) => id),
      since,
      now,
    );
    const judged = severityOf(harm);
    const reasons = [...judged.reasons];
    let severity = ruled.reduce(worse, judged.severity);
    if (severity !== judged.severity) reasons.unshift('a rule says so');
    const saidOnly = verdicts.length > 0 && verdicts.every(({ kind }) => kind === 'contacts');
    if (!saidOnly && harm.activeCustomers === null && ruled.length === 0 && severity === 'minor') {
      severity = 'major';
      reasons.push('how many use the app is not known');
    }
    for (const said of verdicts.flatMap(saidBy)) {
      if (worse(severity, said.severity) === severity) continue;
      severity = said.severity;
      reasons.unshift(said.reason);
    }
    return { severity, reasons, area };
  }

  /** Gives an incident without an area that of its new issues or verdicts. */
  async nameArea(
    tx: Tx,
    incident: Incident,
    issueIds: readonly number[],
    verdicts: readonly DetectionRow[],
  ): Promise<void> {
    if (incident.area !== null) return;
    const area = areaOfAll(await this.issues.find(tx, issueIds), verdicts);
    if (area !== null) await this.store.update(tx, incident.id, { area });
  }

  /** Raises the severity of an open incident as it grows; never lowers it, and never changes one that a person set. */
  async raise(tx: Tx, incidentId: number, now: Date): Promise<boolean> {
    const incident = await this.store.find(tx, incidentId);
    if (!incident || incident.severityByOps || incident.issueIds.length === 0) return false;
    if (incident.severity === WORST) return false;
    const issues = await this.issues.find(tx, incident.issueIds);
    const judged = await this.judge(tx, incident.projectId, issues, incident.startedAt, now);
    const severity = worse(incident.severity, judged.severity);
    if (severity === incident.severity) return false;
    await this.store.update(tx, incidentId, { severity });
    const fact = { kind: 'severity_raised' as const, from: incident.severity, to: severity, because: judged.reasons };
    await this.store.append(tx, incidentId, 'forewarn', [fact], now);
    await wake(tx, 'campaign', 'alertmanager-push');
    return true;
  }
}

/** Picks the area: that of an issue goes before that of a sum. */
function areaOfAll(issues: readonly IssueFacts[], verdicts: readonly DetectionRow[]): string | null {
  return (
    issues.find((issue) => issue.area)?.area ??
    verdicts.map(({ series }) => areaOf(series)).find((area) => area !== null) ??
    null
  );
}

/** Judges a verdict by itself, if no issue tells its severity. */
function saidBy({ kind, evidence }: DetectionRow): { severity: Severity; reason: string }[] {
  const reason = evidence.words;
  if (kind === 'contacts') return [{ severity: 'minor', reason }];
  if (kind === 'drop') return [{ severity: 'major', reason }];
  if (evidence.unit !== 'sessions') return [];
  const crashed = evidence.seen;
  const harm = { customers: crashed, blocked: crashed, activeCustomers: evidence.ofAll ?? null };
  return [{ severity: severityOf({ ...harm, newlyHit: [0, 0] }).severity, reason }];
}
