import { type Trust } from '../projects/project-key.js';

/** Reasons why somebody is in an audience: their own events say so, or they share what the affected have in common. */
export const AUDIENCE_KINDS = ['affected', 'at_risk'] as const;
export type AudienceKind = (typeof AUDIENCE_KINDS)[number];

/** Evidence that a customer was hit. */
export interface MemberEvidence {
  readonly events: number;
  readonly firstAt: string;
  readonly lastAt: string;
  readonly lastEventId: string;
  readonly issues: readonly string[];
  /** Events by the trust in their sender. */
  readonly known: Readonly<Record<Trust, number>>;
}

/** Customer in an incident's audience. */
export interface Member {
  readonly customerId: number;
  readonly kind: AudienceKind;
  /** Best trust of the evidence. */
  readonly trust: Trust;
  readonly evidence: MemberEvidence;
  readonly addedAt: Date;
}

/** Customer who shares what the affected have in common and was not hit. `trust` is the weakest of what says so. */
export interface AtRiskMember {
  readonly customerId: number;
  readonly kind: 'at_risk';
  readonly trust: Trust;
  /** Hit rate that was expected when the customer was first called at risk. */
  readonly expectedHitRate: number;
  readonly addedAt: Date;
  /** Number of the arrival; of those who came together, who is likely to meet the fault soonest is first. */
  readonly seq: number;
}

/** Customer whom chance keeps from being written to about an incident, so that the effect of writing can be measured. */
export interface HeldOut {
  readonly customerId: number;
  readonly audience: AudienceKind;
  /** Channel that the customer would have been written to on; null where there is none. */
  readonly channel: string | null;
}

/** Member with the number of their arrival. */
export interface NumberedMember extends Member {
  readonly seq: number;
}

/** A stretch of an audience by the numbers of its members. */
export interface Stretch {
  /** Those after this one. */
  readonly seq: number;
  /** The last that belongs to it. */
  readonly upTo: number;
  /** Trust by which those are known who are counted. */
  readonly trusts: readonly Trust[];
}

/** The end of a stretch: its newest member, or where it begins when it is empty, and how many of the counted it holds. */
export interface Beyond {
  readonly newest: number;
  readonly count: number;
}
