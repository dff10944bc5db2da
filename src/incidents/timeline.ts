import { type DetectionEvidence, type DetectionKind } from '../detection/detection.js';
import { type IncidentStatus, type Resolution, type Severity } from './incident.js';

/** What a verdict on a series adds to a line of the timeline; the issues of a sum are named by the incident itself. */
export type SpokenEvidence = Partial<Omit<DetectionEvidence, 'issues'>>;

/** The verdict with which an incident begins, or begins again. */
export interface Beginning extends SpokenEvidence {
  readonly detection: DetectionKind | undefined;
  readonly issueId: string | null;
  /** Why these findings belong together. */
  readonly reasons: readonly string[];
}

/** What an alert said when it was attached, or when it ended. */
export interface AlertFacts {
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string | undefined;
  readonly startsAt: Date;
  readonly url: string | null;
}

/** One change of a campaign by its policy or by a person. */
export interface CampaignFacts {
  readonly campaignId: string;
  /** A code of `outreach/reasons.ts`. */
  readonly reason: string;
  /** The reason in words; the note of a person, where there is one. */
  readonly words: string;
}

/**
 * Everything that an incident's history can say, each kind with its own facts. Later rooms add their kinds here, so that this file is the whole
 * list and a renamed field is an error of the compiler wherever it is read.
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
      /** What showed that it is over, in words. */
      readonly reason?: string;
      /** The incident that it became part of. */
      readonly into?: string;
    }
  | { readonly kind: 'audience_left_out'; readonly issues: readonly string[]; readonly words: string }
  | { readonly kind: 'explained'; readonly locale: string }
  | ({
      readonly kind: 'campaign';
      readonly wave: number;
      readonly customers: number;
      readonly state: string;
    } & CampaignFacts)
  | ({
      readonly kind: 'campaign_approved' | 'campaign_paused' | 'campaign_resumed' | 'campaign_cancelled';
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
  | { readonly kind: 'message_settled'; readonly messageId: string; readonly sent: boolean };

export type TimelineKind = TimelineFact['kind'];

/** One line of an incident's history; appended, never changed. */
export interface TimelineEntry {
  readonly at: Date;
  readonly kind: TimelineKind;
  /** `forewarn`, `alertmanager` or the name of a token. */
  readonly actor: string;
  /** The facts of the kind. Lines of an earlier release may lack some. */
  readonly details: Readonly<Record<string, unknown>>;
}
