import {
  emptyAttributes,
  MAX_ATTRIBUTES,
  MAX_NAME,
  MAX_OTLP_RECORDS,
  MAX_VALUE_DEPTH,
  NANOS,
  READ_ANYWHERE,
  type OtlpAttributes,
  type OtlpDecoded,
  type OtlpFate,
  type OtlpLogRecord,
  type OtlpSpanEvent,
} from './otlp-model.js';
import { parseJsonObject } from './parse-json.js';
import { asList, asObject, finite, type Json, text } from './read-values.js';

/**
 * Decodes `ExportLogsServiceRequest` in OTLP's JSON (opentelemetry-proto, "JSON Protobuf Encoding"): lowerCamelCase keys,
 * ids in hex, 64-bit integers as text or number, enums as numbers, unknown keys ignored. Never throws.
 */
export function decodeOtlpJsonLogs(body: Buffer): OtlpDecoded<OtlpLogRecord> {
  return decode(body, 'resourceLogs', 'scopeLogs', 'logRecords', (record, { resource, scope }, out) => {
    out.push({
      resource,
      scope,
      time: readNanos(record.timeUnixNano) ?? readNanos(record.observedTimeUnixNano),
      severityNumber: finite(record.severityNumber) ?? 0,
      severityText: text(record.severityText, 64),
      eventName: text(record.eventName, 256),
      body: readValue(record.body, 0),
      attributes: readAttributes(record.attributes),
      traceId: readHex(record.traceId),
      spanId: readHex(record.spanId),
    });
    return 'used';
  });
}

/** Decodes the span events of `ExportTraceServiceRequest` in OTLP's JSON; spans without events count as ignored. */
export function decodeOtlpJsonTraces(body: Buffer): OtlpDecoded<OtlpSpanEvent> {
  return decode(body, 'resourceSpans', 'scopeSpans', 'spans', (span, { resource, scope }, out) => {
    const events = (asList(span.events) ?? []).map(asObject).filter((event) => event !== undefined);
    if (events.length === 0) return 'ignored';
    if (out.length + events.length > MAX_OTLP_RECORDS) return 'rejected';
    const spanAttributes = readAttributes(span.attributes);
    for (const event of events) {
      out.push({
        resource,
        scope,
        spanName: text(span.name, MAX_NAME),
        spanAttributes,
        time: readNanos(event.timeUnixNano),
        name: text(event.name, 256) ?? '',
        attributes: readAttributes(event.attributes),
        traceId: readHex(span.traceId),
        spanId: readHex(span.spanId),
      });
    }
    return 'used';
  });
}

interface Around {
  readonly resource: OtlpAttributes;
  readonly scope?: string;
}

/** Walks the three levels that logs and traces share; `read` adds what it finds and answers what became of it. */
function decode<T>(
  body: Buffer,
  resourcesKey: string,
  scopesKey: string,
  recordsKey: string,
  read: (record: Json, around: Around, out: T[]) => OtlpFate,
): OtlpDecoded<T> {
  const parsed = parseJsonObject(body);
  if (!parsed.ok) return parsed;
  const records: T[] = [];
  const fates = { used: 0, ignored: 0, rejected: 0 };
  for (const group of objects(parsed.value[resourcesKey])) {
    const resource = readAttributes(asObject(group.resource)?.attributes);
    for (const scoped of objects(group[scopesKey])) {
      const around = { resource, scope: text(asObject(scoped.scope)?.name, MAX_NAME) };
      for (const item of asList(scoped[recordsKey]) ?? []) {
        const record = asObject(item);
        const isOver = fates.used + fates.ignored >= MAX_OTLP_RECORDS;
        fates[!record || isOver ? 'rejected' : read(record, around, records)]++;
      }
    }
  }
  return { ok: true, records, ignored: fates.ignored, rejected: fates.rejected };
}

function objects(value: unknown): Json[] {
  return (asList(value) ?? []).map(asObject).filter((item) => item !== undefined);
}

function readAttributes(value: unknown): OtlpAttributes {
  const attributes = emptyAttributes();
  const list = asList(value) ?? [];
  for (let i = 0; i < list.length; i++) {
    const pair = asObject(list[i]);
    if (typeof pair?.key !== 'string') continue;
    if (i < MAX_ATTRIBUTES || READ_ANYWHERE.has(pair.key)) attributes[pair.key] = readValue(pair.value, 0);
  }
  return attributes;
}

function readValue(value: unknown, depth: number): unknown {
  const any = asObject(value);
  if (!any || depth > MAX_VALUE_DEPTH) return null;
  if (typeof any.stringValue === 'string') return any.stringValue;
  if (typeof any.boolValue === 'boolean') return any.boolValue;
  if (any.intValue !== undefined) return readInteger(any.intValue);
  if (any.doubleValue !== undefined) return finite(any.doubleValue) ?? null;
  if (typeof any.bytesValue === 'string') return any.bytesValue;
  const list = asList(asObject(any.arrayValue)?.values);
  if (list) return list.slice(0, MAX_ATTRIBUTES).map((item) => readValue(item, depth + 1));
  const pairs = asList(asObject(any.kvlistValue)?.values);
  return pairs ? readPairs(pairs, depth + 1) : null;
}

function readPairs(pairs: readonly unknown[], depth: number): OtlpAttributes {
  const object = emptyAttributes();
  for (const item of pairs.slice(0, MAX_ATTRIBUTES)) {
    const pair = asObject(item);
    if (typeof pair?.key === 'string') object[pair.key] = readValue(pair.value, depth);
  }
  return object;
}

/**
 * A 64-bit integer: a number where that is exact, else its digits, since ids may be that long. One beyond 2^53 that was sent
 * as a number has been rounded by JSON already and stays a number, by which it is told.
 */
function readInteger(value: unknown): number | string | null {
  const number = finite(value);
  if (number === undefined) return null;
  return Number.isSafeInteger(number) || typeof value !== 'string' ? number : value;
}

function readNanos(value: unknown): number | undefined {
  const nanos = finite(value);
  return nanos === undefined || nanos <= 0 ? undefined : nanos / NANOS;
}

function readHex(value: unknown): string {
  return typeof value === 'string' && value.length <= 32 && /^[0-9a-fA-F]*$/.test(value) ? value.toLowerCase() : '';
}
