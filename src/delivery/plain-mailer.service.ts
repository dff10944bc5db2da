import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { createTransport, type Transporter } from 'nodemailer';
import { Settings } from '../platform/config/settings.js';
import { domainOf } from './smtp/mail-headers.js';
import { parseSmtpUrl } from './smtp/smtp-url.js';

/** Limits of one attempt, milliseconds: nobody waits for a mail to the team. */
const CONNECT_MS = 10_000;
const SOCKET_MS = 20_000;

/** A mail to people of the team, never to a customer. */
export interface PlainMail {
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
  /** Pictures that the HTML shows as `cid:…`. */
  readonly images?: readonly { readonly cid: string; readonly png: Buffer }[];
  /** The same on every attempt, so that mailboxes know a repeated one; letters, digits and hyphens. */
  readonly id: string;
}

/** Mails the team through `SMTP_URL`. What goes to customers has a gateway of its own, with its rules and books. */
@Injectable()
export class PlainMailer implements OnModuleDestroy {
  private readonly mailer: Transporter | undefined;
  private readonly from: string;

  constructor({ smtp }: Settings) {
    this.from = smtp?.from ?? '';
    this.mailer =
      smtp &&
      createTransport({
        ...parseSmtpUrl(smtp.url),
        connectionTimeout: CONNECT_MS,
        greetingTimeout: CONNECT_MS,
        socketTimeout: SOCKET_MS,
        disableFileAccess: true,
        disableUrlAccess: true,
      });
  }

  /** Sends a mail; returns undefined once the server has taken it, else a short code without any of its words. */
  async send({ to, subject, text, html, id, images = [] }: PlainMail): Promise<string | undefined> {
    if (!this.mailer) return 'no smtp';
    try {
      await this.mailer.sendMail({
        ...{ from: this.from, to: [...to], subject, text, html },
        attachments: images.map(({ cid, png }, at) => ({
          ...{ cid, content: png, filename: `picture-${at + 1}.png`, contentType: 'image/png' },
          contentDisposition: 'inline' as const,
        })),
        messageId: `<${id}@${domainOf(this.from) ?? 'localhost'}>`,
        headers: { 'Auto-Submitted': 'auto-generated' },
      });
      return undefined;
    } catch (error) {
      const { code, responseCode } = error as { code?: string; responseCode?: number };
      return responseCode === undefined ? (code ?? 'error').slice(0, 40) : `smtp ${responseCode}`;
    }
  }

  /** Ends its connections. */
  onModuleDestroy(): void {
    this.mailer?.close();
  }
}
