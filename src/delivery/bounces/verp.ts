import { createHmac, timingSafeEqual } from 'node:crypto';

/** Hex digits of the code: 64 bits, so that nobody finds one by trying. A local part may have 64 characters (RFC 5321, 4.5.3.1.1). */
const CODE_DIGITS = 16;
const OWN_ID = /<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@[^\s<>]+>/gi;
const VERP = /\b[a-z0-9._-]+\+([0-9a-f]{32})\.([0-9a-f]{16})@/gi;

/**
 * Address to which bounces of one message go: `bounces+ID.CODE@domain` for `bounces@domain`. The code proves that the address is ours.
 * @param base one bare address
 */
export function verpAddress(base: string, messageId: string, secret: string): string {
  const at = base.lastIndexOf('@');
  const id = messageId.replaceAll('-', '').toLowerCase();
  return `${base.slice(0, at)}+${id}.${codeOf(id, secret)}${base.slice(at)}`;
}

/** The message whose bounce address stands anywhere in a text with the right code; undefined when there is none. */
export function findVerp(text: string, secret: string): string | undefined {
  for (const [, id = '', code = ''] of text.matchAll(VERP)) {
    const right = Buffer.from(codeOf(id.toLowerCase(), secret));
    if (timingSafeEqual(right, Buffer.from(code.toLowerCase()))) return dashed(id.toLowerCase());
  }
  return undefined;
}

/** Ids in a text that look like those of our `Message-ID`s, ten at most; such an id is as hard to guess as a code. */
export function findMessageIds(text: string): string[] {
  const ids = [...text.matchAll(OWN_ID)].map(([, id = '']) => id.toLowerCase());
  return [...new Set(ids)].slice(0, 10);
}

function codeOf(id: string, secret: string): string {
  return createHmac('sha256', secret).update(`bounce ${id}`).digest('hex').slice(0, CODE_DIGITS);
}

function dashed(id: string): string {
  return [id.slice(0, 8), id.slice(8, 12), id.slice(12, 16), id.slice(16, 20), id.slice(20)].join('-');
}
