import { createHash } from 'node:crypto';

/**
 * How much a campaign may have grown since somebody looked at it and still be what they approved: a tenth, and at least five customers. A
 * judgement, not a measurement: while a person reads the texts of a wave it grows by some. Half of it would have people look again at a
 * wave of 100 that grew by six; double would send a fifth unseen. Five is `detection.newFault.customers`, the least that is a fault at all.
 */
const LITTLE = { share: 0.1, customers: 5 };

/** Names a preview by its number of customers and a digest of its texts. Opaque to clients. */
export function previewVersion(waiting: number, texts: readonly unknown[]): string {
  const digest = createHash('sha256').update(JSON.stringify(texts)).digest('base64url').slice(0, 16);
  return `${waiting}.${digest}`;
}

/** Difference between a preview that somebody saw and the present one. */
export type VersionVerdict =
  | { readonly kind: 'same' }
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'changed' }
  | { readonly kind: 'grown'; readonly seen: number; readonly now: number };

/** Compares the version that a person looked at with the present one. Fewer customers than they saw are no reason to ask again. */
export function judgeVersion(seen: string, present: string): VersionVerdict {
  const [then, now] = [partsOf(seen), partsOf(present)];
  if (!then || !now) return { kind: 'unreadable' };
  if (then.digest !== now.digest) return { kind: 'changed' };
  const most = then.waiting + Math.max(LITTLE.customers, Math.floor(then.waiting * LITTLE.share));
  return now.waiting > most ? { kind: 'grown', seen: then.waiting, now: now.waiting } : { kind: 'same' };
}

function partsOf(version: string): { waiting: number; digest: string } | undefined {
  const [, waiting, digest] = /^(\d{1,9})\.([\w-]{16})$/.exec(version) ?? [];
  return waiting === undefined || digest === undefined ? undefined : { waiting: Number(waiting), digest };
}
