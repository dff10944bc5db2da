import { type MatchedBy } from '../contact.js';
import { likenessOf, piecesOf } from './likeness.js';

/**
 * Likeness from which on words alone lead to an incident. By judgement, not measured: whoever is known is found by what hit them, so words decide
 * for strangers only, and a wrong incident would hide a fault that telemetry does not see.
 */
export const SAME_WORDS = 0.5;

/** An incident that a contact may be about. */
export interface Candidate {
  readonly incidentId: number;
  readonly isOpen: boolean;
  readonly startedAt: Date;
  /** Relation to the customer: hit by it, perhaps concerned, or none. */
  readonly concern: 'hit' | 'atRisk' | 'none';
  /** Texts about it: explanations, and what others who were hit said. */
  readonly texts: readonly string[];
}

/** The incident that a contact is about, and why we think so. */
export interface Attribution {
  readonly incidentId: number;
  readonly matchedBy: MatchedBy;
  readonly score: number;
}

/**
 * Finds the incident that a contact is about: one that hit this customer, open ones first; else one that may concern them and is open; else one
 * that is open and whose texts are alike. Within a step words decide, then the latest start. Undefined where nothing fits.
 */
export function attribute(text: string, candidates: readonly Candidate[]): Attribution | undefined {
  const own = piecesOf(text);
  const scored = candidates.map((one) => ({
    ...one,
    score: Math.max(0, ...one.texts.map((other) => likenessOf(own, piecesOf(other)))),
  }));
  const best = (group: typeof scored) =>
    group.toSorted((a, b) => b.score - a.score || b.startedAt.getTime() - a.startedAt.getTime())[0];
  const hit = scored.filter(({ concern }) => concern === 'hit');
  const steps: readonly [MatchedBy, typeof scored][] = [
    ['hit', hit.filter(({ isOpen }) => isOpen)],
    ['hit', hit],
    ['atRisk', scored.filter(({ concern, isOpen }) => concern === 'atRisk' && isOpen)],
    ['words', scored.filter(({ isOpen, score }) => isOpen && score >= SAME_WORDS)],
  ];
  for (const [matchedBy, group] of steps) {
    const found = best(group);
    if (found) return { incidentId: found.incidentId, matchedBy, score: Number(found.score.toFixed(3)) };
  }
  return undefined;
}

/** A contact of before, as far as it is compared. */
interface Before {
  readonly incidentId: number | null;
  readonly text: string;
  readonly at: Date;
}

/** Time within which unmatched contacts in the same words are about the same thing; by judgement, not measured. */
const SAME_THING_MS = 14 * 86_400_000;

/** Picks the customer's earlier contacts about the same thing: the same incident, or where there is none the same words within two weeks. */
export function earlierAbout<T extends Before>(contact: Before, others: readonly T[]): T[] {
  const before = others.filter(({ at }) => at <= contact.at);
  if (contact.incidentId !== null) return before.filter(({ incidentId }) => incidentId === contact.incidentId);
  const own = piecesOf(contact.text);
  return before.filter(
    ({ incidentId, text, at }) =>
      incidentId === null &&
      contact.at.getTime() - at.getTime() <= SAME_THING_MS &&
      likenessOf(own, piecesOf(text)) >= SAME_WORDS,
  );
}
