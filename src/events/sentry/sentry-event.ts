import { readEventId } from '../reading/event-id.js';
import { readContextTraits } from './contexts.js';
import { formatMessage } from './format-message.js';
import { anyText, asList, asObject, type Json, scalarText, text } from '../reading/read-values.js';
import { readExceptions, readStack } from './sentry-exceptions.js';
import { MAX_SIGNATURE, SIGNATURE_KEY } from '../signature.js';
import { readTimestamp } from '../reading/time.js';
import { type AppEvent, type EventUser, type Level } from '../event.js';

/** Longest strings kept, UTF-16 units. Messages as Sentry's own limit (8192); names and tags are ours. */
const MAX = { message: 8192, name: 512, release: 250, environment: 64, user: 256, tagKey: 200, tagValue: 200 } as const;
/** Most tags kept of an event, so that a flood of tags costs a bounded amount. */
const MAX_TAGS = 100;
/** Most parts kept of the app's own fingerprint. */
const MAX_FINGERPRINT = 16;

/**
 * Reads one Sentry event payload of any SDK and age into the shape that every later step works on. Lenient: a field
 * of a wrong type is as if it were missing, and no JSON value makes it throw.
 *
 * Long stacks keep their 100 newest and 10 oldest frames, long chains the 10 innermost and 40 outermost exceptions.
 * `receivedAt` is epoch milliseconds; an event time more than 30 days before or 5 minutes after it becomes it.
 * The id of the envelope header wins over the payload's; without a valid one `eventId` is '' and the caller decides.
 */
export function readSentryEvent(raw: Json, receivedAt: number, eventIdFromHeader?: string): AppEvent {
  const event = asObject(raw) ?? {};
  const tags = readTags(event.tags);
  const contexts = asObject(event.contexts);
  const exceptions = readExceptions(event);
  return {
    eventId: readEventId(eventIdFromHeader) || readEventId(event.event_id),
    occurredAt: readTimestamp(event.timestamp, receivedAt),
    platform: text(event.platform, 64) ?? 'other',
    level: readLevel(event.level),
    ...readMessage(event),
    exceptions,
    stack: exceptions.length > 0 ? undefined : readStack(event),
    logger: text(event.logger, MAX.name),
    transaction: text(event.transaction, MAX.name),
    release: scalarText(event.release, MAX.release),
    environment: scalarText(event.environment, MAX.environment) ?? 'production',
    service: tags.service ?? serviceOf(contexts),
    user: withSignature(withDevice(readUser(event.user), event), takeSignature(tags)),
    tags,
    fingerprint: readFingerprint(event.fingerprint),
    traits: readContextTraits(contexts),
    traceId: traceOf(contexts),
  };
}

/** A level by any name or number that SDKs use for it; `error` when it is missing or unknown. */
export function readLevel(value: unknown): Level {
  if (typeof value === 'number') return levelOfNumber(value);
  switch (typeof value === 'string' ? value.toLowerCase() : undefined) {
    case 'fatal':
    case 'critical':
      return 'fatal';
    case 'warning':
    case 'warn':
      return 'warning';
    case 'info':
    case 'log':
      return 'info';
    case 'debug':
    case 'trace':
      return 'debug';
    default:
      return 'error';
  }
}

/** As Python's logging counts, which has debug at 10, then a level every 10 up to fatal at 50, and apps' own between. */
function levelOfNumber(value: number): Level {
  if (value >= 50) return 'fatal';
  if (value >= 40 || value <= 0) return 'error';
  if (value >= 30) return 'warning';
  return value >= 20 ? 'info' : 'debug';
}

/** Tags from an object or from a list of pairs; at most 100, empty and nested values left out. */
export function readTags(value: unknown): Record<string, string> {
  const tags: Record<string, string> = {};
  let left = MAX_TAGS;
  const put = (key: unknown, tag: unknown): void => {
    const name = scalarText(key, MAX.tagKey);
    const content = scalarText(tag, MAX.tagValue);
    if (left <= 0 || name === undefined || content === undefined || name === '__proto__') return;
    tags[name] = content;
    left--;
  };
  const list = asList(value);
  if (list) {
    for (const pair of list) if (Array.isArray(pair)) put(pair[0], pair[1]);
    return tags;
  }
  const object = asObject(value);
  for (const key in object) put(key, object[key]);
  return tags;
}

