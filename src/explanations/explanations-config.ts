import { z } from 'zod';
import { duration } from '../platform/config/schema.js';
import { draftingSchema } from './drafting-config.js';
import { matchingSchema } from './matching-config.js';

/** The `explanations` section. */
export const explanationsSchema = z.strictObject({
  /** Time (milliseconds) after the end of an incident for which bots are still told that it is fixed. */
  keepFixed: duration.prefault('24h'),
  matching: matchingSchema.prefault({}),
  drafting: draftingSchema.optional(),
});

export type ExplanationsConfig = z.output<typeof explanationsSchema>;

/** Injection token of the `explanations` section. */
export const EXPLANATIONS_CONFIG = Symbol('explanations-config');

const areaName = z.string().trim().min(1).max(100);

/** The `areas` section: names of the parts of the product as customers call them, by area and locale. */
export const areasSchema = z.record(areaName, z.record(z.string(), areaName)).default({});

export type AreasConfig = z.output<typeof areasSchema>;

/** Injection token of the `areas` section. */
export const AREAS_CONFIG = Symbol('areas-config');
