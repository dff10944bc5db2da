import { createHmac, timingSafeEqual } from 'node:crypto';
import { type EventUser } from './event.js';

/** The tag, or key of `user` and of `user.data`, in which an app sends the signature of the user's id. */
export const SIGNATURE_KEY = 'forewarnSignature';
/** UTF-16 units of a signature that are read; hex of SHA-256 has 64. */
export const MAX_SIGNATURE = 128;
const HEX = /^[0-9a-f]{64}$/i;

/** An id with what shall prove that the app's own servers gave it out. */
export interface SignedId {
  readonly id: string;
  readonly signature: string;
}

/** Finds the id and signature of a user to check; undefined where there is nothing to check. */
export function signedIdOf(user: EventUser | undefined): SignedId | undefined {
  return user?.id && user.signature ? { id: user.id, signature: user.signature } : undefined;
}

/** The signature of an id: hex of HMAC-SHA256 (RFC 2104) over its UTF-8 bytes; the secret counts as the text that it is. */
export function signatureOf(id: string, secret: string): string {
  return createHmac('sha256', secret).update(id).digest('hex');
}

/** Whether one of these secrets signed the id; takes the same time whatever is wrong with the signature. */
export function isSigned({ id, signature }: SignedId, secrets: readonly string[]): boolean {
  if (!HEX.test(signature)) return false;
  const given = Buffer.from(signature, 'hex');
  return secrets.some((secret) => timingSafeEqual(given, createHmac('sha256', secret).update(id).digest()));
}
