/** The quiet after which a customer's next hit counts as an arrival again: 6 h, the longest window that detection sums. */
export const ARRIVAL_GAP_MINUTES = 360;

/** Counts that a batch adds to one cell, the part of an issue that is counted by itself; times in epoch milliseconds. */
export interface CellTotals {
  readonly cellId: number;
  events: number;
  firstSeen: number;
  lastSeen: number;
  /** The release of the newest event that named one. */
  release: string | null;
  /** True when an event was not caught by the app. */
  blocking: boolean;
  /** The worst that rules said: 1 minor, 2 major, 3 critical. */
  severity: number | null;
  area: string | null;
}

/** Counts that a batch adds to one customer of one cell; times in epoch milliseconds. */
export interface CustomerTotals {
  readonly cellId: number;
  readonly customerId: number;
  events: number;
  firstAt: number;
  lastAt: number;
  lastEventId: string;
  /** That of the last event; '' for none. */
  release: string;
  /** How many of the events were signed, and how many a server key sent; the others are claims. */
  signed: number;
  server: number;
  /** Who made the first claim; 0 where there is none. */
  source: number;
}

/** Counts that a batch adds to one release of one cell; '' is no release. */
export interface ReleaseTotals {
  readonly cellId: number;
  readonly release: string;
  events: number;
}
