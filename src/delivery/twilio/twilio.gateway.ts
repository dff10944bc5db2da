import { type Agent } from 'node:https';
import twilio from 'twilio';
import { findSms, CLOCK_SKEW_MS } from './sms-match.js';
import { classifyTwilioFailure, retryAfterSeconds, twilioCode, type TwilioFailure } from './twilio-failure.js';
import { inDoubt, rejected, resultOf } from '../algorithm/verdict.js';
import { type CheckResult, type Gateway, type OutgoingSms, type ReconcileResult, type SendResult } from '../gateway.js';

export interface TwilioConfig {
  readonly accountSid: string;
  readonly authToken: string;
  /** A sender pool; wins over `from`. One of the two is needed. */
  readonly messagingServiceSid?: string;
  /** A number in E.164, a short code or an alphanumeric sender. */
  readonly from?: string;
  /** Stands in for https://api.twilio.com. */
  readonly baseUrl?: string;
  /** The longest one call may take, in milliseconds; default 30,000 (the SDK's own). */
  readonly timeoutMs?: number;
}

const API_ORIGIN = 'https://api.twilio.com';
const CALL_TIMEOUT_MS = 30_000;

/** Twilio drops a message that waits longer than this (`ValidityPeriod`, 1 to 36,000 seconds). */
const MAX_VALIDITY_S = 36_000;

/** Time after an attempt in which its absence from Twilio's list proves nothing, in milliseconds: ten times the limit of a call. A judgement. */
const SETTLE_MS = 10 * CALL_TIMEOUT_MS;

/** One page of Twilio's list at its largest. A recipient with more messages than that since the attempt cannot be judged. */
const LIST_LIMIT = 1000;

/** Sends SMS through Twilio's Messages API. One call per attempt: the API has no idempotency key, so repeats are the outbox's to decide. */
export class TwilioGateway implements Gateway<OutgoingSms> {
  readonly channel = 'sms';
  readonly parallel = 20;
  private readonly client: twilio.Twilio;
  private readonly http: PlainRequestClient;
  private readonly sender: { messagingServiceSid: string } | { from: string };

  /** Throws when the account or the sender is missing; the error holds no secret. */
  constructor(
    config: TwilioConfig,
    readonly name = 'twilio',
  ) {
    this.sender = senderOf(config);
    this.http = new PlainRequestClient(config.baseUrl ?? API_ORIGIN, config.timeoutMs ?? CALL_TIMEOUT_MS);
    this.client = twilio(config.accountSid, config.authToken, {
      httpClient: this.http,
      autoRetry: false,
      maxRetries: 0,
      logLevel: 'silent',
    });
  }

  /** Makes one call to create the message. */
  async send(message: OutgoingSms, now: Date): Promise<SendResult> {
    const seconds = validitySeconds(message.validUntil, now);
    if (seconds !== undefined && seconds < 1) return resultOf(rejected('expired', 'message'), '', now);
    const { template } = message;
    try {
      const created = await this.client.messages.create({
        ...this.sender,
        to: message.to,
        ...(template
          ? { contentSid: template.id, contentVariables: JSON.stringify(template.parameters) }
          : { body: message.text }),
        ...(message.statusCallbackUrl === undefined ? {} : { statusCallback: message.statusCallbackUrl }),
        ...(seconds === undefined ? {} : { validityPeriod: seconds }),
      });
      if (created.sid) return { kind: 'sent', providerId: created.sid, ...segmentsOf(created.numSegments) };
      return resultOf(inDoubt('provider_error'), message.messageId, now, 'no sid');
    } catch (error) {
      const failure = factsOf(error);
      return resultOf(classifyTwilioFailure(failure), message.messageId, now, twilioCode(failure));
    }
  }

  /**
   * Looks for the message in Twilio's list for its recipient. Absence counts as "not sent" once Twilio has had time to list it; when the list
   * cannot be read or does not reach back far enough, the answer is "unknown".
   */
  async reconcile(message: OutgoingSms, attemptedAt: Date, now: Date): Promise<ReconcileResult> {
    const settled = new Date(attemptedAt.getTime() + SETTLE_MS);
    const later = new Date(Math.max(settled.getTime(), now.getTime() + CALL_TIMEOUT_MS));
    try {
      const listed = await this.list(message.to);
      const match = findSms(message.text, attemptedAt, listed);
      if (match.kind === 'found') return { kind: 'sent', providerId: match.providerId };
      if (match.kind === 'unreadable' || !reachesBack(listed, attemptedAt)) return { kind: 'unknown' };
      return now < settled ? { kind: 'unknown', notBefore: settled } : { kind: 'notSent' };
    } catch (error) {
      factsOf(error);
      return { kind: 'unknown', notBefore: later };
    }
  }

