/** The quiet after which a customer's next hit counts as an arrival again: 6 h, the longest window that detection sums. */
export const ARRIVAL_GAP_MINUTES = 360;

/** What a batch adds to one issue; times in epoch milliseconds. */
export interface IssueTotals {
  readonly issueId: number;
  events: number;
  firstSeen: number;
  lastSeen: number;
  /** The release of the newest event that named one. */
  release: string | null;
  /** True when an event was not caught by the app. */
  blocking: boolean;
}

/** What a batch adds to one customer of one issue; times in epoch milliseconds. */
export interface CustomerTotals {
  readonly issueId: number;
  readonly customerId: number;
  events: number;
  firstAt: number;
  lastAt: number;
  lastEventId: string;
}
