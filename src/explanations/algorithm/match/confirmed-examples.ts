import { readText } from './text.js';

/** Outcome of one answer: a customer's words, and whether the incident was what they meant. */
export interface Confirmation {
  readonly text: string;
  /** Who said it; null for an unknown asker, whose word counts for nobody's. */
  readonly customerId: string | null;
  readonly helped: boolean;
}

/** Customers who must have meant the incident by words alike. */
const NEEDED = 2;
/** Examples kept for an incident: more say the same again. */
const MOST = 20;
/** Share of their character pieces that two texts have in common from which they are alike (Dice's coefficient). */
const ALIKE = 0.4;
/** Code units of an example; a longer text tells a story of which the incident is a part. */
const LONGEST = 300;

/**
 * Texts that may stand as examples of an incident, never by one person's word alone: a text counts once two customers have meant the
 * incident by words alike, and more than said that it was not that. One text a customer, so that nobody speaks louder by speaking often.
 * @param confirmations of one incident, the oldest first
 * @returns the newest at most 20, the oldest first
 */
export function examplesFrom(confirmations: readonly Confirmation[]): string[] {
  const known = confirmations
    .filter(({ customerId, text }) => customerId !== null && text.length <= LONGEST)
    .map((one) => ({ ...one, grams: new Set(readText(one.text, undefined).grams) }))
    .filter(({ grams }) => grams.size > 0);
  const examples = new Map<string | null, string>();
  for (const one of known.filter(({ helped }) => helped)) {
    const like = known.filter((other) => alike(one.grams, other.grams) >= ALIKE);
    const agree = customersOf(like.filter(({ helped }) => helped));
    const object = customersOf(like.filter(({ helped }) => !helped));
    if (agree.size < NEEDED || agree.size <= object.size) continue;
    examples.delete(one.customerId);
    examples.set(one.customerId, one.text);
  }
  return [...new Set(examples.values())].slice(-MOST);
}

function customersOf(confirmations: readonly Confirmation[]): Set<string | null> {
  return new Set(confirmations.map(({ customerId }) => customerId));
}

function alike(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  let common = 0;
  for (const gram of one) if (other.has(gram)) common += 1;
  return (2 * common) / (one.size + other.size);
}
