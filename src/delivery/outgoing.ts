import { type Message } from '../outreach/campaign.js';
import { type ApprovedWords } from '../outreach/algorithm/approved-text.js';
import { type ReadyMessage } from '../outreach/public.js';
import { assertNever } from '../platform/errors.js';
import { type ApprovedTemplate, type OutgoingMessage } from './gateway.js';

/** Time after which an SMS that has not left is dropped, milliseconds: a text about a fault that is hours old does harm. A judgement. */
const VALID_MS = 4 * 3_600_000;

/** Addresses that a message points back to. */
export interface Surroundings {
  /** Our public address, without a slash at its end. */
  readonly base: string;
  /** The bounce address of a message; undefined where bounces go to the sender. */
  readonly bounceAddress?: (messageId: string) => string;
}

/** The name of a message's approved text at a gateway; undefined where it has none there. */
export function textNameAt({ id }: ApprovedWords, gateway: string): string | undefined {
  return typeof id === 'string' ? id : id[gateway];
}

/**
 * A message as a gateway takes it.
 * @param template the text as its provider knows it, where that takes approved texts only
 */
export function outgoing(
  message: Pick<Message, 'id' | 'locale' | 'linkToken'>,
  { channel, address, subject, body, mail }: ReadyMessage['content'],
  { base, bounceAddress }: Surroundings,
  now: Date,
  template?: ApprovedTemplate,
): OutgoingMessage {
  const words = { text: body, ...(template && { template }) };
  const common = { messageId: message.id, to: address, locale: message.locale, ...words };
  switch (channel) {
    case 'sms':
      return {
        ...common,
        channel,
        statusCallbackUrl: `${base}/hooks/twilio/status?message=${message.id}`,
        validUntil: new Date(now.getTime() + VALID_MS),
      };
    case 'email':
      return {
        ...common,
        channel,
        subject: subject ?? '',
        ...(mail && { html: mail.html, thread: mail.thread }),
        ...(mail?.replyTo && { replyTo: mail.replyTo }),
        bounceAddress: bounceAddress?.(message.id),
        unsubscribeUrl: `${base}/i/${message.linkToken}/unsubscribe`,
      };
    default:
      return assertNever(channel);
  }
}
