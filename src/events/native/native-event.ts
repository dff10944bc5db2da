import { createHash } from 'node:crypto';
import { readEventId } from '../reading/event-id.js';
import { Fields } from '../reading/fields.js';
import { asList, asObject, scalarText } from '../reading/read-values.js';
import { keepEnds, MAX_NEWEST_FRAMES, MAX_OLDEST_FRAMES } from '../sentry/sentry-exceptions.js';
import { parseStackText } from '../stack-text/stack-text.js';
import { parseTime, plausibleTime } from '../reading/time.js';
import { type AppEvent, type EventUser, type ExceptionValue, type Frame, type Level } from '../event.js';
import { readTags, takeSignature, withSignature } from '../sentry/sentry-event.js';
import { MAX_SIGNATURE } from '../signature.js';

/** Result of reading one native event; `reason` says what is wrong, where, and what to send instead. */
export type NativeResult =
  { readonly ok: true; readonly event: AppEvent } | { readonly ok: false; readonly reason: string };

const LEVELS: readonly Level[] = ['fatal', 'error', 'warning', 'info', 'debug'];
/** Longest strings kept, UTF-16 units; as of Sentry events. */
const MAX = { id: 200, message: 8192, stack: 1 << 20, type: 256, name: 512, path: 1024, short: 250 } as const;
/** Deepest chain of causes read; below it a chain is no longer of use to anybody. */
const MAX_CAUSES = 50;
const MAX_FINGERPRINT = 16;

const RENAMED = {
  user: 'customer',
  customerId: 'customer',
  user_id: 'customer',
  event_id: 'id',
  eventId: 'id',
  time: 'timestamp',
  error: 'exception',
  msg: 'message',
  severity: 'level',
  env: 'environment',
  version: 'release',
  stacktrace: 'stack',
} as const;

/**
 * Reads one event of `POST /v1/events`. Strict, unlike the Sentry reader: this format is ours and written by hand, so a
 * misspelt key or a wrong type is answered rather than lost. Never throws.
 *
 * A message or an exception is needed; all else is optional:
 * `{id, timestamp, level, message, type, stack, exception: {type, message, module, stack, frames, handled, cause},
 *   customer: "id" | {id, email, phone, username, device, ipAddress}, signature, release, environment, service, platform, logger,
 *   transaction, tags: {}, fingerprint: [], traceId}`.
 * `stack` is stack text of any language we read, `frames` run from the oldest call to the newest; `type` and `stack` beside
 * `message` are short for an exception. `id` is any text that is the same when the event is sent again; without one
 * `eventId` is '' and the caller decides. A `timestamp` that is impossible at `receivedAt` (epoch ms) becomes it.
 */
export function readNativeEvent(raw: unknown, receivedAt: number): NativeResult {
  const problems: string[] = [];
  const fields = Fields.of(raw, '', problems, RENAMED);
  if (!fields) return { ok: false, reason: problems[0]! };
  const event = readEvent(fields, receivedAt, problems);
  fields.finish();
  if (problems.length === 0 && event.message === undefined && event.exceptions.length === 0) {
    problems.push('an event needs a "message" or an "exception"');
  }
  return problems[0] === undefined ? { ok: true, event } : { ok: false, reason: problems[0] };
}

function readEvent(fields: Fields, receivedAt: number, problems: string[]): AppEvent {
  const message = fields.text('message', MAX.message);
  const tags = readTagObject(fields);
  const signature = fields.text('signature', MAX_SIGNATURE) ?? takeSignature(tags);
  const exceptions = readChain(fields, message, problems);
  return {
    eventId: toEventId(fields.id('id', Infinity)),
    occurredAt: readTime(fields, receivedAt),
    platform: fields.text('platform', 64) ?? 'other',
    level: readLevel(fields),
    message,
    exceptions,
    logger: fields.text('logger', MAX.name),
    transaction: fields.text('transaction', MAX.name),
    release: fields.id('release', MAX.short),
    environment: fields.text('environment', 64) ?? 'production',
    service: fields.text('service', MAX.short),
    user: withSignature(readCustomer(fields, problems), signature),
    tags,
    fingerprint: readFingerprint(fields),
    traceId: readEventId(fields.text('traceId', 36)) || undefined,
  };
}

/** An id of any form and length as 32 hex digits; the same text always gives the same id. */
function toEventId(id: string | undefined): string {
  if (id === undefined) return '';
  return readEventId(id) || createHash('sha256').update(`native\n${id}`).digest('hex').slice(0, 32);
}

function readTime(fields: Fields, receivedAt: number): number {
  const value = fields.value('timestamp');
  if (value === undefined) return receivedAt;
  const time = parseTime(value);
  if (time === undefined) fields.expect('timestamp', 'a time as 2026-11-22T12:00:00Z or as epoch seconds', value);
  return plausibleTime(time, receivedAt);
}

function readLevel(fields: Fields): Level {
  const value = fields.text('level', 16);
  if (value === undefined) return 'error';
  const level = LEVELS.find((known) => known === value);
  if (!level) fields.expect('level', `one of ${LEVELS.join(', ')}`, value);
  return level ?? 'error';
}

