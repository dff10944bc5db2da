import { requestTo } from '../../platform/http/request-to.js';
import { DeskFailure } from './desk.js';

/** Longest that one call may take, milliseconds. */
const CALL_MS = 10_000;
/** Longest answer that is read, bytes: those of a new contact or ticket are some kilobytes. */
const MOST_BYTES = 256 * 1024;

/** Call of a desk's API. */
export interface DeskCall {
  readonly method?: 'GET' | 'POST' | 'PUT';
  /** Without a slash at its end. */
  readonly base: string;
  /** Begins with a slash; left out, the base itself is called. */
  readonly path?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body?: string;
}

/**
 * Makes a call and reads its JSON; `undefined` for an answer that is none. Redirects are not followed: they could lead anywhere, with the
 * customer's data.
 * @throws DeskFailure
 */
export async function callDesk(call: DeskCall, signal: AbortSignal): Promise<unknown> {
  const { method = 'POST', base, path = '', headers, body } = call;
  const target = path === '' ? { url: base, headers: {} } : requestTo(base.replace(/\/+$/, ''), path);
  try {
    const answer = await fetch(target.url, {
      method,
      headers: { ...target.headers, ...headers },
      body,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]),
    });
    if (!answer.ok) {
      await answer.body?.cancel();
      throw new DeskFailure(`http ${answer.status}`);
    }
    return parsed(await bounded(answer));
  } catch (error) {
    if (error instanceof DeskFailure) throw error;
    const { name, cause } = error as { name?: string; cause?: { code?: unknown } };
    throw new DeskFailure(typeof cause?.code === 'string' ? cause.code.slice(0, 40) : (name ?? 'error').slice(0, 40));
  }
}

async function bounded(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MOST_BYTES) throw new DeskFailure('answer too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
