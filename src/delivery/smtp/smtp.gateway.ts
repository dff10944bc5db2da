import { setMaxListeners } from 'node:events';
import { type Readable } from 'node:stream';
import {
  createTransport,
  type DKIMOptions,
  type NodemailerError,
  type SMTPPoolOptions,
  type Transporter,
} from 'nodemailer';
import {
  DKIM_HEADER_FIELDS,
  domainOf,
  isBareAddress,
  listHeaders,
  messageIdHeader,
  threadHeaders,
} from './mail-headers.js';
import { classifySmtpFailure, smtpCode, type SmtpFailure } from './smtp-failure.js';
import { parseSmtpUrl } from './smtp-url.js';
import { rejected, resultOf } from '../algorithm/verdict.js';
import {
  type CheckResult,
  type Gateway,
  type OutgoingMail,
  type ReconcileResult,
  type SendResult,
} from '../gateway.js';

export interface SmtpConfig {
  /** `smtp://` or `smtps://` with user and password; see parseSmtpUrl for its options. */
  readonly url: string;
  /** The From header, `Shop <help@shop.example>`; its domain also ends our Message-IDs. */
  readonly from: string;
  /** Signs every mail, when the server at `url` does not. */
  readonly dkim?: { readonly domainName?: string; readonly keySelector: string; readonly privateKey: string };
  /** The longest one attempt may take, in milliseconds, to one in a hundred less; default 120,000. The lease of a message must be longer. */
  readonly timeoutMs?: number;
}

/** Default for one whole attempt. RFC 5321, 4.5.3.2 allows servers more, but a longer wait holds a lease for little gain. */
const ATTEMPT_TIMEOUT_MS = 120_000;

/** Attempts within this part of the limit share one signal, so that the last of them has that much less: one in a hundred. */
const SHARED_PART = 100;

/** Limit for connecting and for the greeting: a server that is up answers within seconds. */
const CONNECT_TIMEOUT_MS = 15_000;

/** Connections to the server, as many as nodemailer opens by default; relays commonly allow ten or more from one address. */
const CONNECTIONS = 5;

/**
 * Sends mail over SMTP, one recipient a message, on pooled connections. It knows for each attempt whether the whole body had been handed
 * over: before that a broken connection means "not sent", after it "in doubt". The library's own repeats are off.
 */
export class SmtpGateway implements Gateway<OutgoingMail> {
  readonly channel = 'email';
  /**
   * More than there are connections, so that the next mails are committed while some go out; each may be in doubt when the process is killed. By judgement: in
   * `bench:outreach` 20 took a tenth less processor time a mail than 12, since more mails share a commit, and 30 no less than 20.
   */
  readonly parallel = 20;
  private readonly mailer: Transporter;
  private readonly domain: string;
  private closed = false;
  /** Aborts the attempts that began lately, once their time is over. */
  private latest: AbortSignal | undefined;
  /** The body of each attempt under way, by Message-ID. */
  private readonly bodies = new Map<string, Readable>();

  /** Throws when the URL or the sender cannot be used; the error holds no secret. */
  constructor(
    private readonly config: SmtpConfig,
    readonly name = 'smtp',
  ) {
    const domain = domainOf(config.from);
    if (!domain) throw new Error('The mail sender must be an address, like Shop <help@shop.example>');
    this.domain = domain;
    this.mailer = createTransport({ ...poolOptions(config, domain), pool: true });
    this.mailer.use('stream', (mail, done) => {
      this.watchBody(mail.message);
      done();
    });
  }

