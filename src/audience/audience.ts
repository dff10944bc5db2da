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

/** Member with the number of their arrival. */
export interface NumberedMember extends Member {
  readonly seq: number;
}
