/** Kind of an anomaly of a series; `contacts` are customers who say alike what no series shows. */
export type DetectionKind = 'new' | 'spike' | 'slow_burn' | 'regression' | 'drop' | 'recovered' | 'contacts';

/** Unit of a count: customers who were hit, events, customers who used the app, or sessions. */
export type CountUnit = 'customers' | 'events' | 'active customers' | 'sessions';

/** Finding about one series, with the numbers by which a person can believe or doubt it. */
export interface Verdict {
  readonly kind: DetectionKind;
  /** Start of what is out of the ordinary, epoch milliseconds, to the minute. */
  readonly since: number;
  /** Moment of the verdict, epoch milliseconds. */
  readonly at: number;
  /** Expected count of the evidence window, in `unit`. */
  readonly expected: number;
  /** Count seen in the evidence window, in `unit`. */
  readonly seen: number;
  /** Of a share: the whole, of which `seen` is a part. */
  readonly ofAll?: number;
  /** Length of the evidence window in milliseconds. */
  readonly windowMs: number;
  readonly unit: CountUnit;
  /** -log10 of the probability of such a count if nothing were wrong (for `recovered`: if it still were); at most 300. */
  readonly unlikeliness: number;
  /** The evidence as one line for people, times in UTC. */
  readonly words: string;
}

/** Counts of one series (an issue, or a whole project, service or area) in one minute. */
export interface MinuteRow {
  /** Whole minutes since the epoch. */
  readonly minute: number;
  readonly events: number;
  /** Distinct customers hit in this minute. */
  readonly customers: number;
  /**
   * Customers hit in this minute without an earlier hit on the same series in the last ARRIVAL_GAP_MINUTES. Sums over
   * shorter windows count nobody twice, so one customer in a retry loop stays one.
   */
  readonly arrivals: number;
  /**
   * Tens of seconds of the minute in which arrivals came: bit n for the seconds from 10 n on; 0 if that is not known.
   */
  readonly moments?: number;
  /** Of a sum: number of issues first seen in this minute. */
  readonly births?: number;
}

/**
 * Quiet time after which a customer's next hit counts as an arrival again: 6 h, the longest window that a watch sums.
 */
export const ARRIVAL_GAP_MINUTES = 360;

/** Thresholds that the ops team sets in the `detection` section of the configuration. */
export interface DetectionThresholds {
  /** Distinct customers within this time that make a new issue a fault. */
  readonly newFault: { readonly customers: number; readonly withinMinutes: number };
  /** Odds (-log10 p) that a spike must reach in at least one window. */
  readonly spikeUnlikeliness: number;
  /** Multiple of the expected count that a spike must reach. */
  readonly spikeRatio: number;
}

/**
 * Default thresholds. Odds of 1e-8: a project of 500 issues is tested about 1e7 times a week, so chance alone gives 0.1
 * spikes a week.
 *
 * Change of F1 (0.965) and of the median delay (106 s) by bench:detection --vary, 6 apps, seeds 1000 to 1005, 2026-11-29:
 * customers, half: −0.178 and −19 s, double: −0.046 and +180 s; odds, half: −0.180 and −7 s, double: −0.010 and none;
 * ratio, half and double: none.
 */
export const DEFAULT_THRESHOLDS: DetectionThresholds = {
  newFault: { customers: 5, withinMinutes: 10 },
  spikeUnlikeliness: 8,
  spikeRatio: 3,
};

/** Evidence by which a person can believe or doubt a verdict, as we store and show it. */
export interface DetectionEvidence {
  /** Expected and seen counts over the evidence window, in `unit`. */
  readonly expected: number;
  readonly seen: number;
  readonly unit: CountUnit;
  /** -log10 of the probability of such a count if nothing were wrong. */
  readonly unlikeliness: number;
  /** One line for people. */
  readonly words: string;
  /** Length of the evidence window in milliseconds; missing for a regression, which has none. */
  readonly windowMs?: number;
  /** Of a share: the whole, of which `seen` is a part. */
  readonly ofAll?: number;
  /** Distinct customers hit. */
  readonly customers?: number;
  /** Of a sum: the issues added up. */
  readonly issues?: readonly string[];
  /** Of a sum over active customers: the number of active ones. */
  readonly activeCustomers?: number;
  readonly release?: string;
}

/** Verdict as it is stored. */
export interface DetectionRow {
  readonly id: number;
  readonly projectId: number;
  /** Null for a verdict on a sum: the whole project, a service, an area, a release, sessions, all young issues. */
  readonly issueId: number | null;
  readonly series: string;
  readonly kind: DetectionKind;
  readonly since: Date;
  readonly detectedAt: Date;
  readonly evidence: DetectionEvidence;
  /** Incident of the verdict, once the next step has acted. */
  readonly incidentId: number | null;
  /** Time since which the series is as usual again; null while it is not. */
  readonly recoveredSince: Date | null;
  /** Silence that holds the verdict back. */
  readonly silencedBy: string | null;
}
