import { createHash } from 'node:crypto';
import { identitiesOfUser } from '../../customers/identity.js';
import { featureName, traitName, type TraitPair, traitValue } from '../../customers/trait.js';
import { type AppEvent, type EventUser, type ExceptionValue, type Level } from '../event.js';
import { type ReadEvent } from '../protocol.js';
import { readEventId } from '../reading/event-id.js';
import { type OtlpAttributes, type OtlpLogRecord, type OtlpSpanEvent } from './otlp-model.js';
import { sampleOfShared } from './otlp-sample.js';
import { anyText, asObject, finite, type Json, scalarText, text } from '../reading/read-values.js';
import { MAX_SIGNATURE } from '../signature.js';
import { splitQualifiedType } from '../stack-text/stack-lines.js';
import { parseStackText, type StackLanguage } from '../stack-text/stack-text.js';
import { plausibleTime } from '../reading/time.js';
import { type SeenSpan } from '../telemetry.js';

/** Events made of an OTLP request, each with what it was made of. */
export interface OtlpEvents {
  readonly events: readonly ReadEvent[];
  /** Records that report no error: acknowledged and not used. */
  readonly ignored: number;
  /** Spans that name their user. */
  readonly spans?: readonly SeenSpan[];
  /** Log records or spans of which an error was reported but not read. */
  readonly rejected: number;
  /** Why the first of them was not; '' when there is none. */
  readonly rejectedReason: string;
}

/** One record's error cannot be taken; the message is for the client. */
class Unusable extends Error {}

/** Severity numbers of OpenTelemetry's log data model. */
const SEVERITY = { info: 9, warning: 13, error: 17, fatal: 21 } as const;
const MAX = { message: 8192, type: 256, name: 512, stack: 1 << 20, short: 250, tagKey: 200, tagValue: 200 } as const;
const MAX_TAGS = 100;
/** Records read in one step. */
const RECORDS_IN_A_STEP = 64;

/** `telemetry.sdk.language` where Sentry's platform has another name; other languages keep theirs. */
const PLATFORMS: Readonly<Record<string, string>> = { nodejs: 'node', webjs: 'javascript', dotnet: 'csharp' };
/** Languages that report a type with its package before it. */
const QUALIFIED: ReadonlySet<string> = new Set<StackLanguage>(['java', 'python', 'csharp']);
/** Attributes that are read into fields of their own, personal ones first, or that say nothing about customers. */
const NO_TAG = [
  'user.',
  'enduser.',
  'app.installation.id',
  'device.id',
  'client.address',
  'exception.',
  'telemetry.',
  'service.',
  'deployment.',
  'process.',
  'forewarn.',
];

/**
 * Events of log records: those of severity ERROR or worse and those that carry an exception (OpenTelemetry semantic
 * conventions, "Exceptions in logs"). `receivedAt` is epoch milliseconds. The same record always gives the same event id,
 * '' where it says too little to be known again.
 */
export function* readOtlpLogs(
  records: readonly OtlpLogRecord[],
  receivedAt: number,
): Generator<void, OtlpEvents, void> {
  const nextId = idGiver('log');
  const sampleOf = oncePerObject(sampleOfShared);
  const errors = records.filter(reportsError);
  const read = yield* readEach(
    errors,
    ({ attributes }) => attributes,
    (record) => {
      const { resource, attributes } = record;
      const parts = [record.spanId, record.severityNumber, bodyText(record.body)];
      const event = logEvent(record, nextId(record, parts, attributes, resource), receivedAt);
      return { event, payload: { ...record, resource: sampleOf(resource) } };
    },
  );
  return { ...read, ignored: records.length - errors.length };
}

/** Events of the span events named `exception` (semantic conventions, "Exceptions on spans"); as for logs. */
export function* readOtlpSpanEvents(
  records: readonly OtlpSpanEvent[],
  receivedAt: number,
): Generator<void, OtlpEvents, void> {
  const nextId = idGiver('span');
  const sampleOf = oncePerObject(sampleOfShared);
  const exceptions = records.filter((record) => record.name === 'exception' && hasException(record.attributes));
  const spans = records.filter(({ span }) => span !== undefined);
  const seen = spans.flatMap((span) => seenSpan(span, receivedAt) ?? []);
  const users = usersByTrace(seen);
  const read = yield* readEach(
    exceptions,
    ({ spanAttributes }) => spanAttributes,
    (record) => {
      const { resource, attributes, spanAttributes } = record;
      const id = nextId(record, [record.spanId], attributes, resource);
      const event = namedBy(users, spanEvent(record, id, receivedAt));
      return {
        event,
        payload: { ...record, resource: sampleOf(resource), spanAttributes: sampleOf(spanAttributes) },
      };
    },
  );
  const alone = spans.filter(({ span }) => span === 'alone').length;
  const used = seen.filter(({ counts }) => counts).length;
  const ignored = records.length - exceptions.length - spans.length + alone - used;
  return { ...read, ignored, spans: seen };
}

