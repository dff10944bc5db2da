import { z } from 'zod';
import { duration } from '../platform/config/schema.js';

/**
 * The `retention` section: ages from which on what may name people is removed. Samples serve while a fault is worked on; ids of events that were
 * seen, as long as an app may send one again; what was sent, as long as customers ask about it.
 */
export const retentionSchema = z.strictObject({
  samples: duration.prefault('30d'),
  feedback: duration.prefault('180d'),
  contacts: duration.prefault('365d'),
  seen: duration.prefault('30d'),
  messages: duration.prefault('365d'),
  outbox: duration.prefault('30d'),
  poison: duration.prefault('30d'),
  questions: duration.prefault('180d'),
  strangers: duration.prefault('90d'),
});
export type RetentionConfig = z.output<typeof retentionSchema>;

/** Injection token of the `retention` section. */
export const RETENTION_CONFIG = Symbol('retention-config');
