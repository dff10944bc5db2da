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
  type OtlpSpanEvent,
  READ_ANYWHERE,
  spanItself,
  TOO_MANY,
  TOO_MANY_GROUPS,
  USER_KEYS,
} from './otlp-model.js';
import { eachObject, inside, listOf, numberOf, objectOf, textOf, valueOf, wrong, WrongShape } from './otlp-shape.js';
import { parseJsonObject } from '../reading/parse-json.js';
import { asList, asObject, finite, type Json } from '../reading/read-values.js';

/** Reasons told of records that cannot be read; one is the rule, as a sender makes the same mistake in all of them. */
const MAX_REASONS = 3;
/** Where the lists of other signals go: whoever sends one here must not take it for accepted. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  resourceLogs: 'belongs to /otlp/v1/logs',
  resource_logs: 'belongs to /otlp/v1/logs, called "resourceLogs"',
  resourceSpans: 'belongs to /otlp/v1/traces',
  resource_spans: 'belongs to /otlp/v1/traces, called "resourceSpans"',
  resourceMetrics: 'holds metrics, which are not taken; errors come as logs and traces',
  resource_metrics: 'holds metrics, which are not taken; errors come as logs and traces',
};

/**
 * Decodes `ExportLogsServiceRequest` in OTLP's JSON (opentelemetry-proto, "JSON Protobuf Encoding"): lowerCamelCase keys,
 * ids in hex, 64-bit integers as text or number, enums as numbers, unknown keys ignored. A known key of a wrong type rejects
 * its record, or the whole request where it stands around records. Never throws.
 */
export function decodeOtlpJsonLogs(body: Buffer): OtlpDecoded<OtlpLogRecord> {
  return decode(body, 'resourceLogs', 'scopeLogs', 'logRecords', (record, { resource, scope }, out) => {
    const observed = readNanos(record, 'observedTimeUnixNano');
    out.push({
      resource,
      scope,
      time: readNanos(record, 'timeUnixNano') ?? observed,
      severityNumber: numberOf(record, 'severityNumber') ?? 0,
      severityText: textOf(record, 'severityText', 64),
      eventName: textOf(record, 'eventName', 256),
      body: readValue(record, 'body', 0),
      attributes: readAttributes(record),
      traceId: readHex(record, 'traceId'),
      spanId: readHex(record, 'spanId'),
    });
    return 'used';
  });
}

/** Decodes the span events of `ExportTraceServiceRequest` in OTLP's JSON; spans without events count as ignored. */
export function decodeOtlpJsonTraces(body: Buffer): OtlpDecoded<OtlpSpanEvent> {
  return decode(body, 'resourceSpans', 'scopeSpans', 'spans', (span, { resource, scope }, out) => {
    const list = listOf(span, 'events');
    const named = namesUser(span);
    if (list.length === 0 && !named) return 'ignored';
    if (out.length + list.length > MAX_OTLP_RECORDS) return 'rejected';
    const spanName = textOf(span, 'name', MAX_NAME);
    const spanAttributes = readAttributes(span);
    const [traceId, spanId] = [readHex(span, 'traceId'), readHex(span, 'spanId')];
    const events: OtlpSpanEvent[] = [];
    eachObject(list, 'events', (event) => {
      events.push({
        resource,
        scope,
        spanName,
        spanAttributes,
        time: readNanos(event, 'timeUnixNano'),
        name: textOf(event, 'name', 256) ?? '',
        attributes: readAttributes(event),
        traceId,
        spanId,
      });
    });
    out.push(...events);
    if (named) out.push(spanItself({ resource, scope, spanName, spanAttributes, traceId, spanId }, list.length));
    return 'used';
  });
}

/** A look at the names alone, since most spans name nobody and are not read. */
function namesUser(span: Json): boolean {
  const pairs = asList(span.attributes) ?? [];
  return pairs.some((pair) => (USER_KEYS as readonly unknown[]).includes(asObject(pair)?.key));
}

interface Around {
  readonly resource: OtlpAttributes;
  readonly scope?: string;
}
/** Adds what it finds of a log record or span and answers what became of it. @throws WrongShape, having added nothing */
type ReadRecord<T> = (record: Json, around: Around, out: T[]) => OtlpFate;

/** Walks the three levels that logs and traces share. */
function decode<T>(
  body: Buffer,
  resourcesKey: string,
  scopesKey: string,
  recordsKey: string,
  read: ReadRecord<T>,
): OtlpDecoded<T> {
  const parsed = parseJsonObject(body);
  if (!parsed.ok) return parsed;
  const tally = new Tally(read);
  let groups = 0;
  const count = (list: readonly unknown[]): readonly unknown[] => {
    groups += list.length;
    if (groups > MAX_OTLP_GROUPS) throw new WrongShape('', TOO_MANY_GROUPS);
    return list;
  };
  try {
    eachObject(count(groupsOf(parsed.value, resourcesKey)), resourcesKey, (group, i) => {
      const resource = inside('resource', objectOf(group, 'resource'), readAttributes);
      eachObject(count(listOf(group, scopesKey)), scopesKey, (scoped, j) => {
        const scope = inside('scope', objectOf(scoped, 'scope'), (one) => textOf(one, 'name', MAX_NAME));
        const place = (): string => `${resourcesKey}[${i}].${scopesKey}[${j}].${recordsKey}`;
        tally.take(listOf(scoped, recordsKey), { resource, scope }, place);
      });
    });
  } catch (error) {
    if (!(error instanceof WrongShape)) throw error;
    return { ok: false, outcome: 'invalid', reason: error.message };
  }
  return tally.result();
}