/** Reads the user of a span; undefined where it names nobody after all. */
function seenSpan(record: OtlpSpanEvent, receivedAt: number): SeenSpan | undefined {
  const { resource, spanAttributes, spanName, span } = record;
  const user = readUserOf(spanAttributes);
  if (user === undefined || identitiesOfUser(user).length === 0) return undefined;
  const feature = routeOf(spanAttributes) ?? spanName;
  const traits: TraitPair[] = [];
  const put = (name: string, value: string | undefined) => {
    if (value !== undefined) traits.push([name, value]);
  };
  put('release', traitValue(scalarText(resource['service.version'], MAX.short) ?? ''));
  put('service', traitValue(text(resource['service.name'], MAX.short) ?? ''));
  put('feature', feature === undefined ? undefined : featureName(feature));
  for (const [name, value] of flagsOf(spanAttributes)) put(name, value);
  const traceId = readEventId(record.traceId) || '';
  return { user, traceId, at: receivedAt, traits, counts: span === 'alone' };
}

/** The user whom a span names; undefined where its id has lost digits. */
function readUserOf(attributes: OtlpAttributes): EventUser | undefined {
  try {
    return readUser([attributes]);
  } catch (error) {
    if (error instanceof Unusable) return undefined;
    throw error;
  }
}

/** The feature flag that a span evaluated (semantic conventions, "Feature flags"), by today's names and those before. */
function flagsOf(attributes: OtlpAttributes): TraitPair[] {
  const key = text(attributes['feature_flag.key'], MAX.tagKey);
  const value = ['feature_flag.result.variant', 'feature_flag.variant', 'feature_flag.result.value']
    .map((name) => scalarText(attributes[name], MAX.tagValue))
    .find((one) => one !== undefined);
  const [name, variant] = [traitName(`flag.${key ?? ''}`), value === undefined ? undefined : traitValue(value)];
  return key === undefined || name === undefined || variant === undefined ? [] : [[name, variant]];
}

/** The user of each trace; null where its spans name several, since nobody can say then whose the error is. */
function usersByTrace(spans: readonly SeenSpan[]): Map<string, EventUser | null> {
  const users = new Map<string, EventUser | null>();
  const nameOf = ({ id, email, username }: EventUser) => id ?? email ?? username;
  for (const { traceId, user } of spans) {
    if (traceId === '') continue;
    const before = users.get(traceId);
    const isOther = before === null || (before !== undefined && nameOf(before) !== nameOf(user));
    users.set(traceId, isOther ? null : (before ?? user));
  }
  return users;
}

/** An error whose own span names nobody is that of the user whom other spans of its trace name. */
function namedBy(users: ReadonlyMap<string, EventUser | null>, event: AppEvent): AppEvent {
  const user = event.traceId === undefined ? undefined : users.get(event.traceId);
  if (!user || (event.user && identitiesOfUser(event.user).length > 0)) return event;
  return { ...event, user: { ...user, ipAddress: event.user?.ipAddress } };
}

/** Reads an event again from its payload, a log record or an event of a span; undefined where its customer cannot be told. */
export function readOtlpPayload(payload: Json, receivedAt: number): AppEvent | undefined {
  const attributes = asObject(payload.attributes) ?? {};
  const resource = asObject(payload.resource) ?? {};
  const around = {
    resource,
    attributes,
    scope: text(payload.scope, MAX.name),
    time: finite(payload.time),
    traceId: text(payload.traceId, 32) ?? '',
    spanId: text(payload.spanId, 32) ?? '',
  };
  try {
    const spanAttributes = asObject(payload.spanAttributes);
    if (spanAttributes) {
      const spanName = text(payload.spanName, MAX.name);
      return spanEvent({ ...around, name: 'exception', spanName, spanAttributes }, '', receivedAt);
    }
    const severityNumber = finite(payload.severityNumber) ?? 0;
    const severityText = text(payload.severityText, 64);
    return logEvent({ ...around, severityNumber, severityText, body: payload.body }, '', receivedAt);
  } catch (error) {
    if (error instanceof Unusable) return undefined;
    throw error;
  }
}

