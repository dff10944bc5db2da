import { kindOf } from '../reading/fields.js';
import { asList, asObject, finite, type Json, text } from '../reading/read-values.js';

/**
 * Readers of OTLP's JSON that tell a key of a wrong type from one that is not there: lost without a word, an error would look
 * as if it had never happened. Unknown keys are nobody's mistake (the protocol has them ignored), but other spellings of known
 * ones are.
 */

/** Something known is of the wrong type; the message says where and what is expected instead. */
export class WrongShape extends Error {
  constructor(
    private path: string,
    private readonly problem: string,
  ) {
    super();
  }

  override get message(): string {
    return `${this.path === '' ? 'the request' : `"${this.path}"`} ${this.problem}`;
  }

  /** Notes that the path starts within `place`. */
  within(place: string): void {
    this.path = this.path === '' ? place : `${place}.${this.path}`;
  }
}

/** Other names of keys: as in the proto files, or in older versions of the protocol. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  resourceLogs: ['resource_logs'],
  resourceSpans: ['resource_spans'],
  scopeLogs: ['scope_logs', 'instrumentationLibraryLogs', 'instrumentation_library_logs'],
  scopeSpans: ['scope_spans', 'instrumentationLibrarySpans', 'instrumentation_library_spans'],
  logRecords: ['log_records', 'logs'],
  timeUnixNano: ['time_unix_nano'],
  observedTimeUnixNano: ['observed_time_unix_nano'],
  severityNumber: ['severity_number'],
  severityText: ['severity_text'],
  eventName: ['event_name'],
  traceId: ['trace_id'],
  spanId: ['span_id'],
  stringValue: ['string_value'],
  boolValue: ['bool_value'],
  intValue: ['int_value'],
  doubleValue: ['double_value'],
  bytesValue: ['bytes_value'],
  arrayValue: ['array_value'],
  kvlistValue: ['kvlist_value'],
};

/** The value of a key; undefined also for null, which means the default in protobuf's JSON. @throws WrongShape */
export function valueOf(object: Json, key: string): unknown {
  const value = object[key];
  if (value !== undefined) return value ?? undefined;
  for (const other of OTHER_NAMES[key] ?? []) {
    if (object[other] !== undefined) throw new WrongShape(other, `must be called "${key}"`);
  }
  return undefined;
}

/** A list, empty where there is none. @throws WrongShape */
export function listOf(object: Json, key: string): readonly unknown[] {
  const value = valueOf(object, key);
  if (value === undefined) return [];
  return asList(value) ?? wrong(key, 'a list', value);
}

/** An object, empty where there is none. @throws WrongShape */
export function objectOf(object: Json, key: string): Json {
  const value = valueOf(object, key);
  if (value === undefined) return {};
  return asObject(value) ?? wrong(key, 'an object', value);
}

/** A text, bounded. @throws WrongShape */
export function textOf(object: Json, key: string, max: number): string | undefined {
  const value = valueOf(object, key);
  return value === undefined || typeof value === 'string' ? text(value, max) : wrong(key, 'text', value);
}

/** A number, also as text. @throws WrongShape */
export function numberOf(object: Json, key: string): number | undefined {
  const value = valueOf(object, key);
  if (value === undefined || value === '') return undefined;
  return finite(value) ?? wrong(key, 'a number', value);
}

/** Calls `read` with each object of the list at `key`. @throws WrongShape where one is none, or at which `read` does */
export function eachObject(list: readonly unknown[], key: string, read: (item: Json, index: number) => void): void {
  for (let i = 0; i < list.length; i++) {
    try {
      read(asObject(list[i]) ?? wrong('', 'an object', list[i]), i);
    } catch (error) {
      if (error instanceof WrongShape) error.within(`${key}[${i}]`);
      throw error;
    }
  }
}

/** Reads the object at `key` by `read`. @throws WrongShape as `read` does */
export function inside<T>(key: string, object: Json, read: (object: Json) => T): T {
  try {
    return read(object);
  } catch (error) {
    if (error instanceof WrongShape) error.within(key);
    throw error;
  }
}

/** @throws WrongShape */
export function wrong(key: string, expected: string, value: unknown): never {
  throw new WrongShape(key, `must be ${expected}, not ${kindOf(value)}`);
}
