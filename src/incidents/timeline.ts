import { type DetectionEvidence, type DetectionKind } from '../detection/detection.js';
import { type IncidentStatus, type Resolution, type Severity } from './incident.js';

/** Evidence of a verdict in a line of the timeline, without the issues of a sum, which the incident itself names. */
export type SpokenEvidence = Partial<Omit<DetectionEvidence, 'issues'>>;

/** Verdict with which an incident begins, or begins again. */
export interface Beginning extends SpokenEvidence {
  readonly detection: DetectionKind | undefined;
  readonly issueId: string | null;
  /** Reasons why these findings belong together. */
  readonly reasons: readonly string[];
}

/** Facts of an alert when it was attached, or when it ended. */
export interface AlertFacts {
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string | undefined;
  readonly startsAt: Date;
  readonly url: string | null;
}

/** Change of a campaign by its policy or by a person. */
export interface CampaignFacts {
  readonly campaignId: string;
  /** Code of `outreach/reasons.ts`. */
  readonly reason: string;
  /** Reason in words, or the note of a person if there is one. */
  readonly words: string;
}

/**
 * All kinds of entries in an incident's history, each with its own facts. Later rooms add their kinds here, so that
 * this file is the whole list, and the compiler reports every reader of a renamed field.
 */
export type TimelineFact =
  | ({
      readonly kind: 'opened';
      readonly severity: Severity;
      readonly because?: readonly string[];
      readonly issues?: readonly string[];
      readonly previousIncidentId?: string;
    } & Partial<Beginning>)
  | ({ readonly kind: 'reopened' } & Beginning)
  | ({ readonly kind: 'recovered'; readonly series: string } & Partial<DetectionEvidence>)
  | ({
      readonly kind: 'issue_attached';
      readonly issueId: string;
      readonly detection?: DetectionKind;
      readonly reason?: string;
      readonly reasons?: readonly string[];
    } & Partial<DetectionEvidence>)
  | { readonly kind: 'issue_detached'; readonly issueId: string }
  | ({
      readonly kind: 'detection_attached';
      readonly series: string;
      readonly detection: DetectionKind;
      readonly reasons: readonly string[];
    } & SpokenEvidence)
  | ({ readonly kind: 'alert_attached' | 'alert_resolved' } & AlertFacts)
  | {
      readonly kind: 'severity_raised';
      readonly from: Severity;
      readonly to: Severity;
      readonly because: readonly string[];
    }
  | {
      readonly kind: 'changed';
      readonly status?: IncidentStatus;
      readonly severity?: Severity;
      readonly title?: string;
      readonly area?: string | null;
    }
  | { readonly kind: 'merged'; readonly incidentId: string; readonly issues: readonly string[] }
  | {
      readonly kind: 'resolved';
      readonly resolution: Resolution;
      /** Evidence that the incident is over, in words. */
      readonly reason?: string;
      /** Incident into which it was merged. */
      readonly into?: string;
    }
  | { readonly kind: 'audience_left_out'; readonly issues: readonly string[]; readonly words: string }
  | { readonly kind: 'explained'; readonly locale: string }
  | { readonly kind: 'update_posted'; readonly locales: readonly string[]; readonly nextUpdateAt: Date | null }
  | ({
      readonly kind: 'campaign';
      readonly wave: number;
      readonly customers: number;
      readonly state: string;
    } & CampaignFacts)
  | ({
      readonly kind:
        | 'campaign_approved'
        | 'campaign_approved_once'
        | 'campaign_asked_again'
        | 'campaign_undone'
        | 'campaign_paused'
        | 'campaign_resumed'
        | 'campaign_cancelled';
    } & CampaignFacts)
  | {
      /** The first messages about the incident that wait because the installation has sent as many as it may. */
      readonly kind: 'over_ceiling';
      readonly channel: string;
      readonly messages: number;
      readonly perHour: number;
      readonly perDay: number;
      readonly opens: Date;
    }
  | {
      /** Customers for whom the next channel is tried: no report of arrival came in time, or the message failed. */
      readonly kind: 'next_channel';
      readonly campaignIds: readonly string[];
      readonly noReceipt: number;
      readonly failed: number;
    }
  | {
      /** Accounts whose contact is told in place of so many customers, and those without a contact who can be reached, each of whose customers is told. */
      readonly kind: 'account_contacts';
      readonly campaignId: string;
      readonly accounts: number;
      readonly customers: number;
      readonly withoutContact: number;
    }
  /** No policy matches, so nobody is written to. */
  | { readonly kind: 'no_policy'; readonly words: string }
  | { readonly kind: 'sending_held' | 'sending_live'; readonly reason: string | null }
  | { readonly kind: 'customer_taken_out'; readonly campaignId: string; readonly messageId: string }
  | { readonly kind: 'message_settled'; readonly messageId: string; readonly sent: boolean };

export type TimelineKind = TimelineFact['kind'];

/** Line of an incident's history; appended, never changed. */
export interface TimelineEntry {
  readonly at: Date;
  readonly kind: TimelineKind;
  /** `forewarn`, `alertmanager` or the name of a token. */
  readonly actor: string;
  /** Facts of the kind. Lines of an earlier release may lack some. */
  readonly details: Readonly<Record<string, unknown>>;
}