/** @throws Unusable */
function logEvent(record: OtlpLogRecord, eventId: string, receivedAt: number): AppEvent {
  const { resource, attributes } = record;
  return toEvent([attributes, resource], resource, readExceptions(attributes, resource), {
    eventId,
    occurredAt: plausibleTime(record.time, receivedAt),
    level: levelOf(record),
    message: bodyText(record.body),
    logger: record.scope,
    transaction: routeOf(attributes),
    traceId: readEventId(record.traceId) || undefined,
  });
}

/** @throws Unusable */
function spanEvent(record: OtlpSpanEvent, eventId: string, receivedAt: number): AppEvent {
  const { resource, attributes, spanAttributes } = record;
  return toEvent([attributes, spanAttributes, resource], resource, readExceptions(attributes, resource), {
    eventId,
    occurredAt: plausibleTime(record.time, receivedAt),
    level: 'error',
    logger: record.scope,
    transaction: routeOf(spanAttributes) ?? record.spanName,
    traceId: readEventId(record.traceId) || undefined,
  });
}

/**
 * Reads record by record, so that one which cannot be read costs no other. `unitOf` is the same for records that a client
 * counts as one: the events of a span.
 */
function* readEach<T>(
  records: readonly T[],
  unitOf: (record: T) => object,
  read: (record: T) => Omit<ReadEvent, 'position'>,
): Generator<void, Omit<OtlpEvents, 'ignored'>, void> {
  const events: ReadEvent[] = [];
  const rejected = new Set<object>();
  let rejectedReason = '';
  for (const [at, record] of records.entries()) {
    if (at > 0 && at % RECORDS_IN_A_STEP === 0) yield;
    try {
      events.push({ position: at + 1, ...read(record) });
    } catch (error) {
      rejected.add(unitOf(record));
      rejectedReason ||= error instanceof Unusable ? error.message : 'a record could not be read';
    }
  }
  return { events, rejected: rejected.size, rejectedReason };
}

type Own = Pick<AppEvent, 'eventId' | 'occurredAt' | 'level' | 'message' | 'logger' | 'transaction' | 'traceId'>;
interface Stack {
  readonly platform: string;
  readonly exceptions: readonly ExceptionValue[];
}

/** `nearestFirst` are the attributes around the event, the closest first. */
function toEvent(nearestFirst: readonly OtlpAttributes[], resource: OtlpAttributes, stack: Stack, own: Own): AppEvent {
  const service = text(resource['service.name'], MAX.short);
  return {
    ...own,
    ...stack,
    logger: text(own.logger, MAX.name),
    transaction: text(own.transaction, MAX.name),
    release: scalarText(resource['service.version'], MAX.short),
    environment:
      text(resource['deployment.environment.name'], 64) ?? text(resource['deployment.environment'], 64) ?? 'production',
    service: service?.startsWith('unknown_service') ? undefined : service,
    user: readUser(nearestFirst),
    tags: readTags(nearestFirst),
  };
}

function reportsError(record: OtlpLogRecord): boolean {
  return severityOf(record) >= SEVERITY.error || hasException(record.attributes);
}

function hasException(attributes: OtlpAttributes): boolean {
  return attributes['exception.type'] !== undefined || attributes['exception.message'] !== undefined;
}

/** The severity number, or one from the text where an app set only that. */
function severityOf({ severityNumber, severityText }: OtlpLogRecord): number {
  if (severityNumber > 0 || severityText === undefined) return severityNumber;
  const named = severityText.toUpperCase();
  if (named === 'FATAL' || named === 'CRITICAL' || named === 'EMERGENCY') return SEVERITY.fatal;
  return named === 'ERROR' || named === 'SEVERE' ? SEVERITY.error : 0;
}

function levelOf(record: OtlpLogRecord): Level {
  const severity = severityOf(record);
  if (severity >= SEVERITY.fatal) return 'fatal';
  if (severity >= SEVERITY.error || severity <= 0) return 'error';
  if (severity >= SEVERITY.warning) return 'warning';
  return severity >= SEVERITY.info ? 'info' : 'debug';
}

function bodyText(body: unknown): string | undefined {
  return body === null || body === undefined ? undefined : anyText(body, MAX.message);
}

