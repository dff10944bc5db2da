import { createHmac, timingSafeEqual } from 'node:crypto';

/** Days for which an answer can be reported on. Chosen by judgement, not measured: a conversation that ends later is about something else. */
export const ANSWER_DAYS = 7;
const DAY_MS = 86_400_000;
/** Bytes of the proof that we made an id: 128 bits are beyond guessing. */
const MAC_BYTES = 16;

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
  return `${content}.${macOf(content, key).toString('base64url')}`;
}

/** Reads an id; `unknown` for one that we did not make, `old` for one of more than `ANSWER_DAYS` ago. */
export function readAnswerId(id: string, key: Buffer, now: Date): AnswerRef | 'unknown' | 'old' {
  const end = id.lastIndexOf('.');
  const content = id.slice(0, Math.max(0, end));
  const mac = Buffer.from(id.slice(end + 1), 'base64url');
  if (mac.length !== MAC_BYTES || !timingSafeEqual(mac, macOf(content, key))) return 'unknown';
  const [incidentId = 0, customerId = 0, questionId = 0, day = 0] = content
    .split('.', 4)
    .map((part) => Number.parseInt(part, 36));
  if (dayOf(now) - day > ANSWER_DAYS) return 'old';
  const nonce = content.split('.')[4] ?? '';
  return { incidentId, customerId: customerId || null, questionId: questionId || null, day, nonce };
}

function macOf(content: string, key: Buffer): Buffer {
  return createHmac('sha256', key).update(content).digest().subarray(0, MAC_BYTES);
}
