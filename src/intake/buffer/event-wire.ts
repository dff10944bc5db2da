import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { type FullEvent, type Origin } from '../queued-event.js';

/** First byte of what is written here. A reader that meets another version sets the message aside. */
const VERSION = 1;
const PLAIN = 0;
const DEFLATED = 1;
/** Bytes above which a batch is deflated: below, the message log writes it faster than we compress it. */
const DEFLATE_ABOVE = 64 * 1024;
/** Longest batch that is inflated, bytes; ours are far smaller. */
const MAX_INFLATED = 64 * 1024 * 1024;

/** Bytes that cannot be read as a batch of events; the message says why. */
export class UnreadableBatch extends Error {}

/** An event as it is written down before digest: scrubbed, with the key that was made of it before. */
export interface WireEvent extends FullEvent, Origin {
  readonly projectId: number;
  /** Epoch milliseconds by our clock. */
  readonly receivedAt: number;
}

/** One event as JSON text; several make a batch. */
export function eventText(event: WireEvent): string {
  return JSON.stringify(event);
}

/** A batch for the message log: version, encoding, then a JSON array, deflated where that pays. */
export function encodeBatch(texts: readonly string[]): Buffer {
  const json = Buffer.from(`[${texts.join(',')}]`);
  if (json.length <= DEFLATE_ABOVE) return Buffer.concat([Buffer.of(VERSION, PLAIN), json]);
  return Buffer.concat([Buffer.of(VERSION, DEFLATED), deflateRawSync(json, { level: 1 })]);
}

/**
 * The events of a batch.
 * @throws UnreadableBatch for another version, and for bytes that are none of ours
 */
export function decodeBatch(data: Uint8Array): WireEvent[] {
  const [version, encoding] = data;
  if (version !== VERSION) throw new UnreadableBatch(`version ${version ?? 'none'} of the wire format is not known`);
  const body = Buffer.from(data.buffer, data.byteOffset + 2, data.byteLength - 2);
  try {
    return JSON.parse(textOf(body, encoding)) as WireEvent[];
  } catch (error) {
    throw new UnreadableBatch('the batch is not valid', { cause: error });
  }
}

function textOf(body: Buffer, encoding: number | undefined): string {
  if (encoding === PLAIN) return body.toString();
  if (encoding === DEFLATED) return inflateRawSync(body, { maxOutputLength: MAX_INFLATED }).toString();
  throw new UnreadableBatch(`encoding ${encoding} is not known`);
}