/** The exception with its causes from the stack text; the attributes name the outermost one. */
function readExceptions(attributes: OtlpAttributes, resource: OtlpAttributes): Stack {
  const stack = text(attributes['exception.stacktrace'], MAX.stack);
  const parsed = stack ? parseStackText(stack) : { exceptions: [] };
  const language = text(resource['telemetry.sdk.language'], 64);
  const platform = (language && Object.hasOwn(PLATFORMS, language) ? PLATFORMS[language] : language) ?? parsed.language;
  const outermost = parsed.exceptions.at(-1);
  const exceptions: ExceptionValue[] = parsed.exceptions.slice(0, -1);
  if (outermost || hasException(attributes)) {
    const type = scalarText(attributes['exception.type'], MAX.type);
    const named = QUALIFIED.has(platform ?? '') ? splitQualifiedType(type) : { type };
    exceptions.push({
      type: named.type ?? outermost?.type,
      value: scalarText(attributes['exception.message'], MAX.message) ?? outermost?.value,
      module: named.module ?? outermost?.module,
      mechanism: attributes['exception.escaped'] === true ? { handled: false } : undefined,
      frames: outermost?.frames ?? [],
    });
  }
  return { platform: platform ?? 'other', exceptions };
}

/** Method and route as OpenTelemetry's HTTP conventions name them, `POST /pay/{id}`. */
function routeOf(attributes: OtlpAttributes): string | undefined {
  const route = text(attributes['http.route'], MAX.name);
  const method = text(attributes['http.request.method'], 16);
  return route && method ? `${method} ${route}` : route;
}

/** @throws Unusable where the id has lost digits: whoever shares the others would be taken for the same customer */
function readUser(nearestFirst: readonly OtlpAttributes[]): EventUser | undefined {
  const first = (...keys: string[]): string | undefined => {
    for (const attributes of nearestFirst) {
      for (const key of keys) {
        const value = scalarText(attributes[key], 256);
        if (value === undefined) continue;
        if (isInexact(attributes[key])) throw new Unusable(`${key} is a number beyond 2^53; send it as text`);
        return value;
      }
    }
    return undefined;
  };
  const user = {
    id: first('user.id', 'enduser.id'),
    email: first('user.email'),
    username: first('user.name'),
    device: first('app.installation.id', 'device.id', 'enduser.pseudo.id'),
    signature: first('forewarn.signature')?.slice(0, MAX_SIGNATURE),
  };
  const ipAddress = first('client.address');
  return (user.id ?? user.email ?? user.username ?? user.device ?? ipAddress) === undefined
    ? undefined
    : { ...user, ipAddress };
}

function isInexact(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER;
}

function readTags(nearestFirst: readonly OtlpAttributes[]): Record<string, string> {
  const tags: Record<string, string> = {};
  let left = MAX_TAGS;
  for (const attributes of nearestFirst) {
    for (const key in attributes) {
      if (left <= 0 || key === '__proto__' || NO_TAG.some((prefix) => key.startsWith(prefix))) continue;
      const name = text(key, MAX.tagKey);
      const value = scalarText(attributes[key], MAX.tagValue);
      if (name === undefined || value === undefined || Object.hasOwn(tags, name)) continue;
      tags[name] = value;
      left--;
    }
  }
  return tags;
}

type IdGiver = (
  record: Pick<OtlpLogRecord, 'traceId' | 'time'>,
  parts: readonly unknown[],
  ...attributes: OtlpAttributes[]
) => string;

/**
 * Gives records an id of their content, so that a request sent again changes nothing; equal records in one request are told
 * apart by their order. Attributes that records share, such as their resource's, are hashed once. A record that has neither a
 * time nor a trace id gets '': the same error again looks just like the same record again, so it counts anew, and a resend
 * of it counts twice.
 */
function idGiver(signal: string): IdGiver {
  const seen = new Map<string, number>();
  const digestOf = oncePerObject(attributesDigest);
  return ({ traceId, time }, parts, ...attributes) => {
    if (time === undefined && !/[^0]/.test(traceId)) return '';
    const hash = createHash('sha256').update(signal);
    for (const part of [traceId, time, ...parts]) hash.update(`\n${scalarText(part, MAX.message) ?? ''}`);
    for (const object of attributes) hash.update(`\n${digestOf(object)}`);
    const id = hash.digest('hex').slice(0, 32);
    const before = seen.get(id) ?? 0;
    seen.set(id, before + 1);
    return before === 0 ? id : createHash('sha256').update(`${id}#${before}`).digest('hex').slice(0, 32);
  };
}

function attributesDigest(attributes: OtlpAttributes): string {
  const hash = createHash('sha256');
  for (const key in attributes) hash.update(`\n${key}=${anyText(attributes[key], MAX.stack) ?? ''}`);
  return hash.digest('hex');
}

/** Remembers what `make` gave for an object: records of one request share theirs, and a resource may be megabytes large. */
function oncePerObject<T>(make: (object: OtlpAttributes) => T): (object: OtlpAttributes) => T {
  const made = new Map<OtlpAttributes, T>();
  return (object) => {
    let result = made.get(object);
    if (result === undefined) made.set(object, (result = make(object)));
    return result;
  };
}
