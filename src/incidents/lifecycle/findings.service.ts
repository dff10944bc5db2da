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

/**
 * Verdicts of an open incident that we read in full: so many of the newest, and so many of those with most customers.
 */
const MOST_TELLING = 64;

/** Adds to verdicts the facts by which we see which belong together. */
@Injectable()
export class Findings {
  constructor(
    private readonly detections: Detections,
    private readonly issues: Issues,
    private readonly harm: HarmReadModel,
  ) {}

  /** Turns verdicts into findings, in their order. */
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
   * Reads open incidents with their findings. An issue that a person or a sum attached counts from the start of its
   * incident. Customers are read only for the findings with which others are compared: the newest of each incident and
   * those with most hits.
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

  /** Reads the links between the issues of these verdicts. */
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

  /**
   * Lists, for each verdict, what a silence may cover: the subject of the verdict, or all issues that a sum adds up.
   * Covering either is enough.
   */
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

  /** Lists what a silence may cover of these issues. */
  async silenceableIssues(sql: Sql, ids: readonly number[]): Promise<Silenceable[]> {
    return (await this.issues.find(sql, ids)).map(silenceableOf);
  }

  /** Picks the issues first seen from `since` on. */
  async bornSince(sql: Sql, issueIds: readonly number[], since: Date): Promise<number[]> {
    return this.harm.bornSince(sql, issueIds, since);
  }
}

/** Makes a finding from a verdict alone. */
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

/** Picks the verdicts to read in full from an incident's verdicts, oldest first. */
function tellingOf(rows: readonly DetectionRow[]): DetectionRow[] {
  if (rows.length <= 2 * MOST_TELLING) return [...rows];
  const widest = [...rows].sort((a, b) => bareFinding(b).customersHit - bareFinding(a).customersHit);
  return [...rows.slice(-MOST_TELLING), ...widest.slice(0, MOST_TELLING)];
}

function serviceOf({ series }: DetectionRow): string[] | undefined {
  const { kind, name } = partsOf(series);
  return kind === 'service' && name !== null ? [name] : undefined;
}

/** Reads the issues that a sum adds up; none for any other verdict. */
function issuesBehind({ issueId, evidence }: DetectionRow): number[] {
  return issueId === null ? (evidence.issues ?? []).map(Number) : [];
}

function silenceableOf(issue: IssueFacts): Silenceable {
  return { projectId: issue.projectId, issueId: issue.id, services: servicesOf(issue), area: issue.area };
}

function servicesOf(issue: IssueFacts | undefined): string[] {
  return issue?.service ? [issue.service] : [];
}
