/** Every background step of the daemon; metric label and log prefix. */
export const STAGE_NAMES = [
  'outcome-flush',
  'telemetry-flush',
  'trait-flush',
  'identity-links',
  'late-names',
  'forget-hits',
  'ignore-end',
  'link',
  'detect',
  'rollup',
  'incident-open',
  'incident-close',
  'alertmanager-push',
  'forget-stops',
  'audience',
  'causes',
  'health',
  'draft',
  'campaign',
  'dispatch',
  'leases',
  'reconcile',
  'contacts',
  'hand-over',
  'erasure',
  'team',
  'weekly',
  'retention',
  'audit-flush',
] as const;
export type StageName = (typeof STAGE_NAMES)[number];

/** Stages that write what this process has gathered in memory; they run in every process, whatever its roles. */
export const OWN_STAGES: readonly StageName[] = [
  'outcome-flush',
  'telemetry-flush',
  'trait-flush',
  'identity-links',
  'late-names',
  'audit-flush',
];

/** Stages for which once an hour is often enough, a batch after the other, and when the process starts. */
export const HOURLY_STAGES: readonly StageName[] = ['forget-stops', 'retention', 'weekly'];

/** The result of one run. */
export interface StageResult {
  /** Rows worked on; 0 means that there was nothing to do. */
  readonly worked: number;
  /** True when more is waiting, so that the next run starts at once. */
  readonly more: boolean;
}

/** One background step. Claims its own batch and commits it; running it twice does no harm. */
export interface Stage {
  readonly name: StageName;
  /** Milliseconds from the end of one run to the start of the next; `hourly` for one of `HOURLY_STAGES`. */
  readonly pauseMs: number | 'hourly';
  /** Milliseconds after which a run is aborted and counted as such. */
  readonly limitMs: number;
  /**
   * Does one batch.
   * @param now the moment to work by
   * @param signal aborts when the run takes longer than its limit, or when the daemon stops and cannot wait; statements of
   *   `database.until(signal)` end with it
   * @throws only for faults of ours; the runner counts and logs them and goes on
   */
  runOnce(now: Date, signal: AbortSignal): Promise<StageResult>;
}

/** Nothing was waiting. */
export const IDLE: StageResult = { worked: 0, more: false };
