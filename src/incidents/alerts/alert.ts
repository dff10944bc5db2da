import { z } from 'zod';

const labels = z.record(z.string(), z.string());

/**
 * Webhook body of Alertmanager, version 4 (notify/webhook and template/data of Alertmanager 0.34); unknown fields are
 * ignored.
 */
export const webhookSchema = z.object({
  version: z.literal('4', { error: 'is not "4", the only version that is understood' }),
  groupKey: z.string().min(1).max(4000),
  externalURL: z.string().optional(),
  alerts: z
    .array(
      z.object({
        status: z.enum(['firing', 'resolved']),
        labels,
        annotations: labels.default({}),
        startsAt: z.iso.datetime({ offset: true }),
        endsAt: z.iso.datetime({ offset: true }).optional(),
        generatorURL: z.string().optional(),
        fingerprint: z.string().min(1).max(200),
      }),
    )
    .max(10_000),
});

export type Webhook = z.output<typeof webhookSchema>;

/** Alert in its current state. */
export interface Alert {
  readonly groupKey: string;
  readonly fingerprint: string;
  readonly startsAt: Date;
  readonly status: 'firing' | 'resolved';
  readonly endsAt: Date | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly url: string | null;
  readonly projectId: number | null;
  readonly incidentId: number | null;
}

/** Name of our own alerts at Alertmanager; we do not accept them back as evidence. */
export const OWN_ALERT = 'ForewarnIncident';

/** Whether an alert has all these labels. */
export function hasLabels(alert: Pick<Alert, 'labels'>, match: Readonly<Record<string, string>>): boolean {
  return Object.entries(match).every(([name, value]) => alert.labels[name] === value);
}

/** Collects the labels of an alert that may name a project or a service. */
export function namesOf({ labels: all }: Pick<Alert, 'labels'>): string[] {
  return ['project', 'service', 'service_name', 'app', 'job', 'namespace'].flatMap((name) => all[name] ?? []);
}
