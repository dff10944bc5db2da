import { IANAZone } from 'luxon';
import { z } from 'zod';
import { duration, slug as slugText, timeOfDay } from '../platform/config/schema.js';
import { DAYS } from './algorithm/weekly.v1.js';
import { SEVERITIES } from './incident.js';

/** The `incidents` section. */
export const incidentsSchema = z.strictObject({
  /** An incident closes by itself after this long (milliseconds) without a hit while the app is otherwise active. */
  quietFor: duration.prefault('30m'),
  /** A fault that comes back within this time (milliseconds) after its incident closed is the same fault. */
  reopenWithin: duration.prefault('6h'),
});

export type IncidentsConfig = z.output<typeof incidentsSchema>;

/** Injection token of the `incidents` section. */
export const INCIDENTS_CONFIG = Symbol('incidents-config');

const slug = z.string().min(1).max(63);
const matcher = z.record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'must be the name of a label'), z.string());

/** The `alertmanager` section: which alerts belong to which project, and which open an incident. */
export const alertmanagerSchema = z.strictObject({
  /** Alerts with these labels are evidence about this project; the first that fits decides. */
  projects: z.array(z.strictObject({ match: matcher, project: slug })).default([]),
  /** Alerts with these labels open an incident when none is open that they belong to. */
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
/** A time that comes every week, in the configuration and in the API. */
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

/** The `maintenance` section: planned work, once or every week, during which nothing is called and nobody is written to. */
export const maintenanceSchema = z
  .array(maintenance)
  .refine((list) => new Set(list.map((one) => one.name)).size === list.length, 'two windows have the same name')
  .default([]);

export type MaintenanceConfig = z.output<typeof maintenanceSchema>;

/** Injection token of the `maintenance` section. */
export const MAINTENANCE_CONFIG = Symbol('maintenance-config');
