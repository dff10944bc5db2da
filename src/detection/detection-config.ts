import { z } from 'zod';
import { duration } from '../platform/config/schema.js';
import { DEFAULT_THRESHOLDS, type DetectionThresholds } from './detection.js';

const { newFault, spikeRatio, spikeUnlikeliness } = DEFAULT_THRESHOLDS;

/** The `detection` section. */
export const detectionSchema = z.strictObject({
  /** Distinct customers whom a new issue must hit within this time (milliseconds) to be called. */
  newFault: z
    .strictObject({ customers: z.number().int().min(1), within: duration })
    .prefault({ customers: newFault.customers, within: `${newFault.withinMinutes}m` }),
  /** Multiple of the usual customers that a known issue must hit to be called, at odds of 1 to 10^unlikeliness. */
  spike: z
    .strictObject({
      times: z.number().min(1.5).max(100).default(spikeRatio),
      unlikeliness: z.number().min(3).max(50).default(spikeUnlikeliness),
    })
    .prefault({}),
});

export type DetectionConfig = z.output<typeof detectionSchema>;

/** Injection token of the `detection` section. */
export const DETECTION_CONFIG = Symbol('detection-config');

/** Translates the configuration into thresholds of the detectors; a time below a minute counts as one. */
export function thresholdsOf({ newFault, spike }: DetectionConfig): DetectionThresholds {
  return {
    newFault: { customers: newFault.customers, withinMinutes: Math.max(1, Math.round(newFault.within / 60_000)) },
    spikeRatio: spike.times,
    spikeUnlikeliness: spike.unlikeliness,
  };
}
