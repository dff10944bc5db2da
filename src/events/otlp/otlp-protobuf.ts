import protobuf from 'protobufjs/minimal.js';
import {
  emptyAttributes,
  MAX_ATTRIBUTES,
  MAX_NAME,
  MAX_OTLP_GROUPS,
  MAX_OTLP_RECORDS,
  MAX_VALUE_DEPTH,
  NANOS,
  type OtlpAttributes,
  type OtlpDecoded,
  type OtlpFate,
  type OtlpLogRecord,
  type OtlpRefused,
  type OtlpSpanEvent,
  READ_ANYWHERE,
  spanItself,
  TOO_MANY,
  TOO_MANY_GROUPS,
  USER_KEYS,
} from './otlp-model.js';
import { MAX_PARSED_BYTES, MAX_PARSED_VALUES } from '../reading/parse-json.js';
import { type Json, text } from '../reading/read-values.js';

/** A reader that stands inside one message, which ends at `end`. */
type Reader = protobuf.Reader & { valuesLeft: number };

/** Wire types of protobuf that OTLP uses; a tag is the field number times 8 plus one of them. */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const tagOf = (field: number, wireType: number): number => field * 8 + wireType;

/**
 * Decodes `ExportLogsServiceRequest` (opentelemetry-proto 1.x, collector/logs/v1). Field numbers are those of the proto
 * files; unknown fields are skipped, as are known ones of a wrong wire type. Never throws.
 */
export function decodeOtlpProtobufLogs(body: Buffer): OtlpDecoded<OtlpLogRecord> {
  return decode(body, (reader, end, { resource, scope }, out) => {
    const record = readLogRecord(reader, end);
    out.push({ resource, scope, ...record });
    return 'used';
  });
}

/** Decodes the span events of `ExportTraceServiceRequest` (collector/trace/v1); spans without events count as ignored. */
export function decodeOtlpProtobufTraces(body: Buffer): OtlpDecoded<OtlpSpanEvent> {
  return decode(body, (reader, end, { resource, scope }, out) => {
    const { events, ...span } = readSpan(reader, end);
    const named = USER_KEYS.some((key) => span.spanAttributes[key] !== undefined);
    if (events.length === 0 && !named) return 'ignored';
    if (out.length + events.length > MAX_OTLP_RECORDS) return 'rejected';
    for (const event of events) out.push({ resource, scope, ...span, ...event });
    if (named) out.push(spanItself({ resource, scope, ...span }, events.length));
    return 'used';
  });
}

/** The bytes of an export response; `rejected` 0 and no message mean full success, an empty message on the wire. */
export function encodeExportResponse(rejected: number, message: string): Buffer {
  const writer = protobuf.Writer.create();
  if (rejected === 0 && message === '') return Buffer.from(writer.finish());
  writer.uint32(tagOf(1, BYTES)).fork();
  if (rejected > 0) writer.uint32(tagOf(1, VARINT)).int64(rejected);
  if (message !== '') writer.uint32(tagOf(2, BYTES)).string(message);
  return Buffer.from(writer.ldelim().finish());
}

/** The bytes of `google.rpc.Status`; `code` is a gRPC code, such as 3 for an invalid argument. */
export function encodeStatus(code: number, message: string): Buffer {
  const writer = protobuf.Writer.create();
  writer.uint32(tagOf(1, VARINT)).int32(code).uint32(tagOf(2, BYTES)).string(message);
  return Buffer.from(writer.finish());
}

/** The request is refused as a whole; the message is for the client. */
class Refused extends Error {
  constructor(
    message: string,
    readonly outcome: 'invalid' | 'too_large' = 'invalid',
  ) {
    super(message);
  }
}

interface Around {
  readonly resource: OtlpAttributes;
  readonly scope?: string;
}
/** Results for the records so far, and the number of resources and scopes around them. */
type Fates = Record<OtlpFate | 'groups', number>;
/** Reads one log record or span, adds what it finds, and answers what became of it. */
type ReadRecord<T> = (reader: Reader, end: number, around: Around, out: T[]) => OtlpFate;

