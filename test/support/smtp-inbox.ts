import { type AddressInfo } from 'node:net';
import { simpleParser, type ParsedMail } from 'mailparser';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { Arrivals } from './arrivals.js';

/** A mail that arrived whole. */
export interface ReceivedMail {
  /** Envelope sender. */
  readonly from: string;
  /** Envelope recipients. */
  readonly to: readonly string[];
  readonly raw: string;
  readonly parsed: ParsedMail;
}

/** Faults that a recipient's mail meets. */
export type SmtpScript =
  /** A refusal, `550 5.1.1 no such user`, at RCPT TO or after the body. */
  | { readonly reply: string; readonly at: 'RCPT TO' | 'DATA' }
  /** The connection is cut at RCPT TO. */
  | 'dropAtRecipient'
  /** The connection is cut as the first bytes of the body come in; nothing is kept. */
  | 'dropDuringBody'
  /** The mail is kept, and the connection is cut after the final dot, without a reply. */
  | 'dropAfterBody'
  /** The mail is kept and no reply comes. */
  | 'silentAfterBody';

/** A real SMTP server on a local port that keeps what it receives and misbehaves on request. */
export class SmtpInbox {
  /** Every mail received, oldest first; also those whose sender was not told. */
  get mails(): readonly ReceivedMail[] {
    return this.arrivals.all;
  }
  private readonly arrivals = new Arrivals<ReceivedMail>();
  private readonly scripts = new Map<string, SmtpScript[]>();
  private readonly server: SMTPServer;

  private constructor(private readonly login?: { user: string; pass: string }) {
    this.server = new SMTPServer({
      authOptional: login === undefined,
      disabledCommands: login ? ['STARTTLS'] : ['STARTTLS', 'AUTH'],
      allowInsecureAuth: true,
      disableReverseLookup: true,
      hideENHANCEDSTATUSCODES: true,
      closeTimeout: 200,
      onAuth: (auth, _session, done) =>
        auth.username === login?.user && auth.password === login?.pass
          ? done(null, { user: auth.username })
          : done(replyError('535 5.7.8 Authentication failed')),
      onRcptTo: (address, session, done) => this.onRecipient(address.address, session, done),
      onData: (stream, session, done) => void this.onData(stream, session, done),
    });
    // A connection that a test cuts ends with an error here as well.
    this.server.on('error', () => undefined);
  }

  /** Starts on a free port (or on `port`); with `login`, mail is taken only after it. */
  static async start(options: { login?: { user: string; pass: string }; port?: number } = {}): Promise<SmtpInbox> {
    const inbox = new SmtpInbox(options.login);
    await new Promise<void>((resolve) => inbox.server.listen(options.port ?? 0, '127.0.0.1', resolve));
    return inbox;
  }

  /** The value for SMTP_URL. */
  get url(): string {
    const login = this.login ? `${encodeURIComponent(this.login.user)}:${encodeURIComponent(this.login.pass)}@` : '';
    return `smtp://${login}127.0.0.1:${(this.server.server.address() as AddressInfo).port}`;
  }

  /** Sets what the next mails for a recipient meet, one script per mail. */
  script(to: string, ...scripts: SmtpScript[]): void {
    this.scripts.set(to, [...(this.scripts.get(to) ?? []), ...scripts]);
  }

  /** The mails received for an address. */
  sentTo(to: string): ReceivedMail[] {
    return this.mails.filter((mail) => mail.to.includes(to));
  }

  /** Resolves once at least `count` mails (for `to`, when given) are in; rejects after `timeoutMs`. */
  async waitFor(count: number, options: { to?: string; timeoutMs?: number } = {}): Promise<ReceivedMail[]> {
    return this.arrivals.waitFor(
      count,
      (mail) => options.to === undefined || mail.to.includes(options.to),
      options.timeoutMs,
    );
  }

  /** Cuts every open connection, as a server that restarts does. */
  dropConnections(): void {
    for (const connection of this.server.connections) socketOf(connection).destroy();
  }

  /** Stops at once. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.dropConnections();
    await closed;
  }

  private onRecipient(address: string, session: SMTPServerSession, done: (error?: Error | null) => void): void {
    const script = this.scripts.get(address)?.[0];
    if (script === 'dropAtRecipient') {
      this.scripts.get(address)?.shift();
      return this.drop(session);
    }
    if (typeof script === 'object' && script.at === 'RCPT TO') {
      this.scripts.get(address)?.shift();
      return done(replyError(script.reply));
    }
    return done();
  }

  private async onData(
    stream: SMTPServerDataStream,
    session: SMTPServerSession,
    done: (error?: Error | null) => void,
  ): Promise<void> {
    const to = session.envelope.rcptTo.map((recipient) => recipient.address);
    const script = this.scripts.get(to[0] ?? '')?.shift();
    const chunks: Buffer[] = [];
    for await (const chunk of stream) {
      if (script === 'dropDuringBody') return this.drop(session);
      chunks.push(chunk as Buffer);
    }
    if (typeof script === 'object') return done(replyError(script.reply));
    await this.keep(Buffer.concat(chunks), session, to);
    if (script === 'dropAfterBody') return this.drop(session);
    if (script === 'silentAfterBody') return;
    done();
  }

  private async keep(raw: Buffer, session: SMTPServerSession, to: string[]): Promise<void> {
    const mailFrom = session.envelope.mailFrom;
    this.arrivals.add({
      from: mailFrom ? mailFrom.address : '',
      to,
      raw: raw.toString('utf8'),
      parsed: await simpleParser(raw),
    });
  }

  private drop(session: SMTPServerSession): void {
    for (const connection of this.server.connections) {
      if ((connection as { id?: string }).id === session.id) socketOf(connection).destroy();
    }
  }
}

function replyError(reply: string): Error {
  const [, code, text] = /^(\d{3}) (.*)$/.exec(reply) ?? [];
  return Object.assign(new Error(text ?? reply), { responseCode: Number(code ?? 550) });
}

function socketOf(connection: unknown): { destroy: () => void } {
  return (connection as { _socket: { destroy: () => void } })._socket;
}
