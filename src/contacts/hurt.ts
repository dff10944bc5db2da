/** Harm done to customers by an area and a release. */
export interface Hurt {
  /** Slug. */
  readonly project: string;
  readonly area: string | null;
  readonly release: string | null;
  readonly incidents: number;
  /** Customers hit, of each incident anew. */
  readonly customers: number;
  readonly contacts: number;
  /** Of the customers hit, those who use the app less than is usual for them, as of the last hour. */
  readonly lostUse: number;
  /** Customers times severity (1, 3, 9), times 1 plus contacts a customer, times 1 plus the share whose use fell off. */
  readonly score: number;
}
