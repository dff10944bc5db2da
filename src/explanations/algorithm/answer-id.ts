import { hash, timingSafeEqual } from 'node:crypto';

/** Days for which an answer can be reported on. Chosen by judgement, not measured: a conversation that ends later is about something else. */
export const ANSWER_DAYS = 7;
const DAY_MS = 86_400_000;
/** Characters in base64url of the proof that we made an id: the first 132 bits are beyond guessing. */
const MAC_LENGTH = 22;

/** Content of an answer's id: which incident was explained to whom, and when. */
interface AnswerRef {
  readonly incidentId: number;
  /** Customer that was named, null where none was. */
  readonly customerId: number | null;
  /** Question in the customer's own words that it answered, null for a list. */
  readonly questionId: number | null;
  /** Days since 1970. */
  readonly day: number;
  /** Text that tells answers to nobody in particular apart; empty for a known customer, whose answers of a day are one. */
  readonly nonce: string;
}

/** Counts the days since 1970, in UTC. */
export function dayOf(now: Date): number {
  return Math.floor(now.getTime() / DAY_MS);
}

/** Writes an id that nobody without the key can make. */
export function writeAnswerId({ incidentId, customerId, questionId, day, nonce }: AnswerRef, key: Buffer): string {
  const numbers = [incidentId, customerId ?? 0, questionId ?? 0, day].map((value) => value.toString(36));
  const content = `${numbers.join('.')}.${nonce}`;
  return `${content}.${macOf(content, key)}`;
}

/** Reads an id; `unknown` for one that we did not make, `old` for one of more than `ANSWER_DAYS` ago. */
export function readAnswerId(id: string, key: Buffer, now: Date): AnswerRef | 'unknown' | 'old' {
  const end = id.lastIndexOf('.');
  const content = id.slice(0, Math.max(0, end));
  const mac = Buffer.from(id.slice(end + 1));
  if (mac.length !== MAC_LENGTH || !timingSafeEqual(mac, Buffer.from(macOf(content, key)))) return 'unknown';
  const [incidentId = 0, customerId = 0, questionId = 0, day = 0] = content
    .split('.', 4)
    .map((part) => Number.parseInt(part, 36));
  if (dayOf(now) - day > ANSWER_DAYS) return 'old';
  const nonce = content.split('.')[4] ?? '';
  return { incidentId, customerId: customerId || null, questionId: questionId || null, day, nonce };
}

/** Block of SHA-256, bytes (RFC 2104). */
const BLOCK = 64;
/** Padded keys, inner and outer; of the few keys in use. */
const padded = new WeakMap<Buffer, readonly [Buffer, Buffer]>();

/**
 * HMAC with SHA-256 (RFC 2104) in two calls of `hash`. `createHmac` would make an object that the garbage collector visits by itself: twenty of them
 * in each answer doubled its pauses (bench:bot, 2026-11-29).
 */
function macOf(content: string, key: Buffer): string {
  const pads = padded.get(key) ?? ([padOf(key, 0x36), padOf(key, 0x5c)] as const);
  padded.set(key, pads);
  const inner = hash('sha256', Buffer.concat([pads[0], Buffer.from(content)]), 'buffer');
  return hash('sha256', Buffer.concat([pads[1], inner]), 'base64url').slice(0, MAC_LENGTH);
}

function padOf(key: Buffer, filler: number): Buffer {
  const short = key.length > BLOCK ? hash('sha256', key, 'buffer') : key;
  return Buffer.from(Uint8Array.from({ length: BLOCK }, (_, at) => (short[at] ?? 0) ^ filler));
}