  /** Reads our own account, which proves address and credentials. */
  async check(): Promise<CheckResult> {
    try {
      const account = await this.client.api.v2010.accounts(this.client.accountSid).fetch();
      return account.status === 'active' ? { ok: true } : { ok: false, problem: `auth (account ${account.status})` };
    } catch (error) {
      const failure = factsOf(error);
      return { ok: false, problem: `${classifyTwilioFailure(failure).reason} (${twilioCode(failure) ?? 'no reply'})` };
    }
  }

  close(): Promise<void> {
    this.http.close();
    return Promise.resolve();
  }

  private async list(to: string) {
    const page = await this.client.messages.list({ to, pageSize: LIST_LIMIT, limit: LIST_LIMIT });
    return page.map(({ sid, body, dateCreated }) => ({ providerId: sid, body, createdAt: dateCreated }));
  }
}

function senderOf(config: TwilioConfig): { messagingServiceSid: string } | { from: string } {
  if (!/^AC[0-9a-fA-F]{32}$/.test(config.accountSid))
    throw new Error('The Twilio account SID must be AC and 32 hex digits');
  if (config.authToken === '') throw new Error('The Twilio auth token is missing');
  if (config.messagingServiceSid) return { messagingServiceSid: config.messagingServiceSid };
  if (config.from) return { from: config.from };
  throw new Error('Twilio needs a messaging service SID or a sender number');
}

/** Twilio counts the parts of texts through a messaging service only once a sender is chosen, and says 0 until then. */
function segmentsOf(text: string | undefined): { segments?: number } {
  const segments = Number(text ?? 0);
  return Number.isInteger(segments) && segments > 0 ? { segments } : {};
}

function validitySeconds(validUntil: Date | undefined, now: Date): number | undefined {
  if (!validUntil) return undefined;
  return Math.min(Math.floor((validUntil.getTime() - now.getTime()) / 1000), MAX_VALIDITY_S);
}

/** False when the list is full and its oldest entry is younger than the attempt: ours could stand behind it. */
function reachesBack(listed: readonly { createdAt: Date }[], attemptedAt: Date): boolean {
  if (listed.length < LIST_LIMIT) return true;
  return listed.some(({ createdAt }) => createdAt.getTime() < attemptedAt.getTime() - CLOCK_SKEW_MS);
}

/** An answer other than a success that can be read, reduced to its codes: Twilio's texts quote numbers and addresses. */
class ProviderReply extends Error {
  constructor(readonly failure: TwilioFailure) {
    super(`Twilio answered ${twilioCode(failure)}`);
  }
}

/** The SDK's HTTP client with our address, our time limit and errors that carry codes only. */
class PlainRequestClient extends twilio.RequestClient {
  constructor(
    private readonly baseUrl: string,
    timeout: number,
  ) {
    super({ timeout, autoRetry: false, keepAlive: true });
  }

  override async request<T>(...[options]: Parameters<twilio.RequestClient['request']>) {
    const uri = options.uri.startsWith(API_ORIGIN)
      ? this.baseUrl.replace(/\/+$/, '') + options.uri.slice(API_ORIGIN.length)
      : options.uri;
    const reply = await super.request<T>({ ...options, uri } as never);
    if (reply.statusCode >= 200 && reply.statusCode < 300 && typeof reply.body === 'object') return reply;
    const headers = reply as unknown as { headers?: Record<string, string | undefined> };
    throw new ProviderReply({
      status: reply.statusCode,
      code: codeOf(reply.body),
      retryAfterSeconds: retryAfterSeconds(headers.headers?.['retry-after']),
    });
  }

  /** Ends connections that nothing uses. */
  close(): void {
    const agent = this.axios.defaults.httpsAgent as Agent | undefined;
    for (const sockets of Object.values(agent?.freeSockets ?? {})) sockets?.forEach((socket) => socket.destroy());
  }
}

function codeOf(body: unknown): number | undefined {
  const code = typeof body === 'object' && body !== null && 'code' in body ? body.code : undefined;
  return typeof code === 'number' ? code : undefined;
}

/** Facts about a failed call. Rethrows an error that came neither from the provider nor from the network, since that is a fault of ours. */
function factsOf(error: unknown): TwilioFailure {
  if (error instanceof ProviderReply) return error.failure;
  if (error instanceof twilio.RestException) return { status: error.status };
  const { code, cause, isAxiosError } = error as { code?: unknown; cause?: unknown; isAxiosError?: boolean };
  if (!isAxiosError) throw error;
  return { networkCode: typeof code === 'string' ? code : undefined, whileConnecting: isConnectError(cause) };
}

/** True when every way of connecting failed (Node tries each address of a name in turn). */
function isConnectError(cause: unknown): boolean {
  if (cause instanceof AggregateError) return cause.errors.length > 0 && cause.errors.every(isConnectError);
  const syscall = (cause as { syscall?: string } | undefined)?.syscall;
  return syscall === 'connect' || syscall === 'getaddrinfo';
}
