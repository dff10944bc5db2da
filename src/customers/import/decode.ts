import { TextDecoder } from 'node:util';
import { Problem } from '../../platform/errors.js';

/** Bytes that are looked at to find out how a text is encoded. */
const LOOKED_AT = 4096;
/** Bytes that are waited for before: some words in any encoding. */
const ENOUGH = 64;

/** The encoding that the first bytes show: by a byte order mark, or by the zero bytes of UTF-16; UTF-8 otherwise. */
export function encodingOf(head: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  const zeros = [0, 0];
  const length = Math.min(head.length, LOOKED_AT);
  for (let at = 0; at < length; at++) if (head[at] === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
  // In UTF-16 nearly every other byte of Latin text is zero, elsewhere none is: a quarter of those is enough.
  if ((zeros[1] ?? 0) > length / 8 && zeros[0] === 0) return 'utf-16le';
  if ((zeros[0] ?? 0) > length / 8 && zeros[1] === 0) return 'utf-16be';
  return 'utf-8';
}

/**
 * Decodes a stream piece by piece. Bytes that the encoding does not have become U+FFFD, by which their line is refused later.
 * @param encoding as the WHATWG names it, for example `windows-1252`; found out when it is undefined
 * @throws Problem 400 for an encoding that nobody knows
 */
export async function* decoded(source: AsyncIterable<Uint8Array>, encoding?: string): AsyncGenerator<string> {
  let decoder = encoding === undefined ? undefined : decoderOf(encoding);
  // Standard input comes in pieces of any size, also of one byte.
  let head: Uint8Array = new Uint8Array();
  for await (const chunk of source) {
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    if (!decoder && head.length < ENOUGH) continue;
    decoder ??= decoderOf(encodingOf(head));
    yield decoder.decode(head, { stream: true });
    head = new Uint8Array();
  }
  decoder ??= decoderOf(encodingOf(head));
  yield decoder.decode(head);
}

function decoderOf(encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding);
  } catch {
    throw new Problem(
      400,
      'invalid',
      `encoding: "${encoding.slice(0, 40)}" is not known; there are utf-8, utf-16le, utf-16be, windows-1252, iso-8859-15 and others of the WHATWG's list.`,
    );
  }
}
