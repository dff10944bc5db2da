import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { Settings } from '../../platform/config/settings.js';
import { messageOf, StartError } from '../../platform/errors.js';
import { LOGGER, type Logger } from '../../platform/logging/logger.js';
import { MAX_BODY } from '../../platform/http/hardening.js';
import { ReturnAddresses } from '../dispatch/return-addresses.service.js';
import { ReturnedMails } from './returned-mails.service.js';
import { findVerp } from './verp.js';

/** Connections at once; others are told to come back later (421), which servers do. A judgement: bounces of one wave come within minutes. */
const CONNECTIONS = 20;
/** Silence after which a connection is closed, milliseconds. RFC 5321, 4.5.3.2 has servers wait five minutes; a bounce that is cut off is sent again. */
const SILENCE_MS = 60_000;
/** Time that mails under way get when the daemon stops, milliseconds. */
const CLOSE_MS = 5000;

/**
 * The mail server of the bounce address, for who points an MX at it: takes what comes to `MAIL_BOUNCES_TO` and to the addresses that our messages
 * bounce to, up to 1 MB each, and nothing else. It passes nothing on. Off unless `MAIL_BOUNCES_PORT` is set.
 */
@Injectable()
export class BounceListener implements OnApplicationShutdown {
  private server: SMTPServer | undefined;

  constructor(
    private readonly settings: Settings,
    private readonly mails: ReturnedMails,
    private readonly addresses: ReturnAddresses,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The port that it listens on; undefined while it does not. */
  get port(): number | undefined {
    return (this.server?.server.address() as AddressInfo | null | undefined)?.port;
  }

  /** Listens, where a port is set and this process answers the API. @throws StartError when the port cannot be had */
  async start(): Promise<void> {
    const port = this.settings.smtp?.bouncesPort;
    if (port === undefined || !this.settings.roles.has('api')) return;
    const server = new SMTPServer({
      banner: 'Forewarn takes bounces',
      // There is no certificate to show; what comes in is a copy of what went out over other servers.
      disabledCommands: ['AUTH', 'STARTTLS'],
      disableReverseLookup: true,
      size: MAX_BODY,
      maxClients: CONNECTIONS,
      socketTimeout: SILENCE_MS,
      closeTimeout: CLOSE_MS,
      onRcptTo: ({ address }, _session, done) => void this.judge(address).then(done, () => done(later())),
      onData: (stream, session, done) => void this.take(stream, session).then(done, () => done(later())),
    });
    this.server = server;
    server.listen(port, this.settings.host);
    try {
      await once(server.server, 'listening');
    } catch (error) {
      throw new StartError(`MAIL_BOUNCES_PORT: cannot listen on port ${port}: ${messageOf(error)}`);
    }
    server.on('error', (error) => this.logger.debug({ err: error }, 'a connection of the bounce listener broke'));
  }

  async onApplicationShutdown(): Promise<void> {
    await new Promise<void>((done) => (this.server ? this.server.close(done) : done()));
  }

  /** Refuses what is not to us, so that nobody can leave mail here or have it passed on. */
  private async judge(address: string): Promise<Error | undefined> {
    const isOurs =
      address.toLowerCase() === this.settings.smtp?.bouncesTo ||
      findVerp(address, await this.addresses.bounceSecret()) !== undefined;
    return isOurs ? undefined : refusal(550, '5.1.1 no such address here');
  }

  /** Takes a mail; what cannot be written down is to be sent again. */
  private async take(stream: SMTPServerDataStream, { envelope }: SMTPServerSession): Promise<Error | undefined> {
    const chunks: Buffer[] = [];
    let size = 0;
    // A mail that is too long is read to its end and not kept.
    for await (const chunk of stream as AsyncIterable<Buffer>)
      if ((size += chunk.length) <= MAX_BODY) chunks.push(chunk);
    if (size > MAX_BODY) return refusal(552, '5.3.4 the mail is longer than 1 MB');
    try {
      for (const { address } of envelope.rcptTo) await this.mails.take(Buffer.concat(chunks), address);
      return undefined;
    } catch (error) {
      this.logger.warn({ err: error }, `a returned mail was not taken: ${messageOf(error)}`);
      return later();
    }
  }
}

/** An answer of SMTP with an enhanced code (RFC 3463). */
function refusal(responseCode: number, words: string): Error {
  return Object.assign(new Error(words), { responseCode });
}

function later(): Error {
  return refusal(451, '4.3.0 not now, try again later');
}
