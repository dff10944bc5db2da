/**
 * How an input can end; each ends in exactly one. The first group is for single items (events and what else an
 * envelope holds), the second for requests that were refused as a whole. The word is the metric label, too.
 */
export const OUTCOMES = [
  'accepted',
  'duplicate',
  'ignored',
  'used',
  'discarded',
  'invalid',
  'unauthorized',
  'malformed',
  'too_large',
  'unsupported',
  'limited',
  'unavailable',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Outcome of one accepted event by digest. */
export type DigestOutcome = Extract<Outcome, 'accepted' | 'duplicate' | 'ignored' | 'invalid'>;
