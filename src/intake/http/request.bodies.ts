import { type IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { type Outcome } from '../outcome.js';

/** Largest body on the wire, bytes, as Sentry's own limit for a compressed envelope. */
export const MAX_WIRE_BODY = 20 * 1024 * 1024;

/** Bytes of bodies held at most: of those that are still arriving, and of those that wait to be read. */
const MOST_HELD = 64 * 1024 * 1024;
/** Bodies up to this many bytes are never cut for want of room: few are larger, and one that sends slowly should not cost those who do not. */
const SMALL = 64 * 1024;

/** Pieces of a body that are joined at once: a buffer of its own takes some hundred bytes, and a body may come byte by byte. */
const PIECES_JOINED = 1024;

/** A request's body as it came, or what to answer. */
export type RequestBody =
  | { readonly ok: true; readonly body: Buffer }
  | { readonly ok: false; readonly status: 400 | 413 | 503; readonly outcome: Outcome; readonly reason: string };

const TOO_LARGE = {
  ok: false,
  status: 413,
  outcome: 'too_large',
  reason: `the body is larger than ${MAX_WIRE_BODY} bytes`,
} as const;
const BROKEN_OFF = { ok: false, status: 400, outcome: 'malformed', reason: 'the body broke off' } as const;

const NO_ROOM = {
  ok: false,
  status: 503,
  outcome: 'unavailable',
  reason: 'too many large bodies are on their way; send it again in a few seconds',
} as const;

/** A body on its way. */
interface Arriving {
  chunks: Buffer[];
  /** Chunks at the end that are not joined yet. */
  pieces: number;
  length: number;
  cut: (why: RequestBody) => void;
}

/** Reads the bodies of requests, as many at once as there is memory for. */
@Injectable()
export class RequestBodies {
  /** Bytes of all bodies that are on their way or were handed out and not released. */
  private held = 0;
  /** Those on their way that are not small, in the order in which they grew beyond. */
  private readonly large = new Set<Arriving>();

  /**
   * Reads a body to its end, at most `MAX_WIRE_BODY` bytes of it; `release` it when it is no longer held. Where there is no room, the
   * large body that has been on its way longest is cut. A client that takes too long is cut by the server's request timeout. Never rejects.
   */
  read(request: IncomingMessage): Promise<RequestBody> {
    if (Number(request.headers['content-length'] ?? 0) > MAX_WIRE_BODY) return Promise.resolve(TOO_LARGE);
    if (request.destroyed) return Promise.resolve(BROKEN_OFF);
    return new Promise((done) => {
      const arriving: Arriving = {
        chunks: [],
        pieces: 0,
        length: 0,
        cut: (why) => {
          request.pause();
          this.forget(arriving);
          done(why);
        },
      };
      request.on('data', (chunk: Buffer) => this.add(arriving, chunk));
      request.on('end', () => {
        this.large.delete(arriving);
        const { chunks } = arriving;
        // From here on it is the caller's to release.
        Object.assign(arriving, { chunks: [], length: 0 });
        done({ ok: true, body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) });
      });
      request.on('error', () => arriving.cut(BROKEN_OFF));
    });
  }

  /** Gives back the room of a body that `read` gave. */
  release(body: Buffer): void {
    this.held -= body.length;
  }

  private add(arriving: Arriving, chunk: Buffer): void {
    arriving.chunks.push(chunk);
    arriving.pieces += 1;
    if (arriving.pieces === PIECES_JOINED) {
      arriving.chunks.push(Buffer.concat(arriving.chunks.splice(-PIECES_JOINED)));
      arriving.pieces = 0;
    }
    arriving.length += chunk.length;
    this.held += chunk.length;
    if (arriving.length > MAX_WIRE_BODY) return arriving.cut(TOO_LARGE);
    if (arriving.length > SMALL) this.large.add(arriving);
    if (this.held <= MOST_HELD) return;
    const [oldest] = this.large;
    oldest?.cut(NO_ROOM);
  }

  private forget(arriving: Arriving): void {
    this.large.delete(arriving);
    this.held -= arriving.length;
    arriving.chunks = [];
    arriving.length = 0;
  }
}
