/** Longest wait between two attempts, seconds: an endpoint that is mended is told within the hour. */
const LONGEST_WAIT_S = 3600;
const FIRST_WAIT_S = 15;

/** Seconds to wait after so many attempts that failed: 15 s, doubled each time, an hour at most. */
export function waitAfter(attempts: number): number {
  return Math.min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** Math.min(20, Math.max(0, attempts - 1)));
}
