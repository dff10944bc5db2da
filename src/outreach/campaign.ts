import { type Channel } from '../customers/customer.js';

/** What a campaign says: that there is a fault, or that it is over. */
export type CampaignKind = 'notice' | 'resolved';

/** Where a campaign stands; messages go out only while it is `approved`. */
export const CAMPAIGN_STATES = ['awaiting_approval', 'approved', 'paused', 'done', 'cancelled'] as const;
export type CampaignState = (typeof CAMPAIGN_STATES)[number];

/** One outreach about one incident to one audience snapshot. */
export interface Campaign {
  readonly id: number;
  readonly incidentId: number;
  readonly policy: string;
  readonly kind: CampaignKind;
  /** Counts the snapshots of one incident: 1 is everybody known at first, later waves are only those who came since. */
  readonly wave: number;
  readonly state: CampaignState;
  readonly stateReason: string;
  /** The newest audience member of the snapshot. */
  readonly audienceSeq: number;
  readonly approveAfter: Date | null;
  readonly approvedAt: Date | null;
  readonly approvedBy: string | null;
  readonly createdAt: Date;
}

/** Where a message stands. `sent`, `delivered`, `failed`, `cancelled` and `suppressed` are final; `in_doubt` waits for evidence. */
export const MESSAGE_STATES = [
  'pending',
  'claimed',
  'sending',
  'sent',
  'delivered',
  'failed',
  'in_doubt',
  'cancelled',
  'suppressed',
] as const;
export type MessageState = (typeof MESSAGE_STATES)[number];

/** One customer, one channel, one campaign. */
export interface Message {
  readonly id: string;
  readonly campaignId: number;
  readonly incidentId: number;
  readonly customerId: number | null;
  readonly kind: CampaignKind;
  readonly channel: Channel | null;
  readonly locale: string;
  /** Why this customer gets it, in their language. */
  readonly why: string;
  readonly linkToken: string;
  readonly state: MessageState;
  readonly stateReason: string | null;
  readonly address: string | null;
  readonly subject: string | null;
  readonly body: string | null;
  readonly gateway: string | null;
  readonly providerId: string | null;
  /** Grows with each claim; a worker whose fence is old has lost the message. */
  readonly fence: number;
  readonly attempts: number;
  readonly nextAt: Date;
  readonly createdAt: Date;
  readonly sentAt: Date | null;
}
