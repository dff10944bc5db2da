import { Injectable } from '@nestjs/common';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { Receipts } from '../receipts/receipts.service.js';
import { ReturnAddresses } from '../dispatch/return-addresses.service.js';
import { Replies } from '../replies/replies.service.js';
import { WishReader } from '../replies/wish-reader.service.js';
import { bounceRule, readReturned, type Returned, type ReturnedMail } from './bounce.js';
import { ownWords, readMail } from './returned-mail.js';
import { findMessageIds, findVerp } from './verp.js';

/** Kinds of mail that comes in; `other` changes nothing. */
export const RETURNED_KINDS = ['failed', 'delivered', 'delayed', 'complaint', 'reply', 'other'] as const;

/** Kind as which a mail that came in was taken. */
export interface TakenMail {
  readonly kind: (typeof RETURNED_KINDS)[number];
  /** Enhanced status code (RFC 3463), where the mail has one or its words mean one. */
  readonly status: string | null;
  /** The message of ours that came back or is answered; null where none is named. */
  readonly message: string | null;
}

/** Takes mails that come in, bounces, complaints and answers, on whatever way they come. A mail that comes twice counts once. */
@Injectable()
export class ReturnedMails {
  constructor(
    private readonly receipts: Receipts,
    private readonly replies: Replies,
    private readonly wishes: WishReader,
    private readonly addresses: ReturnAddresses,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Takes one mail. It counts only with the bounce address or the Message-ID of one of our messages, which nobody but its recipient can know.
   * @param raw RFC 5322 message
   * @param recipient address of the envelope, where it is known
   */
  async take(raw: Buffer, recipient = ''): Promise<TakenMail> {
    const text = raw.toString('latin1');
    const mail = await readMail(raw);
    const returned = readReturned(mail);
    if (returned.kind === 'other') {
      const answered = await this.takeAnswer(mail);
      return { kind: answered ? 'reply' : 'other', status: null, message: answered ?? null };
    }
    const secret = await this.addresses.bounceSecret();
    const named = findVerp(recipient, secret) ?? findVerp(text, secret);
    const message = await this.takeReport(named ? [named] : findMessageIds(text), returned);
    return { kind: returned.kind, status: 'status' in returned ? returned.status : null, message: message ?? null };
  }

  /** Takes the answer of a person to a message of ours; returns that message. Answers of machines are none. */
  private async takeAnswer(mail: ReturnedMail): Promise<string | undefined> {
    if (mail.autoSubmitted !== '' && !/^no\b/i.test(mail.autoSubmitted)) return undefined;
    const text = ownWords(mail.text);
    if (text === '') return undefined;
    const now = this.clock.now();
    const messageIds = findMessageIds(mail.answers);
    if (messageIds.length === 0) return undefined;
    const wish = await this.wishes.read(text);
    for (const messageId of messageIds) {
      const answer = { messageId, mailId: mail.messageId, text, wish };
      if (await this.database.transaction((tx) => this.replies.takeMail(tx, answer, now))) return messageId;
    }
    return undefined;
  }

  /** Takes it for the first of these that is a message of ours; servers give their own mails ids of the same form. */
  private async takeReport(
    ids: readonly string[],
    returned: Exclude<Returned, { kind: 'other' }>,
  ): Promise<string | undefined> {
    const now = this.clock.now();
    const { reason, ...consequence } = returned.kind === 'failed' ? bounceRule(returned.status) : { reason: undefined };
    const code = 'status' in returned ? returned.status : undefined;
    for (const messageId of ids) {
      const receipt = { messageId, source: 'bounce', kind: returned.kind, reason, code };
      const taken = await this.database.transaction((tx) =>
        this.receipts.take(tx, receipt, now, 'suppress' in consequence ? consequence : undefined),
      );
      if (taken) return messageId;
    }
    return undefined;
  }
}
