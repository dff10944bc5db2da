import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';

/** The decoded body, or the HTTP status and reason to answer. */
export type DecodedBody =
  | { readonly ok: true; readonly body: Buffer }
  | { readonly ok: false; readonly status: 400 | 413 | 415; readonly reason: string };

type Decoder = (body: Buffer, options: { maxOutputLength: number; chunkSize: number }) => Buffer;

/** More layers than this no client applies; each costs a pass over the body. */
const MAX_LAYERS = 3;

/**
 * How far a layer may inflate: so many times its size, and any body to the size that follows. By judgement, between what a bomb reaches (deflate ends at
 * 1,032 times) and telemetry, of which we expect some 30 times at most; double doubles what a bomb costs.
 */
const MOST_INFLATION = 200;
const FREELY_INFLATED = 2 * 1024 * 1024;

/** Values that mean no encoding: nothing, and mistakes of sentry-ruby 5 ('') and sentry.java.android 2 (UTF-8). */
const PLAIN = new Set(['', 'identity', 'utf-8', 'utf8']);

/** First bytes of a JSON object, of gzip data, and of zlib data as all clients make it. */
const BRACE = 0x7b;
const GZIP = 0x1f;
const ZLIB = 0x78;

const DECODERS: Readonly<Record<string, Decoder>> = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  br: brotliDecompressSync,
  deflate: inflateEither,
};

/** Largest size that a compressed body of this size may have decoded, bytes, where no body may have more than `maxBytes`. */
export function mostInflated(bytes: number, maxBytes: number): number {
  return Math.min(maxBytes, Math.max(FREELY_INFLATED, MOST_INFLATION * bytes));
}

/** Decodes a request's body, as its header says and, where clients of its path pack bodies without saying so, as it looks. */
export function decodeSent(
  { route, encoding, body }: { route: { packed: boolean }; encoding: string | undefined; body: Buffer },
  maxBytes: number,
): DecodedBody {
  return (route.packed ? decodeStoreBody : decodeBody)(body, encoding, maxBytes);
}

/**
 * Undoes a request's Content-Encoding. `maxBytes` bounds the body before and after every layer, `mostInflated` each layer, and inflating stops
 * there, so that a compressed bomb costs no more than that. Several encodings are undone from the last to the first. Synchronous,
 * as bodies are small; never throws.
 */
export function decodeBody(body: Buffer, encodingHeader: string | undefined, maxBytes: number): DecodedBody {
  if (body.length > maxBytes) return tooLarge(maxBytes);
  if (!encodingHeader) return { ok: true, body };
  const layers = encodingHeader.split(',', MAX_LAYERS + 2).map((name) => name.trim().toLowerCase());
  const applied = layers.filter((name) => !PLAIN.has(name)).reverse();
  if (applied.length > MAX_LAYERS)
    return { ok: false, status: 400, reason: `more than ${MAX_LAYERS} content encodings` };
  let decoded: DecodedBody = { ok: true, body };
  for (const name of applied) {
    if (!decoded.ok) break;
    decoded = decodeLayer(decoded.body, name, maxBytes);
  }
  return decoded;
}

/**
 * The body of `/store/` decoded. Old clients (raven) compress the JSON, most of them write that as base64, and say neither, so a body
 * that does not begin as an object is tried so; it is left as it is when it is not that. Bounded and safe as `decodeBody`.
 */
export function decodeStoreBody(body: Buffer, encodingHeader: string | undefined, maxBytes: number): DecodedBody {
  const decoded = decodeBody(body, encodingHeader, maxBytes);
  if (!decoded.ok || decoded.body[0] === BRACE) return decoded;
  const packed = isPacked(decoded.body) ? decoded.body : Buffer.from(decoded.body.toString('latin1'), 'base64');
  if (!isPacked(packed)) return decoded;
  const unpacked = decodeLayer(packed, packed[0] === GZIP ? 'gzip' : 'deflate', maxBytes);
  return unpacked.ok || unpacked.status === 413 ? unpacked : decoded;
}

/** True for what begins as gzip or zlib data does, whose first two bytes are a multiple of 31. */
function isPacked(body: Buffer): boolean {
  const [first = 0, second = 0] = body;
  return (first === GZIP && second === 0x8b) || (first === ZLIB && (first * 256 + second) % 31 === 0);
}

function decodeLayer(body: Buffer, name: string, maxBytes: number): DecodedBody {
  const decoder = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined;
  if (!decoder) {
    const shown = name.slice(0, 32);
    return { ok: false, status: 415, reason: `content encoding ${shown} is not supported; use gzip, br or deflate` };
  }
  if (body.length === 0) return { ok: true, body };
  const most = mostInflated(body.length, maxBytes);
  try {
    return { ok: true, body: decoder(body, { maxOutputLength: most, chunkSize: chunkSize(body.length, most) }) };
  } catch (error) {
    if (isTooLarge(error)) return tooLarge(most);
    return { ok: false, status: 400, reason: `the body is not valid ${name} data` };
  }
}

/** RFC 9110 says `deflate` is the zlib format, but some clients send bare deflate data. */
function inflateEither(body: Buffer, options: { maxOutputLength: number; chunkSize: number }): Buffer {
  try {
    return inflateSync(body, options);
  } catch (error) {
    if (isTooLarge(error)) throw error;
    return inflateRawSync(body, options);
  }
}

/** JSON inflates some 4 to 8 times; the right first guess avoids joining chunks. */
function chunkSize(compressed: number, maxBytes: number): number {
  return Math.max(1024, Math.min(compressed * 8, 262_144, maxBytes));
}

function isTooLarge(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE';
}

function tooLarge(maxBytes: number): DecodedBody {
  return { ok: false, status: 413, reason: `the body is larger than ${maxBytes} bytes` };
}
