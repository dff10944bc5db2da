import { type Trust } from '../projects/project-key.js';

/** Why somebody is in an audience: their own events say so, or they share what the affected have in common. */
export const AUDIENCE_KINDS = ['affected', 'at_risk'] as const;
export type AudienceKind = (typeof AUDIENCE_KINDS)[number];

/** What says that a customer was hit. */
export interface MemberEvidence {
  readonly events: number;
  readonly firstAt: string;
  readonly lastAt: string;
  readonly lastEventId: string;
  readonly issues: readonly string[];
  /** Events by how they are known. */
  readonly known: Readonly<Record<Trust, number>>;
}

/** One customer of an incident's audience. */
export interface Member {
  readonly customerId: number;
  readonly kind: AudienceKind;
  /** How it is known, by the best of the evidence. */
  readonly trust: Trust;
  readonly evidence: MemberEvidence;
  readonly addedAt: Date;
}

/** A member with the number that tells the order in which members came. */
export interface NumberedMember extends Member {
  readonly seq: number;
}
