/** State of an issue, as people decided it. */
export const ISSUE_STATUSES = ['open', 'resolved', 'ignored'] as const;
export type IssueStatus = (typeof ISSUE_STATUSES)[number];

/** How bad rules say an issue is. */
export type IssueSeverity = 'minor' | 'major' | 'critical';

/** A known issue: the cluster of events that are the same fault. Counts are those of all issues merged into one. */
export interface Issue extends IssueFacts {
  readonly customers: number;
  /** Customers whom the events hit that were kept back while it was ignored. */
  readonly ignoredCustomers: number;
}

/** Facts of an issue that need no walk through its customers, of whom there may be hundreds of thousands. */
export interface IssueFacts {
  readonly id: number;
  readonly projectId: number;
  /** The issue that this one was merged into; null when it stands for itself. */
  readonly mergedInto: number | null;
  readonly status: IssueStatus;
  /** True for the issue that takes faults beyond `grouping.maxNewIssuesPerHour`: not one fault, so nobody is told because of it. */
  readonly catchAll: boolean;
  readonly title: string;
  readonly culprit: string | null;
  readonly level: string;
  /** True once an event of it was not caught by the app, so that what the customer did was lost. */
  readonly blocking: boolean;
  /** The worst that the rules in force said; null when no rule did. */
  readonly severity: IssueSeverity | null;
  /** The part of the product, as a rule named it. */
  readonly area: string | null;
  readonly service: string | null;
  readonly environment: string;
  readonly firstRelease: string | null;
  readonly lastRelease: string | null;
  readonly firstSeen: Date;
  readonly lastSeen: Date;
  readonly events: number;
  /** When people called it fixed; stays when it came back. */
  readonly resolvedAt: Date | null;
  /** The release that holds the fix. */
  readonly resolvedIn: string | null;
  /** When people last ignored it; it stays when that is over. Until when, or until how many customers it hit meanwhile; null for ever. */
  readonly ignoredAt: Date | null;
  readonly ignoredUntil: Date | null;
  readonly ignoredUntilCustomers: number | null;
  /** Events that ignoring kept back; they count nowhere else. */
  readonly ignoredEvents: number;
  /** When it came back after it was resolved, and in which release. */
  readonly regressedAt: Date | null;
  readonly regressedRelease: string | null;
}

/** Who was hit by an issue, with the evidence. */
export interface IssueHit {
  readonly issueId: number;
  readonly customerId: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
  readonly events: number;
  /** How many of the events were signed, and how many a server key sent; the others are claims. */
  readonly signed: number;
  readonly server: number;
  readonly lastEventId: string;
}

/** How it is known whom issues hit: customers by the best evidence of each, and who made the claims. */
export interface HitEvidence {
  readonly claimed: number;
  readonly signed: number;
  readonly server: number;
  /** Sources (a key and an address) that made claims, in the hour in which there were most: they cannot be told apart across hours. */
  readonly sources: number;
  /** Customers whom the one source named that named most. */
  readonly widestSource: number;
}

/** An issue that is, or probably is, the same fault as another. */
export interface LinkedIssue {
  /** The issue that was asked about. */
  readonly of: number;
  readonly issueId: number;
  /** 0 to 1. */
  readonly score: number;
  /** For people. */
  readonly reason: string;
  readonly state: 'proposed' | 'confirmed';
}
