/** PostgreSQL error codes that the code reacts to (PostgreSQL manual, appendix A); classes FW and up are free for applications. */
export const PG_ERROR = {
  uniqueViolation: '23505',
  foreignKeyViolation: '23503',
  deadlockDetected: '40P01',
  undefinedDatabase: '3D000',
  invalidPassword: '28P01',
  invalidAuthorization: '28000',
  /** A statement ran longer than `statement_timeout`, or somebody cancelled it. */
  queryCanceled: '57014',
  /** A statement waited longer than `lock_timeout` for a lock. */
  lockNotAvailable: '55P03',
  /** A statement wrote more temporary files than `temp_file_limit`. */
  configurationLimitExceeded: '53400',
  /** Ours, raised by the function `require_unchanged`: what this process remembered no longer holds. */
  stale: 'FW001',
} as const;

/** The SQLSTATE of a driver error, undefined for anything else. Every SQLSTATE holds a digit, unlike system errors such as EPIPE. */
export function pgCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** True where the fault lies in the server, in its load or in the way to it, so that the same call may work later. */
export function isDatabaseAway(error: unknown): boolean {
  const code = pgCode(error);
  if (code !== undefined) return /^(08|57|53)/.test(code) || code === PG_ERROR.lockNotAvailable;
  const message = error instanceof Error ? error.message : '';
  const errno = (error as { code?: string } | undefined)?.code ?? '';
  return (
    /^E(CONN|PIPE|NOENT|TIMEDOUT|HOST|NET|AI_)/.test(errno) ||
    /Connection terminated|timeout exceeded when trying to connect|not queryable/.test(message)
  );
}
