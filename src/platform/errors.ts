/** A client's mistake as RFC 9457 problem details: what, where and what to do. Anything else that is thrown is a fault of ours. */
export class Problem extends Error {
  /** Extension members of the answer (RFC 9457, section 3.2). */
  readonly members: Readonly<Record<string, unknown>> = {};

  constructor(
    /** HTTP status, 4xx or 503. */
    readonly status: number,
    /** Stable machine word, for example `not-found`; the last part of the problem's `type`. */
    readonly code: string,
    /** One sentence for people. */
    detail: string,
    /** Each single thing that is wrong, where there are several. */
    readonly errors: readonly FieldError[] = [],
  ) {
    super(detail);
  }
}

/** One wrong field of a request: `path` is dotted, `detail` says what is wrong and what is allowed. */
export interface FieldError {
  readonly path: string;
  readonly detail: string;
}

/** A reason not to start, in one line that an operator can act on. Leads to exit code 1 without a stack trace. */
export class StartError extends Error {}

/** The answer for something that is not there. */
export function notFound(what: string, id: string): Problem {
  return new Problem(404, 'not-found', `There is no ${what} ${id}.`);
}

/** Makes a `switch` over a closed set exhaustive: the compiler refuses a missing case, and so does run time. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value ${JSON.stringify(value)}`);
}

/** The facts that PostgreSQL gives about a failed statement, without its texts, which quote the row. */
interface ServerFault {
  readonly code: string;
  readonly table?: string;
  readonly constraint?: string;
}

/** The server's error that this is, undefined for any other. Every SQLSTATE holds a digit, unlike system errors such as EPIPE. */
export function serverFaultOf(error: unknown): ServerFault | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('severity' in error)) return undefined;
  const { code, table, constraint } = error as Error & Partial<ServerFault>;
  return typeof code === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(code) ? { code, table, constraint } : undefined;
}

/** The message of whatever was thrown; of an error of the database only its code, table and constraint, since the rest may quote a person's data. */
export function messageOf(error: unknown): string {
  const fault = serverFaultOf(error);
  if (fault) return `PostgreSQL ${[fault.code, fault.table, fault.constraint].filter(Boolean).join(' ')}`;
  return error instanceof Error ? error.message : String(error);
}
