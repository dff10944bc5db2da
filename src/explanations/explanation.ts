/** `approved` if a person wrote or checked a text; templates make drafts. */
export type ReviewState = 'draft' | 'approved';

/** Author of the drafts that templates make. */
export const MACHINE = 'forewarn';

/**
 * Words of an explanation. `{{ since }}` in them stands for the start of the incident in the reader's zone, in `fixed` also `{{ fixedAt }}`
 * for its end.
 */
export interface ExplanationText {
  readonly title: string;
  readonly body: string;
  readonly workaround: string | null;
  readonly nextUpdate: string | null;
  /** Body once the incident is over; null for versions of before there was one. */
  readonly fixed: string | null;
}

/** The customer-facing text for an incident in one language; versions are appended, the highest is in force. */
export interface Explanation extends ExplanationText {
  readonly incidentId: number;
  readonly locale: string;
  readonly version: number;
  readonly reviewState: ReviewState;
  readonly author: string;
  readonly createdAt: Date;
}

/** News about an incident for its customers, in one or more languages; appended, never changed. */
export interface ExplanationUpdate {
  readonly id: number;
  readonly incidentId: number;
  readonly at: Date;
  readonly author: string;
  /** Text by locale. */
  readonly texts: Readonly<Record<string, string>>;
  /** Time by which the next one is promised. */
  readonly nextUpdateAt: Date | null;
}
