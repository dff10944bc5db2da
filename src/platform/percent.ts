/** Writes a share, 0 to 1 or more, as percent with two digits, all digits from 100 on: `0.034` as `3.4 %`, `1.234` as `123 %`. */
export function percent(share: number): string {
  const value = share * 100;
  return `${value >= 10 ? Math.round(value) : Number(value.toPrecision(2))} %`;
}
