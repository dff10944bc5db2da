import { inDoubt, rejected, retry, WAIT, type Verdict } from '../algorithm/verdict.js';

/** A failed call to Twilio: either an HTTP reply (`status`), or an error of the connection (`networkCode`). */
export interface TwilioFailure {
  readonly status?: number;
  /** Twilio's own code from the JSON body; absent when something other than Twilio answered. */
  readonly code?: number;
  /** The `Retry-After` header in seconds. */
  readonly retryAfterSeconds?: number;
  /** Node's or axios' error code (`ECONNREFUSED`, `ECONNRESET`, `ECONNABORTED`, …). */
  readonly networkCode?: string;
  /** True when the error arose while connecting, so no byte of the request had left. */
  readonly whileConnecting?: boolean;
}

/** Twilio's codes (error and warning dictionary, twilio.com/docs/api/errors), for refused calls and for failed deliveries alike. */
const BY_CODE: Readonly<Record<number, Verdict>> = {
  20003: rejected('auth', 'setup'),
  20005: rejected('auth', 'setup'), // account not active
  20404: rejected('setup', 'setup'),
  20429: retry('rate_limited', WAIT.busy),
  21211: rejected('invalid_recipient', 'recipient', 'suppress'),
  21212: rejected('sender', 'setup'),
  21408: rejected('region', 'setup'),
  21602: rejected('refused', 'message'), // no body
  21603: rejected('sender', 'setup'), // no sender
  21604: rejected('invalid_recipient', 'recipient'), // no recipient
  21606: rejected('sender', 'setup'),
  21608: rejected('setup', 'setup'), // trial account, recipient not verified
  21609: rejected('setup', 'setup'), // status callback URL
  21610: rejected('opted_out', 'recipient', 'suppress'),
  21611: retry('rate_limited', WAIT.busy), // sender's queue is full
  21612: rejected('region', 'recipient'), // no route between this sender and this number
  21614: rejected('invalid_recipient', 'recipient', 'suppress'),
  21617: rejected('too_large', 'message'),
  21635: rejected('invalid_recipient', 'recipient', 'suppress'), // landline
  21654: rejected('setup', 'setup'), // no text of ours has that ContentSid
  21655: rejected('setup', 'setup'), // the same
  21656: rejected('setup', 'setup'), // its variables are not those of the text
  21659: rejected('sender', 'setup'),
  21660: rejected('sender', 'setup'),
  21701: rejected('sender', 'setup'), // messaging service
  21703: rejected('sender', 'setup'), // messaging service without senders
  30001: retry('rate_limited', WAIT.busy),
  30002: rejected('auth', 'setup'), // account suspended
  30003: retry('unreachable_recipient', WAIT.recipient),
  30004: rejected('blocked', 'recipient'),
  30005: rejected('invalid_recipient', 'recipient', 'suppress'),
  30006: rejected('invalid_recipient', 'recipient', 'suppress'),
  30007: rejected('filtered', 'setup'),
  30008: retry('unreachable_recipient', WAIT.recipient),
  30017: retry('deferred', WAIT.deferred),
  30022: retry('rate_limited', WAIT.deferred),
  30032: rejected('sender', 'setup'),
  30034: rejected('sender', 'setup'),
  30036: rejected('expired', 'message'),
};

/** Errors of name look-up and routing, raised before any connection stands. */
const NEVER_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
]);

/** Node's and OpenSSL's names for a handshake that failed; the request is written only after it. */
const TLS_FAILED = /^(ERR_TLS|ERR_SSL|EPROTO$|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

const TIMED_OUT = new Set(['ECONNABORTED', 'ETIMEDOUT', 'ESOCKETTIMEDOUT']);

/** Meaning of a Twilio code, wherever it appears; undefined for a code that is not in our table. */
export function classifyTwilioCode(code: number): Verdict | undefined {
  return BY_CODE[code];
}

/**
 * Reads a failed `Messages` call. A 4xx is certain: nothing was created. A 5xx, a timeout or a connection lost after the request
 * left is in doubt, since Twilio offers no idempotency key. A 4xx or 3xx without a Twilio code came from something in between.
 */
export function classifyTwilioFailure(failure: TwilioFailure): Verdict {
  if (failure.status === undefined) return withoutReply(failure);
  if (failure.status >= 500 || failure.status === 408 || failure.status < 300) return inDoubt('provider_error');
  if (failure.status === 429) return slowDown(failure);
  if (failure.code === undefined)
    return failure.status === 401 ? rejected('auth', 'setup') : rejected('setup', 'setup');
  const known = BY_CODE[failure.code];
  if (known) return known;
  if (failure.status === 401) return rejected('auth', 'setup');
  return failure.status === 403 || failure.status === 404 ? rejected('setup', 'setup') : rejected('refused', 'message');
}

/** The provider's code for logs: `twilio 21610`, `http 502` or `ECONNRESET`. */
export function twilioCode(failure: TwilioFailure): string | undefined {
  if (failure.code !== undefined) return `twilio ${failure.code}`;
  return failure.status === undefined ? failure.networkCode : `http ${failure.status}`;
}

/** Seconds that a `Retry-After` header asks for; undefined for the date form and for nonsense. */
export function retryAfterSeconds(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header.trim()) ? Number(header.trim()) : undefined;
}

function slowDown(failure: TwilioFailure): Verdict {
  return retry('rate_limited', Math.max(failure.retryAfterSeconds ?? WAIT.busy, 1));
}

function withoutReply(failure: TwilioFailure): Verdict {
  const code = failure.networkCode ?? '';
  if (TLS_FAILED.test(code)) return retry('tls', WAIT.deferred);
  if (failure.whileConnecting || NEVER_CONNECTED.has(code)) return retry('provider_unavailable', WAIT.connection);
  return inDoubt(TIMED_OUT.has(code) ? 'timeout' : 'connection_lost');
}
