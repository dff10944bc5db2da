import { type MessageReason } from '../outreach/reasons.js';

/** A text that a provider approved, by the provider's name, with its values by the provider's names in their order. */
export interface ApprovedTemplate {
  readonly id: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** Fields of a message on every channel. It is for one recipient, rendered, allowed and due. */
interface Outgoing {
  /** Our id of the message (a UUID); the same on every attempt. */
  readonly messageId: string;
  /** Exactly one recipient: a number in E.164 or a bare address (no display name, no list). */
  readonly to: string;
  /** BCP 47 tag of the language that the text is written in. */
  readonly locale: string;
  readonly text: string;
  /** The text as its provider knows it, where that sends only what it approved before; `text` is how it reads. */
  readonly template?: ApprovedTemplate;
  /** After this moment the message does harm and is not sent any more. */
  readonly validUntil?: Date;
}

/** A text message. */
export interface OutgoingSms extends Outgoing {
  readonly channel: 'sms';
  /** URL for the provider's reports about this message. */
  readonly statusCallbackUrl?: string;
}

/** A mail. */
export interface OutgoingMail extends Outgoing {
  readonly channel: 'email';
  readonly subject: string;
  /** The same content as `text`, offered as the alternative. */
  readonly html?: string;
  /** URL at which one POST takes the recipient off the list (RFC 8058). */
  readonly unsubscribeUrl?: string;
  /** Address to which answers go; without it the sender's own. */
  readonly replyTo?: string;
  /** Message-IDs of earlier mails about the same fault, oldest first; this one stands in their thread. */
  readonly thread?: readonly string[];
  /** Envelope sender, to which bounces of this mail go; without it the sender's own address. */
  readonly bounceAddress?: string;
}

/** A message as handed to a gateway, by channel. */
export type OutgoingMessage = OutgoingSms | OutgoingMail;

/** Every reason that a gateway can give for not having sent, or for not knowing. A closed list: they are metric labels. */
export const GATEWAY_REASONS = [
  /** The provider asks for a slower pace, or its queue for us is full. */
  'rate_limited',
  /** The provider could not be reached or says that it is not serving now. */
  'provider_unavailable',
  /** The receiving side puts the message off (greylisting, busy). */
  'deferred',
  /** The connection ended before an answer. */
  'connection_lost',
  /** No answer within the time limit. */
  'timeout',
  /** No encrypted connection could be made, or its certificate is not valid. */
  'tls',
  /** The phone is off or out of reach, or its network did not take the message. */
  'unreachable_recipient',
  'mailbox_full',
  /** No such number or address, or one that cannot receive this channel. */
  'invalid_recipient',
  /** The recipient told the provider to stop. */
  'opted_out',
  /** The recipient's side refuses messages of this kind. */
  'blocked',
  /** Refused because of what the message says. */
  'filtered',
  'too_large',
  /** Its validity ended before it left. */
  'expired',
  /** Refused for what it is, by a rule not named above. */
  'refused',
  /** Our credentials are wrong or the account is not active. */
  'auth',
  /** The sender number, service or address is not usable. */
  'sender',
  /** The account may not send to that country. */
  'region',
  /** Refused for our reputation or a policy about us, not about the recipient. */
  'policy',
  /** Any other fault of configuration. */
  'setup',
  /** The provider failed while it had the message in hand. */
  'provider_error',
] as const satisfies readonly MessageReason[];

export type GatewayReason = (typeof GATEWAY_REASONS)[number];

/** Reach of a refusal: this recipient, this message, or everything sent with the present setup (stop the wave). */
export type RefusalScope = 'recipient' | 'message' | 'setup';

/**
 * Outcome of one attempt. `retry` and `rejected` mean that the provider has certainly not taken the message; `inDoubt` means
 * that it may have. `code` is the provider's own code (`550 5.1.1`, `twilio 21610`, `ECONNREFUSED`), never its text, which can name people.
 */
export type SendResult =
  /** `segments`: parts that the provider bills, where it says so. */
  | { readonly kind: 'sent'; readonly providerId: string; readonly segments?: number }
  /** Written to the built-in outbox of an installation that has used a provider: nobody gets it. */
  | { readonly kind: 'shown' }
  | { readonly kind: 'retry'; readonly reason: GatewayReason; readonly notBefore: Date; readonly code?: string }
  | {
      readonly kind: 'rejected';
      readonly reason: GatewayReason;
      readonly scope: RefusalScope;
      /** True: this address must not be written to again until it is confirmed anew. */
      readonly suppress?: boolean;
      readonly code?: string;
    }
  | { readonly kind: 'inDoubt'; readonly reason: GatewayReason; readonly code?: string };

/** The provider's knowledge of an attempt in doubt. `unknown` without `notBefore`: asking again will not help. */
export type ReconcileResult =
  | { readonly kind: 'sent'; readonly providerId: string }
  | { readonly kind: 'shown' }
  | { readonly kind: 'notSent' }
  | { readonly kind: 'unknown'; readonly notBefore?: Date };

/** Answer of a gateway that was asked if it could send now; `problem` is for people and holds no secret. */
export type CheckResult = { readonly ok: true } | { readonly ok: false; readonly problem: string };

/** A way out to one provider. It calls the provider once per `send` and never repeats on its own: the outbox owns retries. */
export interface Gateway<Out extends OutgoingMessage = OutgoingMessage> {
  /** Metric label and log field, e.g. `smtp`. */
  readonly name: string;
  readonly channel: Out['channel'];
  /** Calls that it makes at the same time. */
  readonly parallel: number;
  /** Makes one attempt. Expected failures are values; throws only for faults of ours, after which the attempt counts as in doubt. */
  send(message: Out, now: Date): Promise<SendResult>;
  /** Asks what became of an attempt in doubt that began at `attemptedAt`. Sends nothing. */
  reconcile(message: Out, attemptedAt: Date, now: Date): Promise<ReconcileResult>;
  /** Proves address and credentials without sending. */
  check?(): Promise<CheckResult>;
  /** Ends idle connections; attempts under way finish. */
  close(): Promise<void>;
}