function decode<T>(body: Buffer, read: ReadRecord<T>): OtlpDecoded<T> {
  if (body.length > MAX_PARSED_BYTES) return tooLarge(`${MAX_PARSED_BYTES} bytes`);
  const records: T[] = [];
  const fates: Fates = { used: 0, ignored: 0, rejected: 0, groups: 0 };
  try {
    const reader = Object.assign(protobuf.Reader.create(body), { valuesLeft: MAX_PARSED_VALUES });
    eachField(reader, body.length, (tag) => {
      if (tag !== tagOf(1, BYTES)) return false;
      countGroup(fates);
      readResourceGroup(reader, messageEnd(reader), read, records, fates);
      return true;
    });
  } catch (error) {
    if (error instanceof Refused) return { ok: false, outcome: error.outcome, reason: error.message };
    return { ok: false, outcome: 'malformed', reason: 'not valid protobuf of this request' };
  }
  const { ignored, rejected } = fates;
  return { ok: true, records, ignored, rejected, rejectedReason: rejected > 0 ? TOO_MANY : '' };
}

function tooLarge(bound: string): OtlpRefused & { readonly outcome: 'too_large' } {
  return { ok: false, outcome: 'too_large', reason: `the request holds more than ${bound}; send it in parts` };
}

function countGroup(fates: Fates): void {
  if (++fates.groups > MAX_OTLP_GROUPS) throw new Refused(`the request ${TOO_MANY_GROUPS}`);
}

/** ResourceLogs and ResourceSpans: the resource may stand after its scopes, so those wait. */
function readResourceGroup<T>(reader: Reader, end: number, read: ReadRecord<T>, out: T[], fates: Fates): void {
  let resource = emptyAttributes();
  const scopes: { from: number; to: number }[] = [];
  eachField(reader, end, (tag) => {
    if (tag === tagOf(1, BYTES)) resource = readAttributeField(reader, messageEnd(reader), 1);
    else if (tag === tagOf(2, BYTES)) {
      countGroup(fates);
      scopes.push(skipMessage(reader));
    } else return false;
    return true;
  });
  for (const { from, to } of scopes) {
    reader.pos = from;
    readScopeGroup(reader, to, resource, read, out, fates);
  }
  reader.pos = end;
}

function readScopeGroup<T>(
  reader: Reader,
  end: number,
  resource: OtlpAttributes,
  read: ReadRecord<T>,
  out: T[],
  fates: Fates,
): void {
  let scope: string | undefined;
  eachField(reader, end, (tag) => {
    if (tag === tagOf(1, BYTES)) scope = readScopeName(reader, messageEnd(reader));
    else if (tag !== tagOf(2, BYTES)) return false;
    else if (fates.used + fates.ignored + fates.rejected >= MAX_OTLP_RECORDS) {
      fates.rejected++;
      skipMessage(reader);
    } else fates[read(reader, messageEnd(reader), { resource, scope }, out)]++;
    return true;
  });
}

function readScopeName(reader: Reader, end: number): string | undefined {
  let name: string | undefined;
  eachField(reader, end, (tag) => {
    if (tag !== tagOf(1, BYTES)) return false;
    name = text(reader.string(), MAX_NAME);
    return true;
  });
  return name;
}

type BareRecord = Omit<OtlpLogRecord, 'resource' | 'scope'>;

