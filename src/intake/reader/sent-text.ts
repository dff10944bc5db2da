import { decodeSent } from '../http/content-encoding.js';
import { MAX_SEPARATED, type RawBody } from './separated-body.js';

/** A body as it came, which another thread has read. It is decoded here only where somebody wants the text of an event, once for all of its events. */
export class SentText {
  private decoded: Buffer | undefined;

  constructor(private readonly raw: RawBody) {}

  /**
   * A part of the decoded body.
   * @param from bytes before it
   * @param length bytes
   * @throws when the body cannot be decoded
   */
  text(from: number, length: number): Buffer {
    this.decoded ??= this.decode();
    return this.decoded.subarray(from, from + length);
  }

  private decode(): Buffer {
    const decoded = decodeSent(this.raw, MAX_SEPARATED);
    if (!decoded.ok) throw new Error(`a body that was read cannot be decoded again: ${decoded.reason}`);
    return decoded.body;
  }
}
