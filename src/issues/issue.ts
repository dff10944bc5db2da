/** What people decided about an issue. */
export const ISSUE_STATUSES = ['open', 'resolved', 'ignored'] as const;
export type IssueStatus = (typeof ISSUE_STATUSES)[number];

/** A known issue: the cluster of events that are the same fault. */
export interface Issue {
  readonly id: number;
  readonly projectId: number;
  readonly status: IssueStatus;
  readonly title: string;
  readonly culprit: string | null;
  readonly level: string;
  /** True once an event of it was not caught by the app, so that what the customer did was lost. */
  readonly blocking: boolean;
  readonly service: string | null;
  readonly environment: string;
  readonly firstRelease: string | null;
  readonly lastRelease: string | null;
  readonly firstSeen: Date;
  readonly lastSeen: Date;
  readonly events: number;
  readonly customers: number;
}

/** Who was hit by an issue, with the evidence. */
export interface IssueHit {
  readonly issueId: number;
  readonly customerId: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
  readonly events: number;
  readonly lastEventId: string;
}
