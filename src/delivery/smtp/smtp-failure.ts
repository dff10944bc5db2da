import { inDoubt, rejected, retry, WAIT, type Verdict } from '../algorithm/verdict.js';

/** Facts about a failed SMTP attempt. */
export interface SmtpFailure {
  /** nodemailer's error code (`EENVELOPE`, `ECONNECTION`, …). */
  readonly code?: string;
  /** The command that was answered (`MAIL FROM`, `RCPT TO`, `DATA`, `AUTH PLAIN`, `CONN`, `API` for a check made before connecting). */
  readonly command?: string;
  /** The server's three-digit reply, when there was one. */
  readonly responseCode?: number;
  /** The server's whole reply; only its enhanced status code is read. */
  readonly response?: string;
  /** True once the whole body was handed to the connection, so the final dot may have arrived. */
  readonly bodySent: boolean;
}

const ENHANCED_STATUS = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/;

/** Enhanced codes (RFC 3463, RFC 5248) that say the address itself is dead, so it must not be tried again. */
const DEAD_ADDRESS = new Set(['5.1.1', '5.1.3', '5.1.10', '5.2.1']);

/**
 * Reads a failed SMTP attempt. A reply of 4yz or 5yz is certain: the message was not taken, whatever the phase (RFC 5321, 4.2.1).
 * Without a reply only the phase counts: before the end of the body nothing was sent, after it the message is in doubt.
 */
export function classifySmtpFailure(failure: SmtpFailure): Verdict {
  if (failure.responseCode !== undefined && failure.responseCode >= 400) return byReply(failure, failure.responseCode);
  if (failure.bodySent) return inDoubt(isTimeout(failure) ? 'timeout' : 'connection_lost');
  return withoutReply(failure);
}

/** The provider's code for logs: reply and enhanced status (`550 5.1.1`), else the error code. No text. */
export function smtpCode(failure: SmtpFailure): string | undefined {
  if (failure.responseCode === undefined) return failure.code;
  const status = enhancedStatus(failure);
  return status ? `${failure.responseCode} ${status}` : String(failure.responseCode);
}

function enhancedStatus(failure: SmtpFailure): string | undefined {
  return ENHANCED_STATUS.exec(failure.response ?? '')?.[1];
}

function isTimeout(failure: SmtpFailure): boolean {
  return failure.code === 'ETIMEDOUT' || failure.code === 'EABORT';
}

function withoutReply(failure: SmtpFailure): Verdict {
  switch (failure.code) {
    case 'EENVELOPE':
      return rejected('invalid_recipient', 'recipient');
    case 'EMESSAGE':
      return failure.command === 'MAIL FROM' ? rejected('too_large', 'message') : rejected('refused', 'message');
    case 'EAUTH':
    case 'ENOAUTH':
    case 'EOAUTH2':
      return rejected('auth', 'setup');
    case 'ECONFIG':
    case 'EREQUIRETLS':
      return rejected('setup', 'setup');
    case 'ETLS':
      return retry('tls', WAIT.deferred);
    case 'ETIMEDOUT':
    case 'EABORT':
      return retry('timeout', WAIT.connection);
    case 'ECONNECTION':
      return retry('connection_lost', WAIT.connection);
    default:
      return retry('provider_unavailable', WAIT.connection);
  }
}

function byReply(failure: SmtpFailure, reply: number): Verdict {
  const status = enhancedStatus(failure);
  if (reply < 500) return temporary(reply, status);
  if (reply === 503) return retry('provider_unavailable', WAIT.connection);
  if (failure.code === 'EAUTH' || reply === 530 || reply === 535 || reply === 538) return rejected('auth', 'setup');
  return permanentByStatus(status ?? '') ?? permanentByPhase(failure, reply);
}

function temporary(reply: number, status: string | undefined): Verdict {
  if (status === '4.2.2') return retry('mailbox_full', WAIT.recipient);
  if (reply === 421) return retry('provider_unavailable', WAIT.busy);
  if (reply === 454) return retry('provider_unavailable', WAIT.busy);
  return retry('deferred', WAIT.deferred);
}

/** Refusals by enhanced code; undefined where the code says too little and the phase says more. */
function permanentByStatus(status: string): Verdict | undefined {
  if (DEAD_ADDRESS.has(status)) return rejected('invalid_recipient', 'recipient', 'suppress');
  if (status === '5.1.7' || status === '5.1.8') return rejected('sender', 'setup');
  if (status === '5.2.2') return rejected('mailbox_full', 'recipient');
  if (status === '5.2.3' || status === '5.3.4') return rejected('too_large', 'message');
  if (status.startsWith('5.7.')) return rejected('policy', 'setup');
  if (status.startsWith('5.1.')) return rejected('invalid_recipient', 'recipient');
  if (status.startsWith('5.2.')) return rejected('blocked', 'recipient');
  if (status.startsWith('5.6.')) return rejected('refused', 'message');
  return undefined;
}

/** Refusals without a telling enhanced code. An address is not suppressed on these: 550 also stands for policy (RFC 5321, 4.2.3). */
function permanentByPhase(failure: SmtpFailure, reply: number): Verdict {
  switch (failure.command) {
    case 'RCPT TO':
      return reply === 552 ? rejected('mailbox_full', 'recipient') : rejected('invalid_recipient', 'recipient');
    case 'MAIL FROM':
      return reply === 552 ? rejected('too_large', 'message') : rejected('sender', 'setup');
    case 'DATA':
      return reply === 552 ? rejected('too_large', 'message') : rejected('filtered', 'message');
    default:
      return rejected('policy', 'setup');
  }
}
