/**
 * PostgreSQL arrays in the binary form of the wire protocol (array_recv in PostgreSQL's src/backend/utils/adt/arrayfuncs.c): a driver that
 * is handed a Buffer sends it as it is. For the hot path, where writing a list as text and reading that text again costs more than
 * what is done with it. The statement must cast its parameter to the type.
 */

/** Type numbers (pg_type.oid). */
const OID = { int8: 20, int4: 23, text: 25, timestamptz: 1184, uuid: 2950 } as const;
const HEADER = 20;
/** 2000-01-01, from which PostgreSQL counts microseconds, in epoch milliseconds. */
const POSTGRES_EPOCH = 946_684_800_000;

/** Whole numbers up to 2^53 as `bigint[]`. */
export function int8s(values: readonly number[]): Buffer {
  return fixed(OID.int8, 8, values, (buffer, value, at) => writeInt8(buffer, value, at));
}

/** Whole numbers up to 2^31 as `int[]`. */
export function int4s(values: readonly number[]): Buffer {
  return fixed(OID.int4, 4, values, (buffer, value, at) => buffer.writeInt32BE(value, at));
}

/** Epoch milliseconds as `timestamptz[]`. */
export function timestamps(values: readonly number[]): Buffer {
  return fixed(OID.timestamptz, 8, values, (buffer, value, at) =>
    writeInt8(buffer, (Math.trunc(value) - POSTGRES_EPOCH) * 1000, at),
  );
}

/** 32 hex digits each, without dashes, as `uuid[]`. */
export function uuids(values: readonly string[]): Buffer {
  return fixed(OID.uuid, 16, values, (buffer, value, at) => {
    if (buffer.write(value, at, 16, 'hex') !== 16) throw new TypeError('a UUID must be 32 hex digits');
  });
}

/** Texts without NUL, or nulls, as `text[]`. */
export function texts(values: readonly (string | null)[]): Buffer {
  let size = HEADER;
  let nulls = 0;
  for (const value of values) {
    size += 4 + (value === null ? 0 : Buffer.byteLength(value));
    if (value === null) nulls = 1;
  }
  const buffer = header(OID.text, values.length, size, nulls);
  let at = HEADER;
  for (const value of values) {
    const length = value === null ? -1 : buffer.write(value, at + 4);
    buffer.writeInt32BE(length, at);
    at += 4 + Math.max(0, length);
  }
  return buffer;
}

function fixed<T>(
  oid: number,
  width: number,
  values: readonly T[],
  write: (buffer: Buffer, value: T, at: number) => void,
): Buffer {
  const buffer = header(oid, values.length, HEADER + values.length * (4 + width), 0);
  let at = HEADER;
  for (const value of values) {
    buffer.writeInt32BE(width, at);
    write(buffer, value, at + 4);
    at += 4 + width;
  }
  return buffer;
}

/** One dimension from 1 on, or none for an empty array. */
function header(oid: number, count: number, size: number, nulls: number): Buffer {
  const buffer = Buffer.allocUnsafe(count === 0 ? 12 : size);
  buffer.writeInt32BE(count === 0 ? 0 : 1, 0);
  buffer.writeInt32BE(nulls, 4);
  buffer.writeInt32BE(oid, 8);
  if (count === 0) return buffer;
  buffer.writeInt32BE(count, 12);
  buffer.writeInt32BE(1, 16);
  return buffer;
}

/** Two's complement in two halves, faster than by way of a BigInt. */
function writeInt8(buffer: Buffer, value: number, at: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  buffer.writeInt32BE(high, at);
  buffer.writeUInt32BE(value - high * 0x1_0000_0000, at + 4);
}
