/** Results of an answer, as the bot reports them. */
export const OUTCOMES = ['helped', 'not', 'handedOff'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Customer's own words that an explanation answered, and what came of it. */
export interface Confirmed {
  /** Id of the outcome. */
  readonly id: number;
  readonly incidentId: number;
  readonly projectId: number;
  readonly area: string | null;
  readonly customerId: number | null;
  readonly outcome: Outcome;
  readonly text: string;
  readonly locale: string | null;
  readonly at: Date;
  /** Person who took it out of the examples, null while it may be one. */
  readonly removedBy: string | null;
}