/** The key `customer`: an id, or an object with the names that an app has. */
export function readCustomer(fields: Fields, problems: string[]): EventUser | undefined {
  const value = fields.value('customer');
  if (value === undefined) return undefined;
  if (!asObject(value)) {
    const id = typeof value === 'string' || typeof value === 'number' ? fields.id('customer', MAX.id) : undefined;
    if (id === undefined) fields.expect('customer', 'an id or an object such as {"id": "c-17"}', value);
    return id === undefined ? undefined : { id };
  }
  const customer = Fields.of(value, 'customer', problems, { ip: 'ipAddress', ip_address: 'ipAddress', mail: 'email' });
  if (!customer) return undefined;
  const user: EventUser = {
    id: customer.id('id', MAX.id),
    email: customer.text('email', MAX.short),
    phone: customer.text('phone', 32),
    username: customer.text('username', MAX.short),
    device: customer.id('device', MAX.id),
    ipAddress: customer.text('ipAddress', 64),
    signature: customer.text('signature', MAX_SIGNATURE),
  };
  customer.finish();
  return Object.values(user).some((part) => part !== undefined) ? user : undefined;
}

function readTagObject(fields: Fields): Record<string, string> {
  const value = fields.value('tags');
  if (value === undefined) return {};
  const tags = asObject(value);
  if (!tags) fields.expect('tags', 'an object of short texts', value);
  for (const key in tags) {
    const tag = tags[key];
    if (typeof tag !== 'object' || tag === null) continue;
    fields.expect(`tags.${key.slice(0, 64)}`, 'text, a number or true or false', tag);
    break;
  }
  return readTags(tags);
}

function readFingerprint(fields: Fields): readonly string[] | undefined {
  const value = fields.value('fingerprint');
  if (value === undefined) return undefined;
  const parts = (asList(value) ?? [undefined]).slice(0, MAX_FINGERPRINT).map((part) => scalarText(part, MAX.name));
  if (parts.includes(undefined)) fields.expect('fingerprint', 'a list of texts', value);
  const kept = parts.filter((part) => part !== undefined);
  return kept.length > 0 ? kept : undefined;
}

/** `exception` with its causes, or the short form: `type` and `stack` beside the message. */
function readChain(fields: Fields, message: string | undefined, problems: string[]): ExceptionValue[] {
  const type = fields.text('type', MAX.type);
  const stack = fields.text('stack', MAX.stack);
  const outermostFirst: ExceptionValue[][] = [];
  let value = fields.value('exception');
  if (value === undefined) return type || stack ? fromStack({ type, value: message, frames: [] }, stack) : [];
  let path = 'exception';
  for (let depth = 0; value !== undefined && depth < MAX_CAUSES; depth++) {
    const member = Fields.of(value, path, problems, { value: 'message', stacktrace: 'stack', name: 'type' });
    if (!member) break;
    outermostFirst.push(readException(member, path, problems));
    value = member.value('cause');
    member.finish();
    path = `${path}.cause`;
  }
  return outermostFirst.reverse().flat();
}

function readException(member: Fields, path: string, problems: string[]): ExceptionValue[] {
  const handled = member.boolean('handled');
  const named: ExceptionValue = {
    type: member.text('type', MAX.type),
    value: member.text('message', MAX.message),
    module: member.text('module', MAX.name),
    mechanism: handled === undefined ? undefined : { handled },
    frames: readFrames(member, path, problems),
  };
  const stack = member.text('stack', MAX.stack);
  if (named.type === undefined && named.value === undefined && stack === undefined && named.frames.length === 0) {
    problems.push(`"${path}" needs a "type", a "message" or a "stack"`);
  }
  return fromStack(named, stack);
}

/** The exceptions of a stack text, of which the outermost takes what the app named itself. */
function fromStack(named: ExceptionValue, stack: string | undefined): ExceptionValue[] {
  const parsed = stack && named.frames.length === 0 ? parseStackText(stack).exceptions : [];
  const outermost = parsed.at(-1);
  if (!outermost) return [named];
  return [
    ...parsed.slice(0, -1),
    {
      type: named.type ?? outermost.type,
      value: named.value ?? outermost.value,
      module: named.module ?? outermost.module,
      mechanism: named.mechanism,
      frames: outermost.frames,
    },
  ];
}

function readFrames(member: Fields, path: string, problems: string[]): Frame[] {
  const value = member.value('frames');
  if (value === undefined) return [];
  const list = asList(value);
  if (!list) member.expect('frames', 'a list of objects, the oldest call first', value);
  const kept = keepEnds(list ?? [], MAX_OLDEST_FRAMES, MAX_NEWEST_FRAMES);
  return kept.flatMap((item, i) => {
    const frame = Fields.of(item, `${path}.frames[${i}]`, problems, {
      file: 'filename',
      line: 'lineno',
      name: 'function',
    });
    return frame ? [readFrame(frame)] : [];
  });
}

function readFrame(frame: Fields): Frame {
  const read: Frame = {
    module: frame.text('module', MAX.name),
    function: frame.text('function', MAX.name),
    filename: frame.text('filename', MAX.path),
    absPath: frame.text('absPath', MAX.path),
    lineno: frame.natural('lineno'),
    colno: frame.natural('colno'),
    inApp: frame.boolean('inApp'),
  };
  frame.finish();
  return read;
}
