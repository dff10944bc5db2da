/** Kind of an anomaly of a series. */
export type DetectionKind = 'new' | 'spike' | 'slow_burn' | 'regression' | 'drop' | 'recovered';

/** Unit of a count: customers who were hit, events, customers who used the app, or sessions. */
export type CountUnit = 'customers' | 'events' | 'active customers' | 'sessions';

/** A finding about one series, with the numbers that a person needs to believe or doubt it. */
export interface Verdict {
  readonly kind: DetectionKind;
  /** Start of what is out of the ordinary, epoch milliseconds, to the minute. */
  readonly since: number;
  /** When it was said, epoch milliseconds. */
  readonly at: number;
  /** Expected count over the evidence window, in `unit`. */
  readonly expected: number;
  /** Count seen over the evidence window, in `unit`. */
  readonly seen: number;
  /** Of a share: how many were seen or not; `seen` of these. */
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
   * Customers hit in this minute whose previous hit on the same series is ARRIVAL_GAP_MINUTES or more ago, or who had
   * none. Sums over shorter windows count nobody twice, so one customer in a retry loop stays one.
   */
  readonly arrivals: number;
  /** In which ten seconds of the minute arrivals came: bit n for the seconds from 10 n on; 0 when that is not known. */
  readonly moments?: number;
  /** Of a sum: issues that were first seen in this minute. */
  readonly births?: number;
}

/** The quiet after which a customer's next hit counts as an arrival again: 6 h, the longest window that a watch sums. */
export const ARRIVAL_GAP_MINUTES = 360;

/** Settings of an ops team for detection; the `detection` section of the configuration. */
export interface DetectionThresholds {
  /** A new issue that hits this many distinct customers within this time is a fault. */
  readonly newFault: { readonly customers: number; readonly withinMinutes: number };
  /** -log10 p that a spike must reach in at least one window. */
  readonly spikeUnlikeliness: number;
  /** Times the expected count that a spike must reach. */
  readonly spikeRatio: number;
}

/** 1e-8: a project of 500 issues is tested about 1e7 times a week, so chance alone gives 0.1 spikes a week. */
export const DEFAULT_THRESHOLDS: DetectionThresholds = {
  newFault: { customers: 5, withinMinutes: 10 },
  spikeUnlikeliness: 8,
  spikeRatio: 3,
};

/** Evidence by which a person can believe or doubt a verdict, as it is stored and shown. */
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
  /** Of a share: how many were seen or not. */
  readonly ofAll?: number;
  /** Distinct customers hit. */
  readonly customers?: number;
  /** Of a sum: the issues that it adds up. */
  readonly issues?: readonly string[];
  /** Of a sum over active customers: how many were active. */
  readonly activeCustomers?: number;
  readonly release?: string;
}

/** A verdict as it is written down. */
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
  /** The incident that it belongs to, once the next step has acted. */
  readonly incidentId: number | null;
  /** From when on the series is as usual again; null while it is not. */
  readonly recoveredSince: Date | null;
  /** The silence that holds it back. */
  readonly silencedBy: string | null;
}