function readLogRecord(reader: Reader, end: number): BareRecord {
  const record: { -readonly [K in keyof BareRecord]: BareRecord[K] } = {
    severityNumber: 0,
    body: null,
    attributes: emptyAttributes(),
    traceId: '',
    spanId: '',
  };
  let observed: number | undefined;
  const pairs = new Pairs(record.attributes, 0);
  eachField(reader, end, (tag) => {
    if (tag === tagOf(1, FIXED64)) record.time = readNanos(reader);
    else if (tag === tagOf(11, FIXED64)) observed = readNanos(reader);
    else if (tag === tagOf(2, VARINT)) record.severityNumber = reader.int32();
    else if (tag === tagOf(3, BYTES)) record.severityText = reader.string();
    else if (tag === tagOf(5, BYTES)) record.body = readValue(reader, messageEnd(reader), 0);
    else if (tag === tagOf(6, BYTES)) pairs.read(reader, messageEnd(reader));
    else if (tag === tagOf(9, BYTES)) record.traceId = readHex(reader);
    else if (tag === tagOf(10, BYTES)) record.spanId = readHex(reader);
    else if (tag === tagOf(12, BYTES)) record.eventName = reader.string();
    else if (tag === tagOf(1, BYTES)) throw new Refused('no log records; spans belong to /otlp/v1/traces');
    else return false;
    return true;
  });
  return { ...record, time: record.time ?? observed };
}

type BareEvent = Pick<OtlpSpanEvent, 'time' | 'name' | 'attributes'>;
type BareSpan = Pick<OtlpSpanEvent, 'spanName' | 'spanAttributes' | 'traceId' | 'spanId'> & { events: BareEvent[] };

/** Of a span with more events than one request may have, as many are read as tell that it is one. */
function readSpan(reader: Reader, end: number): BareSpan {
  const events: BareEvent[] = [];
  const spanAttributes = emptyAttributes();
  const pairs = new Pairs(spanAttributes, 0);
  let [traceId, spanId] = ['', ''];
  let spanName: string | undefined;
  eachField(reader, end, (tag) => {
    if (tag === tagOf(1, BYTES)) traceId = readHex(reader);
    else if (tag === tagOf(2, BYTES)) spanId = readHex(reader);
    else if (tag === tagOf(5, BYTES)) spanName = text(reader.string(), MAX_NAME);
    else if (tag === tagOf(9, BYTES)) pairs.read(reader, messageEnd(reader));
    else if (tag === tagOf(11, BYTES) && events.length <= MAX_OTLP_RECORDS) {
      events.push(readSpanEvent(reader, messageEnd(reader)));
    } else if (tag === tagOf(1, FIXED64)) throw new Refused('no spans; log records belong to /otlp/v1/logs');
    else return false;
    return true;
  });
  return { spanName, spanAttributes, traceId, spanId, events };
}

function readSpanEvent(reader: Reader, end: number): BareEvent {
  const attributes = emptyAttributes();
  const pairs = new Pairs(attributes, 0);
  let name = '';
  let time: number | undefined;
  eachField(reader, end, (tag) => {
    if (tag === tagOf(1, FIXED64)) time = readNanos(reader);
    else if (tag === tagOf(2, BYTES)) name = reader.string();
    else if (tag === tagOf(3, BYTES)) pairs.read(reader, messageEnd(reader));
    else return false;
    return true;
  });
  return { time, name, attributes };
}

/** A message whose field `field` is a list of KeyValue: Resource and KeyValueList. */
function readAttributeField(reader: Reader, end: number, field: number, depth = 0): OtlpAttributes {
  const attributes = emptyAttributes();
  const pairs = new Pairs(attributes, depth);
  eachField(reader, end, (tag) => {
    if (tag !== tagOf(field, BYTES)) return false;
    pairs.read(reader, messageEnd(reader));
    return true;
  });
  return attributes;
}

/** Reads KeyValue messages into an object, up to the bound; beyond it only what is read anywhere. */
class Pairs {
  private left = MAX_ATTRIBUTES;

  constructor(
    private readonly attributes: Json,
    private readonly depth: number,
  ) {}

