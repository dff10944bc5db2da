import { hash } from 'node:crypto';
import { type Facts, newestKey } from '../grouping/facts.js';
import { type Trust } from '../projects/project-key.js';

/** Hex digits of a mark: 48 bits, a whole number in JavaScript and far more than anybody can guess without knowing the event. */
const DIGITS = 12;

/**
 * Number that two events with the same id share if one is a resend of the other: made of the fault, the customer, the release, and how these are
 * known. Whoever takes an id before the app uses it must know all of that, and has then reported what the app would have. Times and texts
 * are left out, since an app that builds a report anew before it sends it again may write them otherwise. Pure.
 */
export function markOf(facts: Pick<Facts, 'grouped' | 'identities' | 'release'>, trust: Trust = 'claimed'): number {
  const people = facts.identities.map(({ kind, value }) => [kind, value]);
  const told = JSON.stringify([newestKey(facts).key, people, facts.release ?? null, trust]);
  return Number.parseInt(hash('sha256', told).slice(0, DIGITS), 16);
}

/** The id under which an event counts whose own id another event had taken: 32 hex digits, the same for each resend. */
export function idBeside(eventId: string, mark: number): string {
  return hash('sha256', `${eventId} ${mark}`).slice(0, 32);
}
