import { Inject, Injectable } from '@nestjs/common';
import { type DetectionEvidence, type DetectionRow } from '../../detection/detection.js';
import { Detections } from '../../detection/public.js';
import { partsOf, releaseOf } from '../../detection/series.js';
import { type IssueFacts } from '../../issues/issue.js';
import { Issues } from '../../issues/public.js';
import { Database, type Tx } from '../../platform/db/database.js';
import { IDLE, type Stage, type StageResult } from '../../platform/stages/stage.js';
import { wake } from '../../platform/stages/wake.js';
import { Alerts } from '../alerts/alerts.service.js';
import {
  BORN_BEFORE_MS,
  type Finding,
  type FindingGroup,
  groupFindings,
  likelyCauses,
  type OpenIncident,
} from '../algorithm/cluster.v1.js';
import { incidentToReopen, type LifecycleSettings } from '../algorithm/lifecycle.v1.js';
import { Findings } from './findings.service.js';
import { type Incident } from '../incident.js';
import { IncidentStore } from './incident.store.js';
import { INCIDENTS_CONFIG, type IncidentsConfig } from '../incidents-config.js';
import { SeverityJudge } from './severity.service.js';
import { type Silence } from '../silences/silence.js';
import { SilenceStore } from '../silences/silence.store.js';
import { Silences } from '../silences/silences.service.js';
import { type SpokenEvidence } from '../timeline.js';

const BATCH = 500;
/**
 * CALL: sorts verdicts into incidents. Verdicts that belong together open an incident, join an open one, or reopen one.
 * The stage works on one project at a time under a lock, and marks the verdicts in the same transaction, so neither a
 * crash nor a second process opens an incident twice.
 */
@Injectable()
export class IncidentOpenStage implements Stage {
  readonly name = 'incident-open';
  readonly pauseMs = 2000;
  readonly limitMs = 60_000;
  private readonly lifecycle: LifecycleSettings;

