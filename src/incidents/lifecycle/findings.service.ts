import { Injectable } from '@nestjs/common';
import { type DetectionRow } from '../../detection/detection.js';
import { Detections } from '../../detection/public.js';
import { areaOf, partsOf, releaseOf } from '../../detection/series.js';
import { type IssueFacts } from '../../issues/issue.js';
import { Issues } from '../../issues/public.js';
import { type Sql } from '../../platform/db/database.js';
import { type Finding, type IssueLink, type OpenIncident } from '../algorithm/cluster.v1.js';
import { HarmReadModel } from './harm.read-model.js';
import { type Incident } from '../incident.js';
import { type Silenceable } from '../silences/silence.js';

/** Verdicts of an open incident that are read in full: so many of the newest, and so many of those that hit most. */
const MOST_TELLING = 64;

/** Verdicts with what is needed to see which belong together. */
@Injectable()
export class Findings {
  constructor(
    private readonly detections: Detections,
    private readonly issues: Issues,
    private readonly harm: HarmReadModel,
  ) {}

  /** Verdicts as findings, in their order. */
  async of(sql: Sql, rows: readonly DetectionRow[]): Promise<Finding[]> {
    if (rows.length === 0) return [];
    const ids = rows.flatMap(({ issueId }) => issueId ?? []);
    const issues = new Map((await this.issues.find(sql, ids)).map((issue) => [issue.id, issue]));
    const since = new Date(Math.min(...rows.map((row) => row.since.getTime())));
    const customers = await this.harm.sampleOfCustomers(sql, ids, since);
    return rows.map((row): Finding => {
      const bare = bareFinding(row);
      const issue = issues.get(row.issueId ?? 0);
      return {
        ...bare,
        services: serviceOf(row) ?? servicesOf(issue),
        firstRelease: issue?.firstRelease ?? bare.firstRelease,
        area: issue?.area ?? bare.area,
        customers: customers.get(row.issueId ?? 0) ?? [],
      };
    });
  }

  /**
   * Open incidents with their findings; an issue that a person or a sum attached counts from the start of its incident. What customers
   * were hit is read for the newest findings of each and those that hit most, which others are held against.
   */
  async ofIncidents(sql: Sql, incidents: readonly Incident[]): Promise<OpenIncident[]> {
    const rows = await this.detections.ofIncidents(
      sql,
      incidents.map(({ id }) => id),
    );
    const byIncident = new Map(incidents.map(({ id }) => [id, rows.filter((row) => row.incidentId === id)]));
    const telling = new Set([...byIncident.values()].flatMap(tellingOf));
    const told = new Map((await this.of(sql, [...telling])).map((finding) => [finding.id, finding]));
    const open: OpenIncident[] = [];
    for (const { id, startedAt, issueIds } of incidents) {
      const own = (byIncident.get(id) ?? []).map((row) => told.get(String(row.id)) ?? bareFinding(row));
      const known = new Set(own.map((one) => one.issueId));
      const missing = issueIds.filter((issueId) => !known.has(String(issueId)));
      const attached = await this.attached(sql, missing, startedAt);
      open.push({ id: String(id), findings: [...own, ...attached] });
    }
    return open;
  }

  private async attached(sql: Sql, issueIds: readonly number[], since: Date): Promise<Finding[]> {
    if (issueIds.length === 0) return [];
    const telling = issueIds.slice(-MOST_TELLING);
    const issues = new Map((await this.issues.find(sql, telling)).map((issue) => [issue.id, issue]));
    const customers = await this.harm.sampleOfCustomers(sql, telling, since);
    return issueIds.map((issueId) => ({
      id: `issue:${issueId}`,
      issueId: String(issueId),
      kind: 'new',
      since: since.getTime(),
      services: servicesOf(issues.get(issueId)),
      firstRelease: null,
      customers: customers.get(issueId) ?? [],
      customersHit: customers.get(issueId)?.length ?? 0,
    }));
  }

  /** Links of the issues of these verdicts. */
  async links(sql: Sql, rows: readonly DetectionRow[]): Promise<IssueLink[]> {
    const ids = [...new Set(rows.flatMap((row) => row.issueId ?? []))];
    return (await this.issues.linkedTo(sql, ids)).map(({ of, issueId, score, reason, state }) => ({
      a: String(of),
      b: String(issueId),
      score,
      reason,
      ...(state === 'confirmed' && { verdict: state }),
    }));
  }

  /** What a silence is held against, for each verdict: what it is about, or of a sum all the issues that it adds up. Either may be covered. */
  async silenceable(sql: Sql, projectId: number, rows: readonly DetectionRow[]): Promise<(readonly Silenceable[])[][]> {
    const ids = rows.flatMap((row) => row.issueId ?? issuesBehind(row));
    const issues = new Map((await this.issues.find(sql, [...new Set(ids)])).map((issue) => [issue.id, issue]));
    return rows.map((row) => {
      const issue = issues.get(row.issueId ?? 0);
      const services = serviceOf(row) ?? servicesOf(issue);
      const own = { projectId, issueId: row.issueId, services, area: issue?.area ?? areaOf(row.series) };
      const behind = issuesBehind(row).flatMap((id) => issues.get(id) ?? []);
      return [[own], behind.map(silenceableOf)];
    });
  }

  /** The same for issues. */
  async silenceableIssues(sql: Sql, ids: readonly number[]): Promise<Silenceable[]> {
    return (await this.issues.find(sql, ids)).map(silenceableOf);
  }

  /** Of these issues, those first seen from `since` on. */
  async bornSince(sql: Sql, issueIds: readonly number[], since: Date): Promise<number[]> {
    return this.harm.bornSince(sql, issueIds, since);
  }
}

/** What a verdict says by itself. */
function bareFinding(row: DetectionRow): Finding {
  return {
    id: String(row.id),
    issueId: row.issueId === null ? null : String(row.issueId),
    kind: row.kind,
    since: row.since.getTime(),
    services: serviceOf(row) ?? [],
    firstRelease: releaseOf(row.series),
    area: areaOf(row.series),
    ...(row.evidence.issues && { issues: row.evidence.issues }),
    customers: [],
    customersHit: row.evidence.customers ?? row.evidence.seen,
  };
}

/** Of an incident's verdicts, oldest first, those that are read in full. */
function tellingOf(rows: readonly DetectionRow[]): DetectionRow[] {
  if (rows.length <= 2 * MOST_TELLING) return [...rows];
  const widest = [...rows].sort((a, b) => bareFinding(b).customersHit - bareFinding(a).customersHit);
  return [...rows.slice(-MOST_TELLING), ...widest.slice(0, MOST_TELLING)];
}

function serviceOf({ series }: DetectionRow): string[] | undefined {
  const { kind, name } = partsOf(series);
  return kind === 'service' && name !== null ? [name] : undefined;
}

/** The issues that a sum adds up; none for any other verdict. */
function issuesBehind({ issueId, evidence }: DetectionRow): number[] {
  return issueId === null ? (evidence.issues ?? []).map(Number) : [];
}

function silenceableOf(issue: IssueFacts): Silenceable {
  return { projectId: issue.projectId, issueId: issue.id, services: servicesOf(issue), area: issue.area };
}

function servicesOf(issue: IssueFacts | undefined): string[] {
  return issue?.service ? [issue.service] : [];
}
