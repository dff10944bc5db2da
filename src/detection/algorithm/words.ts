import type { CountUnit, Verdict } from '../detection.js';

/** Clock time of an instant in UTC, as `10:02`. */
export function clockTime(at: number): string {
  const minutes = Math.floor(at / 60_000) % 1440;
  return `${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
}

/** Writes a length of time for people: `40 s`, `6 min`, `3 h`, `2 d`; rounded up, never zero. */
export function span(ms: number): string {
  if (ms < 60_000) return `${Math.max(1, Math.ceil(ms / 1000))} s`;
  const minutes = Math.ceil(ms / 60_000);
  if (minutes < 100) return `${minutes} min`;
  return minutes < 2880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} d`;
}

/** Writes a count, which may be a fraction, in short: `0`, `0.04`, `1.3`, `250`. */
export function count(value: number): string {
  if (value >= 20 || Number.isInteger(value)) return String(Math.round(value));
  return value >= 1 ? value.toFixed(1) : String(Number(value.toPrecision(1)));
}

/** Writes a probability from its -log10, as a true upper bound: `p < 1e-12`, or `p = 0.02` if it is not small. */
export function probability(unlikeliness: number): string {
  if (unlikeliness < 3) return `p = ${Number((10 ** -unlikeliness).toPrecision(1))}`;
  return `p < 1e-${Math.floor(unlikeliness)}`;
}

/** Writes the evidence of a verdict in one line: `42 customers in 6 min, expected 1.3 (p < 1e-12), since 10:02 UTC`. */
export function evidence(verdict: Omit<Verdict, 'words'>): string {
  const seen = `${count(verdict.seen)} ${unitFor(verdict.unit, verdict.seen)} in ${span(verdict.windowMs)}`;
  const odds = probability(verdict.unlikeliness);
  return `${seen}, expected ${count(verdict.expected)} (${odds}), since ${clockTime(verdict.since)} UTC`;
}

function unitFor(unit: CountUnit, seen: number): string {
  return seen === 1 ? unit.replace(/s$/, '') : unit;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
