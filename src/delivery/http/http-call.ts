import { type Verdict, inDoubt, rejected, retry, WAIT } from '../algorithm/verdict.js';

/** Largest answer that is read, bytes: a provider's answer to one message is far smaller. */
const MAX_ANSWER = 65_536;
/** The longest one call may take, milliseconds. */
export const CALL_TIMEOUT_MS = 30_000;

/** An answer, or how far the call came without one. */
export type Called =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly body: string;
      readonly retryAfter: number | undefined;
    }
  /** Nothing left this machine. */
  | { readonly kind: 'notConnected'; readonly code: string }
  | { readonly kind: 'lost'; readonly code: string; readonly timedOut: boolean };

/** A request as it leaves. */
export interface Call {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs?: number;
}

const NEVER_CONNECTED =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/;

/** Makes one call. Redirects are not followed: they could lead anywhere, with the customer's data. Never throws. */
export async function callOnce({ timeoutMs = CALL_TIMEOUT_MS, ...call }: Call): Promise<Called> {
  try {
    const answer = await fetch(call.url, { ...call, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) });
    const after = answer.headers.get('retry-after')?.trim() ?? '';
    return {
      kind: 'answered',
      status: answer.status,
      body: await readSome(answer),
      retryAfter: /^\d{1,6}$/.test(after) ? Number(after) : undefined,
    };
  } catch (error) {
    const timedOut = (error as Error).name === 'TimeoutError';
    const code = timedOut ? 'ETIMEDOUT' : codeOf(error);
    return NEVER_CONNECTED.test(code) ? { kind: 'notConnected', code } : { kind: 'lost', code, timedOut };
  }
}

/** Meaning of a call without a usable answer, or of a status that is no success; undefined for 2xx. */
export function verdictOf(called: Called, idempotent: boolean): Verdict | undefined {
  const unknown = (reason: 'timeout' | 'connection_lost' | 'provider_error') =>
    idempotent ? retry(reason, WAIT.connection) : inDoubt(reason);
  if (called.kind === 'notConnected') return retry('provider_unavailable', WAIT.connection);
  if (called.kind === 'lost') return unknown(called.timedOut ? 'timeout' : 'connection_lost');
  const { status, retryAfter } = called;
  if (status >= 200 && status < 300) return undefined;
  if (status === 429) return retry('rate_limited', Math.max(1, retryAfter ?? WAIT.busy));
  if (status === 503 && retryAfter !== undefined) return retry('provider_unavailable', Math.max(1, retryAfter));
  if (status === 401 || status === 403) return rejected('auth', 'setup');
  if (status === 404 || status === 405 || status === 410 || (status >= 300 && status < 400))
    return rejected('setup', 'setup');
  return status < 500 && status !== 408 ? rejected('refused', 'message') : unknown('provider_error');
}

/** A provider's code for logs: `http 502` or `ECONNRESET`. */
export function codeOfCall(called: Called): string {
  return called.kind === 'answered' ? `http ${called.status}` : called.code;
}

async function readSome(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_ANSWER) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function codeOf(error: unknown): string {
  const cause = (error as { cause?: { code?: unknown; errors?: { code?: unknown }[] } }).cause;
  const code = cause?.code ?? cause?.errors?.[0]?.code;
  return typeof code === 'string' ? code : 'ENETWORK';
}
