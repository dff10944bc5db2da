import { IANAZone } from 'luxon';
import { z } from 'zod';
import { duration, slug as slugText, timeOfDay } from '../platform/config/schema.js';
import { DAYS } from './algorithm/weekly.v1.js';
import { SEVERITIES } from './incident.js';

/** The `incidents` section. */
export const incidentsSchema = z.strictObject({
  /** Time (milliseconds) without a hit, while the app is in use, after which an incident closes by itself. */
  quietFor: duration.prefault('30m'),
  /** Time (milliseconds) after the end of an incident within which its fault counts as the same one. */
  reopenWithin: duration.prefault('6h'),
});

export type IncidentsConfig = z.output<typeof incidentsSchema>;

/** Injection token of the `incidents` section. */
export const INCIDENTS_CONFIG = Symbol('incidents-config');

const slug = z.string().min(1).max(63);
const matcher = z.record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'must be the name of a label'), z.string());

/** The `alertmanager` section: projects that alerts belong to, and alerts that open an incident. */
export const alertmanagerSchema = z.strictObject({
  /** Labels that make an alert evidence about a project; the first match decides. */
  projects: z.array(z.strictObject({ match: matcher, project: slug })).default([]),
  /** Labels of alerts that open an incident if they belong to no open one. */
  open: z
    .array(
      z.strictObject({
        match: matcher,
        project: slug,
        severity: z.enum(SEVERITIES).default('major'),
        area: z.string().optional(),
      }),
    )
    .default([]),
});

export type AlertmanagerConfig = z.output<typeof alertmanagerSchema>;

/** Injection token of the `alertmanager` section. */
export const ALERTMANAGER_CONFIG = Symbol('alertmanager-config');

const moment = z.iso.datetime({ offset: true });
/** Time that comes every week, in the configuration and in the API. */
export const weeklySchema = z
  .strictObject({
    days: z
      .array(z.enum(DAYS))
      .min(1)
      .default([...DAYS]),
    from: timeOfDay,
    to: timeOfDay,
    timeZone: z
      .string()
      .refine((zone) => IANAZone.isValidZone(zone), 'must be the name of a time zone, like Europe/Berlin'),
  })
  .refine(({ from, to }) => from !== to, 'from and to must differ');

const maintenance = z
  .strictObject({
    name: slugText,
    project: slug.optional(),
    service: z.string().min(1).optional(),
    area: z.string().min(1).optional(),
    from: moment.optional(),
    to: moment.optional(),
    weekly: weeklySchema.optional(),
    reason: z.string().min(1).max(500).default('planned maintenance'),
  })
  .refine((one) => (one.weekly === undefined) === (one.from !== undefined && one.to !== undefined), {
    message: 'needs either from and to, or weekly',
    abort: true,
  })
  .refine((one) => one.weekly === undefined || (one.from === undefined && one.to === undefined), {
    message: 'needs either from and to, or weekly, not both',
    abort: true,
  })
  .refine(
    ({ from, to }) => from === undefined || to === undefined || Date.parse(from) < Date.parse(to),
    'from must be before to',
  );

/**
 * The `maintenance` section: planned work, once or every week, during which we call no incidents and write to nobody.
 */
export const maintenanceSchema = z
  .array(maintenance)
  .refine((list) => new Set(list.map((one) => one.name)).size === list.length, 'two windows have the same name')
  .default([]);

export type MaintenanceConfig = z.output<typeof maintenanceSchema>;

/** Injection token of the `maintenance` section. */
export const MAINTENANCE_CONFIG = Symbol('maintenance-config');
