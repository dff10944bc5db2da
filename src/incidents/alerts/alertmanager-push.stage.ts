import { Inject, Injectable } from '@nestjs/common';
import { Projects } from '../../projects/project.registry.js';
import { Settings } from '../../platform/config/settings.js';
import { Database, type Tx } from '../../platform/db/database.js';
import { messageOf } from '../../platform/errors.js';
import { requestTo } from '../../platform/http/request-to.js';
import { PublicUrl } from '../../platform/http/public-url.js';
import { LOGGER, type Logger } from '../../platform/logging/logger.js';
import { Metrics } from '../../platform/metrics.js';
import { IDLE, type Stage, type StageResult } from '../../platform/stages/stage.js';
import { OWN_ALERT } from './alert.js';
import { AlertPushStore, type Push } from './alert-push.store.js';
import { HarmReadModel } from '../lifecycle/harm.read-model.js';
import { type Incident } from '../incident.js';
import { IncidentStore } from '../lifecycle/incident.store.js';

/** Interval at which we resend an open incident; Alertmanager would end it after `ENDS_AFTER_MS` without. */
const RESEND_MS = 60_000;
const ENDS_AFTER_MS = 5 * 60_000;
const TIMEOUT_MS = 5000;

interface PostedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
}

/**
 * Sends open incidents to Alertmanager's v2 API as alerts, keeps them alive and ends them. Alertmanager accepts the
 * same alert any number of times. A failure is counted and logged, and the next run tries again.
 */
@Injectable()
export class AlertmanagerPushStage implements Stage {
  readonly name = 'alertmanager-push';
  readonly pauseMs = 10_000;
  readonly limitMs = 60_000;
  private readonly pushes;

  constructor(
    @Inject(Settings) private readonly settings: Settings,
    private readonly store: AlertPushStore,
    private readonly incidents: IncidentStore,
    private readonly harm: HarmReadModel,
    private readonly projects: Projects,
    private readonly publicUrl: PublicUrl,
    private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.pushes = metrics.counter('alertmanager_pushes_total', 'Posts of incidents to Alertmanager by result.', [
      'result',
    ]);
  }

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    const url = this.settings.alertmanagerUrl;
    if (url === undefined) return IDLE;
    return this.database.until(signal).transaction(async (tx) => {
      if (!(await tx.tryLock('alertmanager-push'))) return IDLE;
      const open = await this.incidents.open(tx);
      const standing = await this.store.standing(tx);
      const due = open.filter((one) =>
        this.isDue(
          one,
          standing.find(({ incidentId }) => incidentId === one.id),
          now,
        ),
      );
      const ended = standing.filter(({ incidentId }) => !open.some(({ id }) => id === incidentId));
      const renamed = standing.filter((push) =>
        due.some((one) => one.id === push.incidentId && !sameLabels(this.labels(one), push.labels)),
      );
      const alerts = [
        ...(await Promise.all([...ended, ...renamed].map(async (push) => this.ending(tx, push, now)))),
        ...(await Promise.all(due.map(async (one) => this.standingAlert(tx, one, now)))),
      ].filter((alert) => alert !== undefined);
      if (alerts.length === 0 || !(await this.post(url, alerts))) return IDLE;
      for (const { incidentId, labels } of ended) await this.store.save(tx, incidentId, labels, true, now);
      for (const one of due) await this.store.save(tx, one.id, this.labels(one), false, now);
      return { worked: alerts.length, more: false };
    });
  }

  private isDue(incident: Incident, push: Push | undefined, now: Date): boolean {
    if (!push || !sameLabels(this.labels(incident), push.labels)) return true;
    return now.getTime() - push.pushedAt.getTime() >= RESEND_MS;
  }

  private labels({ id, projectId, severity, area }: Incident): Record<string, string> {
    const project = this.projects.find(projectId)?.slug ?? '';
    return { alertname: OWN_ALERT, project, severity, incident: String(id), ...(area !== null && { area }) };
  }

  private async standingAlert(tx: Tx, incident: Incident, now: Date): Promise<PostedAlert> {
    const harm = await this.harm.harm(tx, incident.projectId, incident.issueIds, incident.startedAt, now);
    const link = this.link(incident.id);
    return {
      labels: this.labels(incident),
      annotations: { summary: this.title(incident), customers: String(harm.customers), status: incident.status, link },
      startsAt: incident.openedAt.toISOString(),
      endsAt: new Date(now.getTime() + ENDS_AFTER_MS).toISOString(),
      generatorURL: link,
    };
  }

  private async ending(tx: Tx, { incidentId, labels }: Push, now: Date): Promise<PostedAlert | undefined> {
    const incident = await this.incidents.find(tx, incidentId);
    if (!incident) return undefined;
    const link = this.link(incidentId);
    const annotations = { summary: this.title(incident), status: incident.status, link };
    return {
      labels,
      annotations,
      startsAt: incident.openedAt.toISOString(),
      endsAt: now.toISOString(),
      generatorURL: link,
    };
  }

  /** Words of ours: the title of an incident is often a text of the app's, in which anybody can write to the pager. */
  private title({ id, projectId }: Incident): string {
    return `Incident ${id} in ${this.projects.find(projectId)?.slug ?? 'a project'}`;
  }

  private link(id: number): string {
    return `${this.publicUrl.base}/#/incidents/${id}`;
  }

  private async post(url: string, alerts: readonly PostedAlert[]): Promise<boolean> {
    try {
      const target = requestTo(url, '/api/v2/alerts');
      const answer = await fetch(target.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...target.headers },
        body: JSON.stringify(alerts),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (!answer.ok) {
        await answer.body?.cancel();
        throw new Error(`Alertmanager answered ${answer.status}`);
      }
      this.pushes.inc({ result: 'ok' });
      return true;
    } catch (error) {
      this.pushes.inc({ result: 'error' });
      this.logger.warn(
        { err: error, alerts: alerts.length },
        `incidents were not pushed to Alertmanager: ${messageOf(error)}`,
      );
      return false;
    }
  }
}

function sameLabels(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  return (
    Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([name, value]) => b[name] === value)
  );
}
