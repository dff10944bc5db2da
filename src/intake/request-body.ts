import { type IncomingMessage } from 'node:http';
import { type Outcome } from './outcome.js';

/** Largest body on the wire, bytes, as Sentry's own limit for a compressed envelope. */
export const MAX_WIRE_BODY = 20 * 1024 * 1024;

/** A request's body as it came, or what to answer. */
export type RequestBody =
  | { readonly ok: true; readonly body: Buffer }
  | { readonly ok: false; readonly status: 400 | 413; readonly outcome: Outcome; readonly reason: string };

const TOO_LARGE = {
  ok: false,
  status: 413,
  outcome: 'too_large',
  reason: `the body is larger than ${MAX_WIRE_BODY} bytes`,
} as const;
const BROKEN_OFF = { ok: false, status: 400, outcome: 'malformed', reason: 'the body broke off' } as const;

/** Reads a body to its end, at most `MAX_WIRE_BODY` bytes of it. A client that takes too long is cut by the server's request timeout. Never rejects. */
export async function readBody(request: IncomingMessage): Promise<RequestBody> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_WIRE_BODY) return TOO_LARGE;
  return new Promise((done) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= MAX_WIRE_BODY) return void chunks.push(chunk);
      request.pause();
      chunks.length = 0;
      done(TOO_LARGE);
    });
    request.on('end', () => done({ ok: true, body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) }));
    request.on('error', () => done(BROKEN_OFF));
  });
}
