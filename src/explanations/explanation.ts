/** `approved` if a person wrote or checked a text; templates make drafts. */
export type ReviewState = 'draft' | 'approved';

/** The words of an explanation; `{{ since }}` in them stands for the start of the incident in the reader's zone. */
export interface ExplanationText {
  readonly title: string;
  readonly body: string;
  readonly workaround: string | null;
  readonly nextUpdate: string | null;
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
