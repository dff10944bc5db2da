import { Inject, Injectable } from '@nestjs/common';
import { Issues } from '../../issues/public.js';
import { Projects } from '../../projects/project.registry.js';
import { type Tx } from '../../platform/db/database.js';
import { wake } from '../../platform/stages/wake.js';
import { type Alert, hasLabels, namesOf, OWN_ALERT, type Webhook } from './alert.js';
import { AlertStore } from './alert.store.js';
import { worse } from '../algorithm/severity.v1.js';
import { type Incident, type Severity } from '../incident.js';
import { IncidentStore } from '../lifecycle/incident.store.js';
import { ALERTMANAGER_CONFIG, type AlertmanagerConfig } from '../incidents-config.js';
import { SilenceStore } from '../silences/silence.store.js';
import { Silences } from '../silences/silences.service.js';

/** Longest time between an alert and an open incident that are about the same fault. */
const NEAR_MS = 60 * 60_000;
/** Severities for customers that usual values of the label `severity` stand for. */
const SEVERITY_OF: Readonly<Record<string, Severity>> = {
  critical: 'critical',
  page: 'critical',
  major: 'major',
  error: 'major',
};

/** Reads the severity of an alert. Anybody may write the label, so only the names of the table count. */
function severityOf({ labels: { severity = '' } }: Pick<Alert, 'labels'>): Severity | undefined {
  return Object.hasOwn(SEVERITY_OF, severity) ? SEVERITY_OF[severity] : undefined;
}

/**
 * Uses alerts as evidence: attaches them to incidents, raises severity, and opens an incident if the configuration says
 * so.
 */
@Injectable()
export class Alerts {
  constructor(
    @Inject(ALERTMANAGER_CONFIG) private readonly config: AlertmanagerConfig,
    private readonly store: AlertStore,
    private readonly incidents: IncidentStore,
    private readonly issues: Issues,
    private readonly projects: Projects,
    private readonly silences: Silences,
    private readonly silenceStore: SilenceStore,
  ) {}

  /** Takes one notification. A repeated or late one changes nothing. */
  async take(tx: Tx, { groupKey, alerts }: Webhook, now: Date): Promise<void> {
    for (const { status, labels, annotations, startsAt, endsAt, generatorURL, fingerprint } of alerts) {
      if (labels['alertname'] === OWN_ALERT) continue;
      const projectId = this.projectOf({ labels });
      const url = generatorURL ? generatorURL : null;
      const ended = status === 'resolved' && endsAt !== undefined ? new Date(endsAt) : null;
      const seen = {
        groupKey,
        fingerprint,
        startsAt: new Date(startsAt),
        status,
        endsAt: ended,
        labels,
        annotations,
        url,
        projectId,
      };
      const { alert, changed, fresh } = await this.store.upsert(tx, seen, now);
      if (alert.incidentId !== null && changed && !fresh)
        await this.note(tx, alert, alert.incidentId, 'alert_resolved', now);
      else if (alert.incidentId === null && alert.status === 'firing') await this.bind(tx, alert, now);
    }
  }

  /** Attaches alerts that fired before we called their incident. */
  async attachLoose(tx: Tx, incident: Incident, now: Date): Promise<void> {
    for (const alert of await this.store.loose(tx, incident.projectId, new Date(now.getTime() - NEAR_MS)))
      if (await this.fits(tx, alert, incident)) await this.attach(tx, alert, incident, now);
  }

  private async bind(tx: Tx, alert: Alert, now: Date): Promise<void> {
    const opens = this.config.open.find(({ match }) => hasLabels(alert, match));
    const projectId = alert.projectId;
    if (projectId === null) return;
    for (const incident of await this.incidents.open(tx)) {
      if (incident.projectId !== projectId || !(await this.fits(tx, alert, incident))) continue;
      return this.attach(tx, alert, incident, now);
    }
    if (!opens) return;
    const area = opens.area ?? null;
    const title = alert.annotations['summary'] ?? alert.labels['alertname'] ?? 'An alert fires';
    const silence = this.silences.over(await this.silences.active(tx, now), [
      { projectId, issueId: null, services: namesOf(alert), area },
    ]);
    if (silence) {
      const ref = `alert:${alert.fingerprint}:${alert.startsAt.toISOString()}`;
      return this.silenceStore.note(tx, silence.id, { what: 'alert', ref, words: title }, now);
    }
    const id = await this.incidents.insert(
      tx,
      { projectId, severity: opens.severity, title: title.slice(0, 200), area, startedAt: alert.startsAt },
      now,
    );
    const because = ['an alert that opens an incident by configuration'];
    await this.incidents.append(tx, id, 'alertmanager', [{ kind: 'opened', severity: opens.severity, because }], now);
    const incident = await this.incidents.find(tx, id);
    if (incident) await this.attach(tx, alert, incident, now);
    await wake(tx, 'draft', 'alertmanager-push');
  }

  private async attach(tx: Tx, alert: Alert, incident: Incident, now: Date): Promise<void> {
    await this.store.attach(tx, alert, incident.id);
    await this.note(tx, alert, incident.id, 'alert_attached', now);
    const raised = worse(incident.severity, severityOf(alert) ?? 'minor');
    if (raised === incident.severity || incident.severityByOps) return;
    await this.incidents.update(tx, incident.id, { severity: raised });
    const because = [`alert ${alert.labels['alertname'] ?? alert.fingerprint} is ${alert.labels['severity'] ?? ''}`];
    const fact = { kind: 'severity_raised' as const, from: incident.severity, to: raised, because };
    await this.incidents.append(tx, incident.id, 'alertmanager', [fact], now);
    await wake(tx, 'campaign');
  }

  private async note(
    tx: Tx,
    alert: Alert,
    incidentId: number,
    kind: 'alert_attached' | 'alert_resolved',
    now: Date,
  ): Promise<void> {
    const { labels, annotations, startsAt, url } = alert;
    const fact = {
      kind,
      alert: labels['alertname'] ?? alert.fingerprint,
      labels,
      summary: annotations['summary'],
      startsAt,
      url,
    };
    await this.incidents.append(tx, incidentId, 'alertmanager', [fact], now);
  }

  /**
   * Whether an alert fits an incident: same project and near in time. If the services of the incident are known, the
   * alert must name one of them or none at all.
   */
  private async fits(tx: Tx, alert: Alert, incident: Incident): Promise<boolean> {
    if (alert.startsAt.getTime() < incident.startedAt.getTime() - NEAR_MS) return false;
    const services = (await this.issues.find(tx, incident.issueIds)).flatMap(({ service }) => service ?? []);
    const named = ['service', 'service_name'].flatMap((name) => alert.labels[name] ?? []);
    return services.length === 0 || named.length === 0 || named.some((name) => services.includes(name));
  }

  /** Finds the project of an alert by configuration, or by a label that names it. */
  private projectOf(alert: Pick<Alert, 'labels'>): number | null {
    const configured = [...this.config.projects, ...this.config.open].find(({ match }) => hasLabels(alert, match));
    const names = configured ? [configured.project] : namesOf(alert);
    return this.projects.list().find(({ slug }) => names.includes(slug))?.id ?? null;
  }
}
