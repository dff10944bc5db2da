import { upperUnlikeliness } from '../../detection/algorithm/tail.v1.js';
import { likenessOf, piecesOf, type Pieces } from './likeness.js';

const HOUR_MS = 3_600_000;
/** Time in which contacts count together. By judgement, not measured, like all numbers of this file: people make contact within an hour or so. */
export const WINDOW_MS = 2 * HOUR_MS;
/** Time from which the base rate is learnt. */
export const HISTORY_MS = 14 * 24 * HOUR_MS;
/** Likeness of words from which on two contacts are about the same. */
const ALIKE = 0.4;
/** Distinct customers who must say alike. */
const LEAST = 3;
/** Odds (-log10) that so many say alike by chance; a day has twelve windows and some tens of clusters, so 1e-4 is a false call in some weeks. */
const UNLIKELY = 4;
/** Spread of counts beyond chance: size of a negative binomial, variance = mean + mean² / size. */
const SIZE = 2;
/** Longest quotation, characters. */
const QUOTED = 120;

/** An unmatched contact. */
export interface UnmatchedContact {
  readonly id: number;
  /** Who said so: the customer, or for strangers the contact itself. */
  readonly who: string;
  readonly channel: string;
  readonly text: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** Contacts in the same words that no chance explains. */
export interface ContactFault {
  /** Contacts, oldest first. */
  readonly ids: readonly number[];
  readonly since: number;
  readonly customers: number;
  /** Customers expected to say alike in the window, by the contacts of before on the same channels and at the same hour. */
  readonly expected: number;
  readonly unlikeliness: number;
  /** The words that are most like all others. */
  readonly quote: string;
  readonly words: string;
}

interface Cut extends UnmatchedContact {
  readonly pieces: Pieces;
}

/**
 * Finds faults that telemetry does not see: unmatched contacts of the last two hours, put together by likeness of words (single link over character
 * n-grams), that come from more customers than the base rate explains. The base rate of a cluster is how often its channels brought the same words in
 * the two weeks before, by the share of contacts that fall into these hours of the day.
 */
export function findContactFaults(
  recent: readonly UnmatchedContact[],
  before: readonly UnmatchedContact[],
  now: number,
): ContactFault[] {
  const cut = recent.map((one) => ({ ...one, pieces: piecesOf(one.text) })).filter(({ pieces }) => pieces.length > 0);
  const history = before.map((one) => ({ ...one, pieces: piecesOf(one.text) }));
  return clustersOf(cut).flatMap((cluster) => {
    const customers = new Set(cluster.map(({ who }) => who)).size;
    if (customers < LEAST) return [];
    const centre = centreOf(cluster);
    const expected = expectedOf(cluster, centre, history, now);
    const unlikeliness = upperUnlikeliness(customers, expected, SIZE);
    if (unlikeliness < UNLIKELY) return [];
    const inOrder = cluster.toSorted((a, b) => a.at - b.at || a.id - b.id);
    const since = inOrder[0]?.at ?? now;
    const quote = shorten(centre.text);
    const minutes = Math.max(1, Math.ceil((now - since) / 60_000));
    return [
      {
        ids: inOrder.map(({ id }) => id),
        ...{ since, customers, unlikeliness, quote },
        expected: Number(expected.toFixed(3)),
        words: `${customers} customers say alike within ${minutes} min, and no incident fits: “${quote}”`,
      },
    ];
  });
}

/** Puts contacts together that are alike, or alike to one that is. */
function clustersOf(contacts: readonly Cut[]): Cut[][] {
  const group = contacts.map((_, at) => at);
  const rootOf = (at: number): number => {
    let root = at;
    while (group[root] !== root) root = group[root] ?? root;
    return root;
  };
  for (const [at, one] of contacts.entries())
    for (let other = 0; other < at; other++) {
      const near = contacts[other];
      if (near && rootOf(at) !== rootOf(other) && likenessOf(one.pieces, near.pieces) >= ALIKE)
        group[rootOf(at)] = rootOf(other);
    }
  const clusters = new Map<number, Cut[]>();
  for (const [at, one] of contacts.entries()) clusters.set(rootOf(at), [...(clusters.get(rootOf(at)) ?? []), one]);
  return [...clusters.values()];
}

function centreOf(cluster: readonly Cut[]): Cut {
  const [first] = cluster;
  if (!first) throw new Error('a cluster without contacts');
  let best = { one: first, sum: -1 };
  for (const one of cluster) {
    const sum = cluster.reduce((total, other) => total + likenessOf(one.pieces, other.pieces), 0);
    if (sum > best.sum) best = { one, sum };
  }
  return best.one;
}

function expectedOf(cluster: readonly Cut[], centre: Cut, history: readonly Cut[], now: number): number {
  const channels = new Set(cluster.map(({ channel }) => channel));
  const same = history.filter(({ channel }) => channels.has(channel));
  const alike = same.filter(({ pieces }) => likenessOf(pieces, centre.pieces) >= ALIKE).length;
  const hours = new Set([hourOf(now), hourOf(now - HOUR_MS)]);
  const inHours = same.filter(({ at }) => hours.has(hourOf(at))).length;
  // With few contacts the hours count as equal: one contact of each hour is thought beside those that came.
  const share = (inHours + hours.size) / (same.length + 24);
  const days = HISTORY_MS / (24 * HOUR_MS);
  return ((alike + 0.5) / days) * share;
}

function hourOf(at: number): number {
  return Math.floor(at / HOUR_MS) % 24;
}

function shorten(text: string): string {
  const plain = text.replaceAll(/\s+/g, ' ').trim();
  const letters = Array.from(plain);
  return letters.length <= QUOTED ? plain : `${letters.slice(0, QUOTED - 1).join('')}…`;
}