  /** Makes one attempt; takes at most `timeoutMs`. */
  async send(message: OutgoingMail, now: Date): Promise<SendResult> {
    if (message.validUntil && message.validUntil <= now) return resultOf(rejected('expired', 'message'), '', now);
    if (!isBareAddress(message.to)) return resultOf(rejected('invalid_recipient', 'recipient'), '', now);
    const messageId = messageIdHeader(message.messageId, this.domain);
    const headers = listHeaders(message.locale, message.unsubscribeUrl);
    try {
      await this.mailer.sendMail({
        messageId,
        from: this.config.from,
        to: { name: '', address: message.to },
        subject: message.subject,
        text: message.text,
        ...(message.html === undefined ? {} : { html: message.html }),
        date: now,
        ...(message.replyTo === undefined ? {} : { replyTo: { name: '', address: message.replyTo } }),
        ...threadHeaders(message.thread),
        ...(message.bounceAddress === undefined ? {} : { envelope: { from: message.bounceAddress, to: message.to } }),
        headers,
        signal: this.timeout(),
      });
      return { kind: 'sent', providerId: messageId };
    } catch (error) {
      const failure = { ...this.factsOf(error), bodySent: this.bodies.get(messageId)?.readableEnded ?? false };
      return resultOf(classifySmtpFailure(failure), message.messageId, now, smtpCode(failure));
    } finally {
      this.bodies.delete(messageId);
    }
  }

  /** SMTP has no way to ask. The Message-ID helps a person, or a bounce, to tell. */
  reconcile(): Promise<ReconcileResult> {
    return Promise.resolve({ kind: 'unknown' });
  }

  /** Connects and logs in, without sending. */
  async check(): Promise<CheckResult> {
    try {
      await this.mailer.verify();
      return { ok: true };
    } catch (error) {
      const failure = { ...codesOf(error), bodySent: false };
      const verdict = classifySmtpFailure(failure);
      return { ok: false, problem: `${verdict.reason} (${smtpCode(failure) ?? 'no reply'})` };
    }
  }

  close(): Promise<void> {
    this.closed = true;
    this.mailer.close();
    return Promise.resolve();
  }

  /** Facts about a failed attempt. Rethrows an error that did not come from the library's connection, since that is a fault of ours. */
  private factsOf(error: unknown): Omit<SmtpFailure, 'bodySent'> {
    const codes = codesOf(error);
    if (codes.code !== undefined || codes.responseCode !== undefined) return codes;
    if (this.closed) return { code: 'ECONNECTION' };
    throw error;
  }

  /** One signal for attempts that begin at nearly the same time: one for each kept a timer for two minutes, and gave the garbage collector most of its work. */
  private timeout(): AbortSignal {
    if (this.latest) return this.latest;
    const ms = this.config.timeoutMs ?? ATTEMPT_TIMEOUT_MS;
    this.latest = AbortSignal.timeout(ms);
    setMaxListeners(0, this.latest); // two for each attempt under way, which takes them off at its end
    setTimeout(() => (this.latest = undefined), ms / SHARED_PART).unref();
    return this.latest;
  }

  /** Keeps hold of the stream that the connection will read, since the library does not say how far it got. */
  private watchBody(mail: { createReadStream: (options?: never) => Readable; messageId: () => string }): void {
    const create = mail.createReadStream.bind(mail);
    mail.createReadStream = (options) => {
      const body = create(options);
      this.bodies.set(mail.messageId(), body);
      return body;
    };
  }
}

function poolOptions(config: SmtpConfig, domain: string): SMTPPoolOptions {
  return {
    ...parseSmtpUrl(config.url),
    maxRequeues: 0,
    maxConnections: CONNECTIONS,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: config.timeoutMs ?? ATTEMPT_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(config.dkim ? { dkim: dkimOptions(config.dkim, domain) } : {}),
  };
}

function dkimOptions(dkim: NonNullable<SmtpConfig['dkim']>, domain: string): DKIMOptions {
  return { ...dkim, domainName: dkim.domainName ?? domain, headerFieldNames: DKIM_HEADER_FIELDS };
}

/** The codes of a nodemailer error; its text stays behind, for it can hold addresses. */
function codesOf(error: unknown): Omit<SmtpFailure, 'bodySent'> {
  const { code, command, responseCode, response } = error as NodemailerError;
  return { code, command, responseCode, response };
}