/** The outermost list. @throws WrongShape also where there is none but one that belongs elsewhere */
function groupsOf(request: Json, key: string): readonly unknown[] {
  const groups = listOf(request, key);
  if (request[key] !== undefined) return groups;
  for (const other in ELSEWHERE) if (request[other] !== undefined) throw new WrongShape(other, ELSEWHERE[other]!);
  return groups;
}

/** Reads records up to the bound; what is wrong with one rejects that one. */
class Tally<T> {
  private readonly records: T[] = [];
  private readonly fates: Record<OtlpFate, number> = { used: 0, ignored: 0, rejected: 0 };
  private readonly reasons = new Set<string>();
  private seen = 0;

  constructor(private readonly read: ReadRecord<T>) {}

  take(list: readonly unknown[], around: Around, place: () => string): void {
    for (let i = 0; i < list.length; i++) this.fates[this.fateOf(list[i], around, () => `${place()}[${i}]`)]++;
  }

  result(): OtlpDecoded<T> {
    const { ignored, rejected } = this.fates;
    return { ok: true, records: this.records, ignored, rejected, rejectedReason: [...this.reasons].join('; ') };
  }

  private fateOf(item: unknown, around: Around, place: () => string): OtlpFate {
    try {
      const isOver = this.seen++ >= MAX_OTLP_RECORDS;
      const fate = isOver
        ? 'rejected'
        : this.read(asObject(item) ?? wrong('', 'an object', item), around, this.records);
      if (fate === 'rejected') this.reasons.add(TOO_MANY);
      return fate;
    } catch (error) {
      if (!(error instanceof WrongShape)) throw error;
      error.within(place());
      if (this.reasons.size < MAX_REASONS) this.reasons.add(error.message);
      return 'rejected';
    }
  }
}

function readAttributes(of: Json): OtlpAttributes {
  const attributes = emptyAttributes();
  eachObject(listOf(of, 'attributes'), 'attributes', (pair, i) => {
    const key = readKey(pair);
    if (key === undefined || (i >= MAX_ATTRIBUTES && !READ_ANYWHERE.has(key))) return;
    attributes[key] = readValue(pair, 'value', 0);
  });
  return attributes;
}

function readKey({ key }: Json): string | undefined {
  return key === undefined || typeof key === 'string' ? key : wrong('key', 'text', key);
}

/** The AnyValue at `key`. */
function readValue(of: Json, key: string, depth: number): unknown {
  const value = valueOf(of, key);
  if (value === undefined) return null;
  const any = asObject(value) ?? wrong(key, 'an object such as {"stringValue":"…"}', value);
  return inside(key, any, () => readAny(any, depth));
}

function readAny(any: Json, depth: number): unknown {
  if (depth > MAX_VALUE_DEPTH) return null;
  for (const key of ['stringValue', 'bytesValue']) {
    const value = valueOf(any, key);
    if (value !== undefined) return typeof value === 'string' ? value : wrong(key, 'text', value);
  }
  const boolean = valueOf(any, 'boolValue');
  if (boolean !== undefined)
    return typeof boolean === 'boolean' ? boolean : wrong('boolValue', 'true or false', boolean);
  const integer = valueOf(any, 'intValue');
  if (integer !== undefined) return readInteger(integer);
  const double = valueOf(any, 'doubleValue');
  if (double !== undefined) return readDouble(double);
  if (valueOf(any, 'arrayValue') !== undefined) {
    return inside('arrayValue', objectOf(any, 'arrayValue'), (array) => readArray(array, depth + 1));
  }
  if (valueOf(any, 'kvlistValue') === undefined) return null;
  return inside('kvlistValue', objectOf(any, 'kvlistValue'), (list) => readPairs(list, depth + 1));
}

function readArray(array: Json, depth: number): unknown[] {
  const values: unknown[] = [];
  eachObject(listOf(array, 'values').slice(0, MAX_ATTRIBUTES), 'values', (any) => values.push(readAny(any, depth)));
  return values;
}

function readPairs(list: Json, depth: number): OtlpAttributes {
  const object = emptyAttributes();
  eachObject(listOf(list, 'values').slice(0, MAX_ATTRIBUTES), 'values', (pair) => {
    const key = readKey(pair);
    if (key !== undefined) object[key] = readValue(pair, 'value', depth);
  });
  return object;
}

/**
 * A 64-bit integer: a number where that is exact, else its digits, since ids may be that long. One beyond 2^53 that was sent
 * as a number has been rounded by JSON already and stays a number, by which it is told.
 */
function readInteger(value: unknown): number | string {
  const number = finite(value) ?? wrong('intValue', 'a whole number', value);
  return Number.isSafeInteger(number) || typeof value !== 'string' ? number : value;
}

/** A double; null for what is no number by intent ("NaN", "Infinity" and "-Infinity" are legal) or too large for one. */
function readDouble(value: unknown): number | null {
  if (typeof value === 'number' || value === 'NaN' || value === 'Infinity' || value === '-Infinity')
    return finite(value) ?? null;
  return finite(value) ?? wrong('doubleValue', 'a number', value);
}

function readNanos(of: Json, key: string): number | undefined {
  const nanos = numberOf(of, key);
  return nanos === undefined || nanos <= 0 ? undefined : nanos / NANOS;
}

function readHex(of: Json, key: string): string {
  const value = valueOf(of, key) ?? '';
  if (typeof value !== 'string') wrong(key, 'text', value);
  return value.length <= 32 && /^[0-9a-fA-F]*$/.test(value) ? value.toLowerCase() : '';
}
