import { type ReturnedMail } from './bounce.js';

/** Longest text of a mail that is read, UTF-16 units; what it returns stands behind. */
const LONGEST = 20_000;

/**
 * Takes a raw mail apart. Never throws: what cannot be parsed is an empty mail. Loads the parser with the first: most processes see none.
 * @param raw RFC 5322 message
 */
export async function readMail(raw: Buffer): Promise<ReturnedMail> {
  const { simpleParser } = await import('mailparser');
  const mail = await simpleParser(closed(raw), {
    skipImageLinks: true,
    skipTextLinks: true,
    maxHtmlLengthToParse: 200_000,
  }).catch(() => undefined);
  const part = (type: string) =>
    mail?.attachments.find(({ contentType }) => contentType === type)?.content.toString('utf8');
  const header = mail?.headers.get('auto-submitted');
  return {
    subject: mail?.subject ?? '',
    from: mail?.from?.text ?? '',
    messageId: mail?.messageId ?? '',
    answers: [mail?.inReplyTo ?? '', mail?.references ?? ''].flat().join(' '),
    autoSubmitted: typeof header === 'string' ? header : '',
    text: withoutReturned(`${mail?.text ?? ''}\n${plainOf(mail?.html || '')}`).slice(0, LONGEST),
    deliveryStatus: part('message/delivery-status') ?? inText(raw, 'message/delivery-status'),
    feedbackReport: part('message/feedback-report') ?? inText(raw, 'message/feedback-report'),
  };
}

/** The same mail with what it returns made an attachment, since the parser would mix both texts. */
function closed(raw: Buffer): Buffer {
  const text = raw
    .toString('latin1')
    .replace(/^content-type:[ \t]*message\/rfc822\b/gim, 'Content-Type: application/x-returned');
  return Buffer.from(text, 'latin1');
}

function plainOf(html: string): string {
  return html
    .slice(0, 200_000)
    .replace(/<(?:br|\/p|\/div|\/tr)\b[^>]*>/gi, '\n')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&nbsp;', ' ');
}

/** The text before the mail that is returned: our own words must not be read as the server's. */
function withoutReturned(text: string): string {
  const at = text.search(
    /^-{3,} ?(?:Below this line is a copy|Original message|This is a copy|The original message|Forwarded message|以下是原|原邮件|原始邮件).*$/im,
  );
  return at < 0 ? text : text.slice(0, at);
}

const QUOTE =
  /^(?:>|-{2,} ?original|_{5,}|on .{5,120} wrote:|am .{5,120} schrieb|(?:from|von|发件人|寄件者)[:：]|.{5,120}(?:写道|寫道)[:：]?\s*$)/im;

/** Text that a person wrote above the mail that they answer: our own words must not be read as theirs. */
export function ownWords(text: string): string {
  const at = text.search(QUOTE);
  return (at < 0 ? text : text.slice(0, at)).trim();
}

/** A part that the parser took for something else, such as for text. */
function inText(raw: Buffer, type: string): string | undefined {
  const text = raw.toString('utf8');
  const at = text.search(new RegExp(`^content-type:\\s*${type}`, 'im'));
  if (at < 0) return undefined;
  const body = text.slice(at).replace(/^(?:.+\r?\n)+\r?\n/, '');
  return body.split(/^--/m)[0];
}
