import { type IssueStatus } from '../issue.js';

/**
 * The smallest part of an issue that is counted by itself: what one fingerprint brought. Hits and minutes hang on cells, so
 * that merging, splitting and undoing move cells and leave every count as it is.
 */
export interface Place {
  readonly cellId: number;
  /** The issue as people see it: what others were merged into. */
  readonly issueId: number;
  readonly status: IssueStatus;
  readonly resolvedAt: Date | null;
  readonly resolvedIn: string | null;
  /** True for an issue that was opened in this very transaction. */
  readonly fresh?: boolean;
}

/** A fingerprint that is known, and where it leads. */
export interface KnownFingerprint extends Place {
  readonly projectId: number;
  readonly key: string;
}

/** A fingerprint as it is bound to a cell for all future events. */
export interface NewFingerprint {
  readonly key: string;
  readonly version: string;
  readonly cellId: number;
  readonly parts: unknown;
  /** Masked text of a message, from which templates are learnt; null for anything else. */
  readonly masked: string | null;
}

/** Parts of a new issue and its first cell, or of a further cell. */
export interface NewCell {
  readonly projectId: number;
  readonly kind: string;
  readonly title: string;
  readonly culprit: string | undefined;
  readonly level: string;
  readonly service: string | undefined;
  readonly environment: string;
  readonly release: string | undefined;
  /** Epoch milliseconds. */
  readonly occurredAt: number;
  /** Undefined keeps the search for duplicates from looking at it. */
  readonly sketch: unknown;
}
