import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { Database, type Sql, type Tx } from '../platform/db/database.js';
import { type AcceptedEvent } from './accepted-event.js';
import { dropFix } from './algorithm/client-report.js';
import { Scrubber } from './algorithm/scrub.js';
import { type AppEvent } from './event.js';
import { PROJECTS_CONFIG, type ProjectsConfig } from './intake-config.js';
import { LedgerStore, type OutcomeCount } from './ledger.store.js';
import { OutcomeCounter } from './outcome.counter.js';
import { type Project } from './project.js';
import { ProjectStore } from './project.store.js';
import { TelemetryStore } from './telemetry.store.js';

/** How long a key that was not found is not asked for again, and a project list is trusted. */
const TRUST_MS = 10_000;

/** The projects and their keys, kept in memory since every request needs them. */
@Injectable()
export class Projects {
  private byKey = new Map<string, Project>();
  private projects: readonly Project[] = [];
  private loadedAt = 0;

  constructor(
    @Inject(PROJECTS_CONFIG) private readonly config: ProjectsConfig,
    private readonly store: ProjectStore,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Brings the table in line with the configuration; projects that left it stay, since their issues do. */
  async sync(): Promise<void> {
    const now = this.clock.now();
    await this.database.transaction(async (tx) => {
      for (const { slug, name } of this.config) {
        const id = await this.store.upsert(tx, slug, name, now);
        await this.store.ensureKey(tx, id, Buffer.from(this.clock.token(16), 'base64url').toString('hex'), now);
      }
    });
    await this.load();
  }

  /** All projects, oldest first. */
  list(): readonly Project[] {
    return this.projects;
  }

  /** The project with this id, undefined when there is none. */
  find(id: number): Project | undefined {
    return this.projects.find((project) => project.id === id);
  }

  /** The project that a key opens; a key that another process made a moment ago is found after a reload. */
  async byPublicKey(key: string): Promise<Project | undefined> {
    const found = this.byKey.get(key);
    if (found || this.clock.now().getTime() - this.loadedAt < TRUST_MS) return found;
    await this.load();
    return this.byKey.get(key);
  }

  private async load(): Promise<void> {
    this.projects = await this.store.list(this.database);
    this.byKey = new Map(this.projects.flatMap((project) => project.keys.map((key) => [key, project])));
    this.loadedAt = this.clock.now().getTime();
  }
}

/** What digest writes down of an event beside its counts: that it was seen, how it ended, and some payloads. */
@Injectable()
export class IntakeLedger {
  private readonly scrubber = new Scrubber();

  constructor(
    private readonly store: LedgerStore,
    private readonly counter: OutcomeCounter,
    private readonly telemetry: TelemetryStore,
  ) {}

  /** Marks events as seen in this transaction; returns the keys `projectId:eventId` of those that are new. */
  async claimEvents(tx: Tx, events: readonly AcceptedEvent[], now: Date): Promise<Set<string>> {
    return this.store.claimEvents(
      tx,
      events.map((one) => one.projectId),
      events.map((one) => one.event.eventId),
      now,
    );
  }

  /** Counts outcomes in this transaction; call `observe` after its commit. */
  async countOutcomes(tx: Tx, counts: readonly OutcomeCount[]): Promise<void> {
    await this.store.countOutcomes(tx, counts);
  }

  /** Shows committed counts in the metrics. */
  observe(counts: readonly OutcomeCount[]): void {
    for (const { projectId, outcome, count } of counts) this.counter.observe(projectId, outcome, count);
  }

  /** Keeps payloads as samples of issues, scrubbed. */
  async saveSamples(
    tx: Tx,
    samples: readonly { issueId: number; accepted: AcceptedEvent }[],
    now: Date,
  ): Promise<void> {
    const rows = samples.flatMap(({ issueId, accepted: { projectId, event, payload } }) => {
      if (payload === undefined) return [];
      const text = JSON.stringify(this.scrubber.payload({ ...payload }, event.user));
      return [{ projectId, eventId: event.eventId, issueId, receivedAt: now, payload: text }];
    });
    await this.store.saveSamples(tx, rows);
  }

  /** An event whose texts hold no secrets and nothing that names the customer. */
  scrubbed(event: AppEvent): AppEvent {
    return this.scrubber.event(event);
  }

  /** The newest samples of an issue. */
  async samplesOf(
    sql: Sql,
    issueId: number,
    limit: number,
  ): Promise<{ eventId: string; receivedAt: Date; payload: unknown }[]> {
    return this.store.samplesOf(sql, issueId, limit);
  }

  /** Error reports that a project's SDKs dropped by themselves between two moments, by reason, each with what ends it. */
  async dropsBetween(
    sql: Sql,
    projectId: number,
    from: Date,
    to: Date,
  ): Promise<{ reason: string; quantity: number; fix: string | null }[]> {
    const rows = await this.telemetry.dropsIn(sql, projectId, from, to);
    return rows.map(({ reason, quantity }) => ({ reason, quantity, fix: dropFix(reason) ?? null }));
  }
}
