const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/**
 * Milliseconds of a duration as Prometheus writes it: `90s`, `10m`, `1h30m`.
 * @returns undefined when the text is not such a duration.
 */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(ms|[smhdw]))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|[smhdw])/g))
    total += Number(amount) * (UNITS[unit ?? ''] ?? 0);
  return total;
}

/** A duration in words for people: `10 min`, `2 h 5 min`, `3 d`. Whole units, at most two, rounded down. */
export function describeDuration(ms: number): string {
  const parts: string[] = [];
  let rest = Math.max(0, ms);
  for (const [name, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
  ] as const) {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    if (amount > 0 && parts.length < 2) parts.push(`${amount} ${name}`);
  }
  return parts.length > 0 ? parts.join(' ') : '0 s';
}
