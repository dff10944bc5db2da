import { type AudienceKind } from '../audience/audience.js';
import { type Channel } from '../customers/customer.js';
import { type CampaignReason, type MessageReason } from './reasons.js';
import { type CampaignState, type MessageState, type PausedBy } from './states.js';

/** Subjects of a campaign: that there is a fault, that we still work on it, that it is over, or that it came back after that was told. */
export const CAMPAIGN_KINDS = ['notice', 'resolved', 'returned', 'update'] as const;
export type CampaignKind = (typeof CAMPAIGN_KINDS)[number];

/** One outreach about one incident to one audience snapshot. */
export interface Campaign {
  readonly id: number;
  readonly incidentId: number;
  readonly policy: string;
  readonly kind: CampaignKind;
  /** Customers of one audience are written to together. */
  readonly audience: AudienceKind;
  /** Counts the snapshots of one incident: 1 is everybody known at first, later waves are only those who came since. */
  readonly wave: number;
  readonly state: CampaignState;
  readonly reason: CampaignReason;
  /** Null unless it is paused. */
  readonly pausedBy: PausedBy | null;
  /** True: only claims say that its customers were hit or are at risk, and the policy does not count those by itself. */
  readonly claimed: boolean;
  /** The newest audience member of the snapshot who was looked at. */
  readonly audienceSeq: number;
  /** The newest audience member of the snapshot: up to this one they are planned step by step. At or below `audienceSeq` when all are. */
  readonly frozenSeq: number;
  /** Customers after `audienceSeq` who are written to, or fewer; 0 where only planning tells. */
  readonly frozenRest: number;
  readonly approveAfter: Date | null;
  readonly approvedAt: Date | null;
  readonly approvedBy: string | null;
  /** Until then an approval can be taken back, and nothing goes out; null where a policy approved. */
  readonly sendAfter: Date | null;
  /** How often an approval was asked for; one that waits for hours is asked anew. */
  readonly asked: number;
  readonly createdAt: Date;
}

/** One customer, one channel, one campaign. */
export interface Message {
  readonly id: string;
  readonly campaignId: number;
  readonly incidentId: number;
  readonly customerId: number | null;
  readonly kind: CampaignKind;
  /** Why the customer is written to: they were hit, or they may be. */
  readonly audience: AudienceKind;
  /** Counts the messages of this kind that the customer gets about the incident, from 1. */
  readonly round: number;
  /** 1 on the first channel; 2 on the next one, where the first did not arrive. */
  readonly turn: number;
  /** Waits with other messages to the customer, to become one; null where it does not. */
  readonly batchId: number | null;
  /** How many messages it was sent for beside itself. */
  readonly merged: number;
  /** The message that it became part of: that one was sent, and this one stands where it stands. */
  readonly leadId: string | null;
  readonly channel: Channel | null;
  readonly locale: string;
  /** Why this customer gets it, in their language. */
  readonly why: string;
  /**
   * Account that its contact is told for: on the contact's message, and on those of its customers who are told by it; null where each is told
   * for themselves.
   */
  readonly account: string | null;
  readonly linkToken: string;
  readonly state: MessageState;
  readonly stateReason: MessageReason | null;
  readonly address: string | null;
  readonly subject: string | null;
  readonly body: string | null;
  readonly gateway: string | null;
  readonly providerId: string | null;
  /** The provider's own code of the last failure, like `twilio 30003`. */
  readonly providerCode: string | null;
  /** Grows with each claim; a worker whose fence is old has lost the message. */
  readonly fence: number;
  readonly attempts: number;
  readonly nextAt: Date;
  readonly createdAt: Date;
  readonly sentAt: Date | null;
}

/** True for messages that ask whether the customer needs help, under a policy with `askForHelp`: who was hit is asked, and nobody once it is over. */
export function asksForHelp({ kind, audience }: Pick<Message, 'kind' | 'audience'>): boolean {
  return kind !== 'resolved' && audience === 'affected';
}
