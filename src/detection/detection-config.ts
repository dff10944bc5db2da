import { z } from 'zod';
import { duration } from '../platform/config/schema.js';

/** The `detection` section. */
export const detectionSchema = z.strictObject({
  /** A new issue that hits this many distinct customers within this time (milliseconds) is called. */
  newFault: z
    .strictObject({ customers: z.number().int().min(1), within: duration })
    .prefault({ customers: 5, within: '10m' }),
});

export type DetectionConfig = z.output<typeof detectionSchema>;

/** Injection token of the `detection` section. */
export const DETECTION_CONFIG = Symbol('detection-config');