  constructor(
    @Inject(INCIDENTS_CONFIG) config: IncidentsConfig,
    private readonly detections: Detections,
    private readonly issues: Issues,
    private readonly findings: Findings,
    private readonly severity: SeverityJudge,
    private readonly alerts: Alerts,
    private readonly silences: Silences,
    private readonly silenceStore: SilenceStore,
    private readonly store: IncidentStore,
    private readonly database: Database,
  ) {
    this.lifecycle = { quietForMs: config.quietFor, reopenWithinMs: config.reopenWithin };
  }

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    const database = this.database.until(signal);
    let worked = 0;
    let more = false;
    for (const projectId of await this.detections.projectsWaiting(database, now)) {
      const result = await database.transaction(async (tx) =>
        (await tx.tryLock(`incident-open:${projectId}`)) ? this.open(tx, projectId, now) : IDLE,
      );
      worked += result.worked;
      more ||= result.more;
    }
    return { worked, more };
  }

  private async open(tx: Tx, projectId: number, now: Date): Promise<StageResult> {
    const claimed = await this.detections.claim(tx, projectId, now, BATCH);
    if (claimed.length === 0) return IDLE;
    await this.noteRecovered(tx, claimed, now);
    const fresh = await this.notSilenced(tx, projectId, await this.worthActing(tx, claimed, now), now);
    const open = (await this.store.open(tx)).filter((one) => one.projectId === projectId);
    const held = await this.findings.ofIncidents(tx, open);
    const rows = new Map(fresh.map((row) => [String(row.id), row]));
    const links = await this.findings.links(tx, fresh);
    const groups = groupFindings(await this.findings.of(tx, fresh), await this.withoutDetached(tx, held), links);
    for (const group of groups) await this.place(tx, projectId, group, rows, links, now);
    if (groups.length > 0) await wake(tx, 'audience', 'draft', 'alertmanager-push');
    return { worked: claimed.length, more: claimed.length === BATCH };
  }

  /** Notes recoveries of series in the timelines of the incidents that they belonged to. */
  private async noteRecovered(tx: Tx, claimed: readonly DetectionRow[], now: Date): Promise<void> {
    const over = claimed.filter(({ kind }) => kind === 'recovered');
    for (const row of over) {
      const incident = await this.store.openOfSeries(tx, row.projectId, row.series);
      if (incident !== undefined)
        await this.store.append(
          tx,
          incident,
          'forewarn',
          [{ kind: 'recovered', series: row.series, ...row.evidence }],
          now,
        );
    }
    await this.detections.markHandled(
      tx,
      over.map(({ id }) => id),
      null,
      now,
    );
  }

  /**
   * Picks the verdicts that need action. Those that a silence held back until they were over, and those on ignored
   * issues, need none.
   */
  private async worthActing(tx: Tx, claimed: readonly DetectionRow[], now: Date): Promise<DetectionRow[]> {
    const asked = claimed.filter(({ kind }) => kind !== 'recovered');
    const ids = asked.flatMap(({ issueId }) => issueId ?? []);
    const ignored = new Set(
      (await this.issues.find(tx, ids)).filter(({ status }) => status === 'ignored').map(({ id }) => id),
    );
    const moot = asked.filter(
      (row) => (row.silencedBy !== null && row.recoveredSince !== null) || ignored.has(row.issueId ?? 0),
    );
    await this.detections.markHandled(
      tx,
      moot.map(({ id }) => id),
      null,
      now,
    );
    return asked.filter((row) => !moot.includes(row));
  }

  private async notSilenced(
    tx: Tx,
    projectId: number,
    rows: readonly DetectionRow[],
    now: Date,
  ): Promise<DetectionRow[]> {
    const active = await this.silences.active(tx, now);
    if (active.length === 0) return [...rows];
    const facts = await this.findings.silenceable(tx, projectId, rows);
    const silenceOf = (at: number) =>
      (facts[at] ?? []).map((all) => this.silences.over(active, all)).find((silence) => silence !== undefined);
    const held = rows.map((row, at) => ({ row, silence: silenceOf(at) }));
    for (const { row, silence } of held) if (silence) await this.hold(tx, row, silence, now);
    return held.filter(({ silence }) => !silence).map(({ row }) => row);
  }

  private async hold(tx: Tx, row: DetectionRow, silence: Silence, now: Date): Promise<void> {
    await this.detections.silence(tx, [row.id], silence.id, silence.until);
    const words = `${row.kind} of ${row.series}: ${row.evidence.words}`;
    await this.silenceStore.note(tx, silence.id, { what: 'incident', ref: `detection:${row.id}`, words }, now);
  }

  /** Leaves out the issues that a person took out of an incident; they do not come back automatically. */
  private async withoutDetached(tx: Tx, held: readonly OpenIncident[]): Promise<OpenIncident[]> {
    const out = await this.store.detached(
      tx,
      held.map(({ id }) => Number(id)),
    );
    const isOut = (id: string, issueId: string | null) =>
      out.some((one) => String(one.incidentId) === id && String(one.issueId) === issueId);
    return held.map(({ id, findings }) => ({ id, findings: findings.filter(({ issueId }) => !isOut(id, issueId)) }));
  }

  private async place(
    tx: Tx,
    projectId: number,
    group: FindingGroup,
    rows: ReadonlyMap<string, DetectionRow>,
    links: Parameters<typeof likelyCauses>[1],
    now: Date,
  ): Promise<void> {
    const own = group.findings.flatMap(({ id }) => rows.get(id) ?? []);
    const issueIds = [
      ...new Set([...own.flatMap(({ issueId }) => issueId ?? []), ...(await this.issuesOfSums(tx, own, now))]),
    ];
    const startedAt = new Date(Math.min(...own.map(({ since }) => since.getTime())));
    const incident =
      group.incidentId === null
        ? await this.openOrReopen(tx, projectId, group, own, issueIds, startedAt, links, now)
        : await this.store.find(tx, Number(group.incidentId));
    if (!incident) return;
    await this.attach(tx, incident.id, issueIds, group, own, now);
    await this.noteSums(tx, incident.id, group, own, now);
    await this.detections.markHandled(
      tx,
      own.map(({ id }) => id),
      incident.id,
      now,
    );
    if (group.incidentId !== null) {
      await this.severity.nameArea(tx, incident, issueIds, own);
      await this.severity.raise(tx, incident.id, now);
    }
    const called = await this.store.find(tx, incident.id);
    if (called) await this.alerts.attachLoose(tx, called, now);
  }

  /**
   * Attaches issues. The opening entry of the timeline names those that an incident opens with; each later one gets an
   * entry of its own.
   */
  private async attach(
    tx: Tx,
    incidentId: number,
    issueIds: readonly number[],
    group: FindingGroup,
    own: readonly DetectionRow[],
    now: Date,
  ): Promise<void> {
    const rowOf = new Map([...own].reverse().map((row) => [row.issueId, row]));
    const asked = issueIds.map((issueId) => {
      const row = rowOf.get(issueId) ?? own[0];
      return { issueId, row, reason: group.reasons[0] ?? row?.kind ?? 'manual' };
    });
    const attached = await this.store.attachIssues(tx, incidentId, asked, now);
    if (group.incidentId === null) return;
    const entries = asked
      .filter(({ issueId }) => attached.has(issueId))
      .map(({ issueId, row }) => ({
        kind: 'issue_attached' as const,
        issueId: String(issueId),
        detection: row?.kind,
        reasons: group.reasons,
        ...row?.evidence,
      }));
    await this.store.append(tx, incidentId, 'forewarn', entries, now);
  }

  /** Notes verdicts on sums (a release, an area, a service, sessions) in the timeline. */
  private async noteSums(
    tx: Tx,
    incidentId: number,
    group: FindingGroup,
    own: readonly DetectionRow[],
    now: Date,
  ): Promise<void> {
    for (const row of own) {
      if (row.issueId !== null) continue;
      const { series, kind } = row;
      const fact = { series, detection: kind, reasons: group.reasons, ...withoutIssues(row) };
      await this.store.append(tx, incidentId, 'forewarn', [{ kind: 'detection_attached', ...fact }], now);
    }
  }

  private async openOrReopen(
    tx: Tx,
    projectId: number,
    group: FindingGroup,
    own: readonly DetectionRow[],
    issueIds: readonly number[],
    startedAt: Date,
    links: Parameters<typeof likelyCauses>[1],
    now: Date,
  ): Promise<Incident | undefined> {
    const issues = await this.issues.find(tx, issueIds);
    const before = await this.comesBack(tx, projectId, issueIds, own, now);
    const lead = leadOf(group.findings, issues, own, links);
    const details = {
      detection: lead.row?.kind,
      issueId: lead.issue ? String(lead.issue.id) : null,
      reasons: group.reasons,
      ...withoutIssues(lead.row),
    };
    if (before && (await this.store.reopen(tx, before.id))) {
      await this.store.append(tx, before.id, 'forewarn', [{ kind: 'reopened', ...details }], now);
      return this.store.find(tx, before.id);
    }
    const { severity, reasons, area } = await this.severity.judge(tx, projectId, issues, startedAt, now, own);
    const id = await this.store.insert(
      tx,
      {
        projectId,
        severity,
        title: lead.issue?.title ?? wordsOf(lead.row),
        area,
        startedAt,
        ...(before && { previousIncidentId: before.id, reopened: before.reopened + 1 }),
      },
      now,
    );
    const previous = before && { previousIncidentId: String(before.id) };
    const opened = { ...details, severity, because: reasons, issues: issueIds.map(String), ...previous };
    await this.store.append(tx, id, 'forewarn', [{ kind: 'opened', ...opened }], now);
    return this.store.find(tx, id);
  }

  /** Finds the incident that comes back. A fault without an issue (a silent app) is known by its series. */
  private async comesBack(
    tx: Tx,
    projectId: number,
    issueIds: readonly number[],
    own: readonly DetectionRow[],
    now: Date,
  ): Promise<Incident | undefined> {
    const since = new Date(now.getTime() - this.lifecycle.reopenWithinMs);
    const resolved = (await this.store.resolvedSince(tx, since)).filter(
      (one) => one.projectId === projectId && one.resolution !== 'merged',
    );
    const verdicts = await this.detections.ofIncidents(
      tx,
      resolved.map(({ id }) => id),
    );
    const facts = resolved.map((one) => ({
      id: String(one.id),
      resolvedAt: one.resolvedAt?.getTime() ?? 0,
      issueIds: namesOf(
        one.issueIds,
        verdicts.filter(({ incidentId }) => incidentId === one.id),
      ),
    }));
    const id = incidentToReopen(namesOf(issueIds, own), facts, now.getTime(), this.lifecycle);
    return resolved.find((one) => String(one.id) === id);
  }

  /**
   * Lists the issues that verdicts on sums bring: those that began with the sum, without old ones that trickle on, and
   * without those under a silence.
   */
  private async issuesOfSums(tx: Tx, rows: readonly DetectionRow[], now: Date): Promise<number[]> {
    const ids: number[] = [];
    for (const { issueId, evidence, since } of rows) {
      if (issueId !== null || !evidence.issues) continue;
      ids.push(
        ...(await this.findings.bornSince(tx, evidence.issues.map(Number), new Date(since.getTime() - BORN_BEFORE_MS))),
      );
    }
    const active = ids.length === 0 ? [] : await this.silences.active(tx, now);
    if (active.length === 0) return ids;
    const covered = (await this.findings.silenceableIssues(tx, ids)).filter((one) => this.silences.over(active, [one]));
    return ids.filter((id) => !covered.some(({ issueId }) => issueId === id));
  }
}

