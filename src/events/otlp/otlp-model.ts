import { type Json } from '../reading/read-values.js';

/** Attributes by key, with OTLP's AnyValue already unwrapped: text, numbers, booleans, lists and objects. */
export type OtlpAttributes = Json;

/** One log record with what stands around it. */
export interface OtlpLogRecord {
  readonly resource: OtlpAttributes;
  readonly scope?: string;
  /** Epoch milliseconds of the event, or else of its observation; undefined when it has neither. */
  readonly time?: number;
  readonly severityNumber: number;
  readonly severityText?: string;
  readonly eventName?: string;
  readonly body: unknown;
  readonly attributes: OtlpAttributes;
  /** Hex; '' when absent. */
  readonly traceId: string;
  /** Hex; '' when absent. */
  readonly spanId: string;
}

/** One event of a span with what stands around it. */
export interface OtlpSpanEvent {
  readonly resource: OtlpAttributes;
  readonly scope?: string;
  readonly spanName?: string;
  readonly spanAttributes: OtlpAttributes;
  /** Epoch milliseconds. */
  readonly time?: number;
  readonly name: string;
  readonly attributes: OtlpAttributes;
  readonly traceId: string;
  readonly spanId: string;
  /** Set where the record stands for the span itself, which names its user: `alone` where it has no events. */
  readonly span?: 'alone' | 'withEvents';
}

/** Content of a request's body; `rejected` counts the log records or spans that are over the bound or unreadable. */
export type OtlpDecoded<T> =
  | {
      readonly ok: true;
      readonly records: readonly T[];
      readonly ignored: number;
      readonly rejected: number;
      /** Why, for the client; '' when none is rejected. */
      readonly rejectedReason: string;
    }
  | OtlpRefused;

/** A request of which nothing is taken. `malformed`: its bytes cannot be read; `invalid`: they hold something else; `too_large`: too much. */
export interface OtlpRefused {
  readonly ok: false;
  readonly outcome: 'malformed' | 'invalid' | 'too_large';
  readonly reason: string;
}

/** Result for one log record or span. */
export type OtlpFate = 'used' | 'ignored' | 'rejected';

/** Most log records or spans read of one request; exporters batch 512 by default. The rest is rejected in the answer. */
export const MAX_OTLP_RECORDS = 10_000;
/** Why those beyond it are rejected. */
export const TOO_MANY = `beyond ${MAX_OTLP_RECORDS} records of one request`;
/** Most resources and scopes, together, that records of one request stand in; a few bytes each, there could be millions that hold nothing. */
export const MAX_OTLP_GROUPS = 10_000;
/** Why a request with more of them is refused. */
export const TOO_MANY_GROUPS = `has more than ${MAX_OTLP_GROUPS} resources and scopes; send them in parts`;
/** Most attributes read of one record; the SDKs' own default limit is 128. Those of `READ_ANYWHERE` are read beyond it. */
export const MAX_ATTRIBUTES = 256;
/** Attributes with a meaning of their own here: without them an error loses its kind or its customer. */
export const READ_ANYWHERE: ReadonlySet<string> = new Set([
  'exception.type',
  'exception.message',
  'exception.stacktrace',
  'exception.escaped',
  'user.id',
  'user.email',
  'user.name',
  'enduser.id',
  'enduser.pseudo.id',
  'app.installation.id',
  'device.id',
  'client.address',
  'http.route',
  'http.request.method',
  'service.name',
  'service.version',
  'deployment.environment',
  'deployment.environment.name',
  'telemetry.sdk.language',
]);
/** Attributes that name a user. */
export const USER_KEYS = ['user.id', 'enduser.id', 'user.email', 'user.name'] as const;
/** Longest name of a scope or span, UTF-16 units; many records share it. */
export const MAX_NAME = 512;
/** Deepest nesting of a value read; deeper parts become null. */
export const MAX_VALUE_DEPTH = 16;
/** Nanoseconds in a millisecond. */
export const NANOS = 1e6;

/** An object without a prototype, so that no attribute name can mean anything but itself. */
export function emptyAttributes(): Json {
  return Object.create(null) as Json;
}

/** The record of a span that names its user, without its events. */
export function spanItself(
  span: Omit<OtlpSpanEvent, 'name' | 'attributes' | 'time' | 'span'>,
  events: number,
): OtlpSpanEvent {
  return { ...span, name: '', attributes: emptyAttributes(), span: events === 0 ? 'alone' : 'withEvents' };
}
