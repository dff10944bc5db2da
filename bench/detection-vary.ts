import { vary } from './support/vary.js';

/** Constants by file below src. */
const CONSTANTS: Readonly<Record<string, readonly string[]>> = {
  'detection/detection.js': [
    'DEFAULT_THRESHOLDS.customers',
    'DEFAULT_THRESHOLDS.spikeUnlikeliness',
    'DEFAULT_THRESHOLDS.spikeRatio',
  ],
  'detection/algorithm/count-baseline.v1.js': [
    'PRIOR_COUNTS',
    'SEASON_FROM',
    'SEASON_PRIOR',
    'SCATTER_FLOOR',
    'SURPRISE_CAP',
  ],
  'detection/algorithm/pulse.v1.js': ['GREW_WEIGHS'],
  'detection/algorithm/detectors/common.v1.js': [
    'LAG_BLOCKS',
    'FEW_SERIES',
    'YOUNG.unlikelier',
    'DEPLOY.share',
    'STILL_ON_SIZE',
    'STILL_ON_UNLIKELY',
    'USUAL',
  ],
  'detection/algorithm/detectors/watch-births.v1.js': ['BIRTHS.part', 'BIRTHS.unlikely'],
  'detection/algorithm/detectors/watch-burn.v1.js': [
    'BURN.ratio',
    'BURN.limit',
    'BURN.suspicious',
    'BURN.most',
    'BURN.unlikely',
  ],
  'detection/algorithm/detectors/watch-new.v1.js': ['APART_PART', 'FIRST_DAY_PACE', 'OUTRUNS_ITSELF'],
  'detection/algorithm/detectors/watch-spike.v1.js': ['HABIT.times', 'APART_SHARE', 'FLASH.larger', 'FLASH.unlikely'],
  'incidents/algorithm/cluster.v1.js': [
    'WEIGHT.prior',
    // The first of `start`: within two minutes.
    'WEIGHT.weight',
    'WEIGHT.startFarther',
    'WEIGHT.customers',
    'WEIGHT.disjoint',
    'WEIGHT.service',
    'WEIGHT.otherService',
    'WEIGHT.release',
    'WEIGHT.area',
    'WEIGHT.addsUp',
    'WEIGHT.traces',
    'WEIGHT.link',
    'WEIGHT.wholeProject',
  ],
};

/**
 * `npm run bench:detection -- --vary`: halves and doubles each constant that decides, one at a time, and prints how the scores change on 1-minute
 * counts: F1 and median delay in seconds of faults of 20 and more customers, recall of faults of all sizes, incidents a fault. usage: detection --vary [--worlds N] [--seed N] [--only NAME,NAME]
 */
export function varyDetection(options: { worlds: number; seed: number; only: string | undefined }): Promise<void> {
  return vary({
    bench: 'detection',
    constants: CONSTANTS,
    options: ['--brief', '--worlds', String(options.worlds), '--seed', String(options.seed)],
    scores: ({
      recall20 = 0,
      precision = 0,
      medianDelaySeconds = Number.POSITIVE_INFINITY,
      recallOfAll = 0,
      incidentsPerFault = 0,
    }) => ({
      F1: (2 * recall20 * precision) / Math.max(recall20 + precision, 1e-9),
      delay: medianDelaySeconds,
      found: recallOfAll,
      incidents: incidentsPerFault,
    }),
    only: options.only,
  });
}