/** Copies the evidence of a verdict without the issues of a sum, which the incident itself names. */
function withoutIssues(row: DetectionRow | undefined): SpokenEvidence {
  const rest: Partial<DetectionEvidence> & { issues?: unknown } = { ...row?.evidence };
  delete rest.issues;
  return rest;
}

/** Names by which we know a fault when it comes back: its issues, or without any the series that stood out. */
function namesOf(issueIds: readonly number[], verdicts: readonly DetectionRow[]): string[] {
  return issueIds.length > 0 ? issueIds.map(String) : verdicts.map(({ series }) => series);
}

/** Picks the likeliest cause: it gives the incident its title and the first evidence that people read. */
function leadOf(
  findings: readonly Finding[],
  issues: readonly IssueFacts[],
  rows: readonly DetectionRow[],
  links: Parameters<typeof likelyCauses>[1],
): { row: DetectionRow | undefined; issue: IssueFacts | undefined } {
  const [cause] = likelyCauses(findings, links);
  const row = rows.find(({ id }) => String(id) === cause?.findingId) ?? rows[0];
  return { row, issue: issues.find(({ id }) => id === row?.issueId) ?? issues[0] };
}

/** Writes the title of an incident without an issue from its sum. */
function wordsOf(row: DetectionRow | undefined): string {
  if (row?.kind === 'contacts') return row.evidence.words;
  if (!row || row.kind === 'drop') return row ? 'The app is silent' : 'More errors than usual';
  const { kind, name } = partsOf(row.series);
  const place = name === null ? '' : ` in ${releaseOf(row.series) === null ? name : `release ${name}`}`;
  return `More ${kind === 'sessions' ? 'crashes' : 'errors'} than usual${place}`;
}
