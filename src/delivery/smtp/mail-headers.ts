/**
 * Header fields that a DKIM signature must cover: those of RFC 6376, section 5.4.1, and the pair that RFC 8058, section 4 requires
 * before a mail provider offers one-click unsubscribe. In the form that nodemailer takes.
 */
export const DKIM_HEADER_FIELDS = [
  'From',
  'Sender',
  'Reply-To',
  'Subject',
  'Date',
  'Message-ID',
  'In-Reply-To',
  'References',
  'To',
  'MIME-Version',
  'Content-Type',
  'Content-Transfer-Encoding',
  'Content-Language',
  'Auto-Submitted',
  'List-Unsubscribe',
  'List-Unsubscribe-Post',
].join(':');

/** One plain mailbox: no display name, no list, no quoting, nothing that could end a header or a command. */
const BARE_ADDRESS = /^[^\s@<>,;:"()[\]\\\p{Cc}]{1,64}@[^\s@<>,;:"()[\]\\\p{Cc}]{1,253}$/u;

/** True for exactly one bare address. */
export function isBareAddress(address: string): boolean {
  return BARE_ADDRESS.test(address);
}

/** The domain of a sender as configured (`Shop <help@shop.example>` or `help@shop.example`); undefined when it has none. */
export function domainOf(from: string): string | undefined {
  return /@([^\s@<>]+?)>?\s*$/.exec(from)?.[1]?.toLowerCase();
}

/** The Message-ID of a message: the same on every attempt, so that receivers can collapse a copy and bounces map back. */
export function messageIdHeader(messageId: string, domain: string): string {
  return `<${messageId}@${domain}>`;
}

/** Headers that put a mail into the thread of earlier ones (RFC 5322, 3.6.4): an answer to the last, with all of them as references. */
export function threadHeaders(thread: readonly string[] = []): { inReplyTo?: string; references?: string[] } {
  const last = thread.at(-1);
  return last === undefined ? {} : { inReplyTo: last, references: [...thread] };
}

/**
 * The headers that say what kind of mail this is: automatic (RFC 3834, so that responders stay quiet), its language (RFC 3282), and
 * how to leave the list with one POST (RFC 8058; receivers honour it for https only, on plain http it is a link like any other).
 */
export function listHeaders(locale: string, unsubscribeUrl?: string): Record<string, string> {
  const headers = { 'Auto-Submitted': 'auto-generated', 'Content-Language': locale };
  if (unsubscribeUrl === undefined) return headers;
  return {
    ...headers,
    'List-Unsubscribe': `<${new URL(unsubscribeUrl).href}>`,
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  };
}