  read(reader: Reader, end: number): void {
    if (this.left-- <= 0 && !(this.depth === 0 && READ_ANYWHERE.has(keyAhead(reader, end)))) {
      reader.pos = end;
      return;
    }
    let key: string | undefined;
    let value: unknown = null;
    eachField(reader, end, (tag) => {
      if (tag === tagOf(1, BYTES)) key = reader.string();
      else if (tag === tagOf(2, BYTES)) value = readValue(reader, messageEnd(reader), this.depth);
      else return false;
      return true;
    });
    if (key !== undefined) this.attributes[key] = value;
  }
}

/** The key of the KeyValue message at which the reader stands and stays. */
function keyAhead(reader: Reader, end: number): string {
  const from = reader.pos;
  let key = '';
  eachField(reader, end, (tag) => {
    if (tag !== tagOf(1, BYTES)) return false;
    key = reader.string();
    return true;
  });
  reader.pos = from;
  return key;
}

/** AnyValue; the last of several set fields wins, as in protobuf's oneof. */
function readValue(reader: Reader, end: number, depth: number): unknown {
  if (--reader.valuesLeft < 0) {
    const { reason, outcome } = tooLarge(`${MAX_PARSED_VALUES} values`);
    throw new Refused(reason, outcome);
  }
  if (depth > MAX_VALUE_DEPTH) {
    reader.pos = end;
    return null;
  }
  let value: unknown = null;
  eachField(reader, end, (tag) => {
    if (tag === tagOf(1, BYTES)) value = reader.string();
    else if (tag === tagOf(2, VARINT)) value = reader.bool();
    else if (tag === tagOf(3, VARINT)) value = readInteger(reader);
    else if (tag === tagOf(4, FIXED64)) value = reader.double();
    else if (tag === tagOf(5, BYTES)) value = readArray(reader, messageEnd(reader), depth + 1);
    else if (tag === tagOf(6, BYTES)) value = readAttributeField(reader, messageEnd(reader), 1, depth + 1);
    else if (tag === tagOf(7, BYTES)) value = Buffer.from(reader.bytes()).toString('base64');
    else return false;
    return true;
  });
  return value;
}

function readArray(reader: Reader, end: number, depth: number): unknown[] {
  const values: unknown[] = [];
  eachField(reader, end, (tag) => {
    if (tag !== tagOf(1, BYTES) || values.length >= MAX_ATTRIBUTES) return false;
    values.push(readValue(reader, messageEnd(reader), depth));
    return true;
  });
  return values;
}

/** Calls `read` with each tag up to `end`; where it answers false the field is skipped. */
function eachField(reader: Reader, end: number, read: (tag: number) => boolean): void {
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (!read(tag)) reader.skipType(tag & 7);
  }
  if (reader.pos !== end) throw new RangeError('a field runs past the end of its message');
}

/** Reads a length and answers where the message ends. */
function messageEnd(reader: Reader): number {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError('a message runs past the end of the body');
  return end;
}

function skipMessage(reader: Reader): { from: number; to: number } {
  const to = messageEnd(reader);
  const from = reader.pos;
  reader.pos = to;
  return { from, to };
}

/** fixed64 nanoseconds as milliseconds; undefined for 0, which means unknown. Exact to a quarter of a microsecond. */
function readNanos(reader: Reader): number | undefined {
  const low = reader.fixed32();
  const nanos = reader.fixed32() * 2 ** 32 + low;
  return nanos === 0 ? undefined : nanos / NANOS;
}

/** int64: a number where that is exact, else its digits, since ids may be that long. */
function readInteger(reader: Reader): number | string {
  const value = reader.int64() as number | { toString(): string };
  if (typeof value === 'number') return value;
  const digits = value.toString();
  return Number.isSafeInteger(Number(digits)) ? Number(digits) : digits;
}

function readHex(reader: Reader): string {
  const bytes = reader.bytes();
  return bytes.length <= 16 ? Buffer.from(bytes).toString('hex') : '';
}
