import { createHash } from 'node:crypto';
import { type MatchAnswer } from '../../src/explanations/matcher.js';
import { Chance } from '../detection-world.js';

/** Question of a data set; label null where no entry fits. */
export interface Query {
  readonly id: string | number;
  readonly text: string;
  readonly label: string | null;
}

/** Answer to a question; a question has several where its candidates were drawn several times. */
export interface Row extends Query {
  readonly best: string | null;
  readonly score: number;
  readonly match: MatchAnswer['match'];
}

/** Times that the questions are drawn anew for an interval. */
const RESAMPLED = 500;

/** Shares of the rows; null where there are none to have a share of. */
export function score(rows: readonly Row[]) {
  const inside = rows.filter(({ label }) => label !== null);
  const outside = rows.filter(({ label }) => label === null);
  return {
    top1: share((row) => row.best === row.label, inside),
    right: share((row) => row.best === row.label && row.match !== 'none', inside),
    confident: share((row) => row.best === row.label && row.match === 'confident', inside),
    falseAlarms: share((row) => row.match !== 'none', outside),
    rightAt5: rightAt5(inside, outside),
  };
}

/** The middle 95 % of `rightAt5` when questions, with all their rows, are drawn anew (bootstrap, one seed); null where no question is without an entry. */
export function intervalOf(rows: readonly Row[]): readonly [number, number] | null {
  const chance = new Chance(20);
  const inside = byQuestion(rows.filter(({ label }) => label !== null));
  const outside = byQuestion(rows.filter(({ label }) => label === null));
  if (outside.length === 0) return null;
  const again = (of: Row[][]) => of.flatMap(() => of[chance.whole(0, of.length - 1)]!);
  const drawn = Array.from({ length: RESAMPLED }, () => rightAt5(again(inside), again(outside)) ?? 0).toSorted(
    (one, other) => one - other,
  );
  return [drawn[Math.floor(0.025 * RESAMPLED)]!, drawn[Math.floor(0.975 * RESAMPLED)]!];
}

/** The third of the questions that was kept out of sight while constants were chosen. */
export function outOfSight({ id }: Query): boolean {
  return hashOf(String(id)) % 3 === 0;
}

/** 32 bits of a hash. */
export function hashOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0);
}

/** Share of some rows, four digits; null of none. */
export function share(counts: (row: Row) => boolean, of: readonly Row[]): number | null {
  return of.length === 0 ? null : Number((of.filter(counts).length / of.length).toFixed(4));
}

function byQuestion(rows: readonly Row[]): Row[][] {
  const groups = new Map<Row['id'], Row[]>();
  for (const row of rows) groups.set(row.id, [...(groups.get(row.id) ?? []), row]);
  return [...groups.values()];
}

function rightAt5(inside: readonly Row[], outside: readonly Row[]): number | null {
  if (outside.length === 0) return null;
  const scores = Float64Array.from(outside, (row) => row.score).toSorted();
  const threshold = scores[scores.length - 1 - Math.floor(0.05 * scores.length)] ?? 0;
  return share((row) => row.best === row.label && row.score > threshold, inside);
}
