/**
 * Ways in which a contact was matched to an incident: the customer's own events belong to it, it may concern them, their words are like those
 * about it, or a person said so.
 */
export const MATCHED_BY = ['hit', 'atRisk', 'words', 'person'] as const;
export type MatchedBy = (typeof MATCHED_BY)[number];

/** Whether a person must take over, may, or need not. */
export const HANDOVERS = ['required', 'offered'] as const;
export type Handover = (typeof HANDOVERS)[number];

/** Reasons of a hand-over. */
export const HAND_OVER_REASONS = ['asked', 'notHelped', 'noAnswer', 'askedAgain', 'other'] as const;
export type HandOverReason = (typeof HAND_OVER_REASONS)[number];

/** States of a hand-over as people see it; only `closed` ends it. */
export const HAND_OVER_STATES = ['open', 'taken', 'closed'] as const;
export type HandOverState = (typeof HAND_OVER_STATES)[number];

/** Where a hand-over stands with the desk: there is none, it is to be told, or it was. */
export const HAND_OVER_DELIVERIES = ['none', 'pending', 'delivered'] as const;
export type HandOverDelivery = (typeof HAND_OVER_DELIVERIES)[number];

/** A customer reaching us on some channel. */
export interface Contact {
  readonly id: number;
  /** Name of the channel, such as `chat` or `phone`. */
  readonly channel: string;
  /** Id of the conversation, call or mail on its channel. */
  readonly externalId: string;
  readonly customerId: number | null;
  readonly projectId: number | null;
  readonly incidentId: number | null;
  /** Null where no incident was found. */
  readonly matchedBy: MatchedBy | null;
  /** Likeness of the words where they decided, 0 to 1. */
  readonly score: number | null;
  /** The customer's own words, without secrets. */
  readonly text: string;
  readonly locale: string | null;
  readonly at: Date;
  readonly reportedBy: string;
}

/** A contact given to a person. */
export interface HandOver {
  readonly id: number;
  /** Id under which the desk is told, the same on every attempt. */
  readonly webhookId: string;
  readonly contactId: number | null;
  readonly customerId: number | null;
  readonly incidentId: number | null;
  readonly channel: string;
  readonly reason: HandOverReason;
  readonly text: string | null;
  readonly locale: string | null;
  readonly state: HandOverState;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly takenAt: Date | null;
  readonly takenBy: string | null;
  readonly closedAt: Date | null;
  readonly closedBy: string | null;
  readonly delivery: HandOverDelivery;
  readonly attempts: number;
  /** Code of the last failure to tell the desk. */
  readonly lastFailure: string | null;
  readonly deliveredAt: Date | null;
}
