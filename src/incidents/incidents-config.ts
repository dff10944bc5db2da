import { z } from 'zod';
import { duration } from '../platform/config/schema.js';

/** The `incidents` section. */
export const incidentsSchema = z.strictObject({
  /** An incident closes by itself after this long (milliseconds) without a hit while the app is otherwise active. */
  quietFor: duration.prefault('30m'),
});

export type IncidentsConfig = z.output<typeof incidentsSchema>;

/** Injection token of the `incidents` section. */
export const INCIDENTS_CONFIG = Symbol('incidents-config');