/** The user with the fields that are there; undefined when the app named none of them. */
export function readUser(value: unknown): EventUser | undefined {
  const user = asObject(value);
  if (!user) return undefined;
  const id = unlessBlank(scalarText(user.id, MAX.user));
  const email = unlessBlank(text(user.email, MAX.user));
  const username = unlessBlank(scalarText(user.username, MAX.user));
  const ip = text(user.ip_address, 64);
  const ipAddress = ip === '{{auto}}' ? undefined : ip;
  const phone = unlessBlank(scalarText(user.phone ?? asObject(user.data)?.['phone'], 32));
  const device = unlessBlank(scalarText(user.device ?? asObject(user.data)?.['device'], MAX.user));
  return (id ?? email ?? phone ?? username ?? ipAddress ?? device) === undefined
    ? undefined
    : { id, email, phone, username, device, ipAddress, name: text(user.name, MAX.user), signature: signatureIn(user) };
}

/** SDKs send what they do not know of a user beside its id; servers of Sentry's move it to `data`. */
function signatureIn(user: Json): string | undefined {
  return text(user[SIGNATURE_KEY], MAX_SIGNATURE) ?? text(asObject(user.data)?.[SIGNATURE_KEY], MAX_SIGNATURE);
}

/** A user with the id of the installation that mobile SDKs send (`contexts.app.device_app_hash`), unless the app gave a device of its own. */
function withDevice(user: EventUser | undefined, event: Json): EventUser | undefined {
  const hash = scalarText(asObject(asObject(event.contexts)?.['app'])?.['device_app_hash'], MAX.user);
  const device = unlessBlank(hash);
  return device === undefined || user?.device !== undefined ? user : { ...user, device };
}

/** A user with the signature that stood elsewhere in the event, unless it has one of its own. */
export function withSignature(user: EventUser | undefined, signature: string | undefined): EventUser | undefined {
  return user && signature !== undefined && user.signature === undefined ? { ...user, signature } : user;
}

/** Takes the signature out of tags: it is for us and for nobody to read. */
export function takeSignature(tags: Record<string, string>): string | undefined {
  const signature = tags[SIGNATURE_KEY];
  delete tags[SIGNATURE_KEY];
  return signature?.slice(0, MAX_SIGNATURE);
}

/** Blanks are nobody's id: those who share them have nothing else in common. */
function unlessBlank(value: string | undefined): string | undefined {
  return value?.trim() === '' ? undefined : value;
}

function readMessage(event: Json): Pick<AppEvent, 'message' | 'messageTemplate'> {
  const entry = asObject(event.logentry) ?? asObject(event.message);
  const plain = text(event.message, MAX.message);
  if (!entry) return { message: plain };
  const template = text(entry.message, MAX.message);
  const formatted = text(entry.formatted, MAX.message);
  const message = formatted ?? (template ? formatMessage(template, entry.params, MAX.message) : undefined) ?? plain;
  return template === message ? { message } : { message, messageTemplate: template };
}

function readFingerprint(value: unknown): readonly string[] | undefined {
  const list = asList(value) ?? (typeof value === 'string' ? [value] : []);
  const parts: string[] = [];
  for (let i = 0; i < list.length && parts.length < MAX_FINGERPRINT; i++) {
    const part = anyText(list[i], MAX.name);
    if (part !== undefined) parts.push(part);
  }
  return parts.length > 0 ? parts : undefined;
}

function serviceOf(contexts: Json | undefined): string | undefined {
  return text(asObject(asObject(contexts?.otel)?.resource)?.['service.name'], MAX.tagValue);
}

function traceOf(contexts: Json | undefined): string | undefined {
  return readEventId(asObject(contexts?.trace)?.trace_id) || undefined;
}
