import { identitiesOfUser } from '../../customers/identity.js';
import { featureName, type TraitPair, traitValue } from '../../customers/trait.js';
import { type EventUser } from '../event.js';
import { readEventId } from '../reading/event-id.js';
import { asList, asObject, type Json, scalarText } from '../reading/read-values.js';
import { readTimestamp } from '../reading/time.js';
import { MAX_SIGNATURE } from '../signature.js';
import { type SeenSpan } from '../telemetry.js';

/** Different users and features read of one item; SDKs send a hundred spans in one. */
const MOST_SEEN = 100;
/** Operations that a user asked for; what happens below them, such as a query, is no feature. */
const ASKED_FOR = ['http.server', 'pageload', 'navigation', 'ui.load', 'ui.action', 'rpc', 'function'] as const;

type Attribute = (key: string, max: number) => string | undefined;

/**
 * Users whom the spans of a `span` item name, each once with each feature: SDKs since version 11 send spans as they end (develop.sentry.dev, "Span
 * Protocol", version 2). The first of them stands for the item. Empty where none names a user.
 */
export function readSeenSpans(raw: Json, receivedAt: number): SeenSpan[] {
  const seen = new Map<string, SeenSpan>();
  for (const item of asList(raw.items) ?? []) {
    const span = asObject(item);
    const attributes = asObject(span?.attributes);
    if (!span || !attributes || seen.size >= MOST_SEEN) continue;
    const at: Attribute = (key, max) => scalarText(asObject(attributes[key])?.value, max);
    const user = readUser(at);
    if (identitiesOfUser(user).length === 0) continue;
    const traceId = readEventId(span.trace_id) || '';
    const traits = readTraits(span, at);
    const key = JSON.stringify([user.id, user.email, user.username, traceId, traits]);
    const counts = seen.size === 0;
    if (!seen.has(key))
      seen.set(key, { user, traceId, at: readTimestamp(span.end_timestamp, receivedAt), traits, counts });
  }
  return [...seen.values()];
}

function readUser(at: Attribute): EventUser {
  return {
    id: at('user.id', 256),
    email: at('user.email', 256),
    username: at('user.name', 256),
    signature: at('forewarn.signature', MAX_SIGNATURE),
  };
}

function readTraits(span: Json, at: Attribute): TraitPair[] {
  const traits: TraitPair[] = [];
  const put = (name: string, value: string | undefined) => {
    if (value !== undefined) traits.push([name, value]);
  };
  put('release', traitValue(at('sentry.release', 250) ?? ''));
  put('environment', traitValue(at('sentry.environment', 64) ?? ''));
  put('service', traitValue(at('service.name', 200) ?? ''));
  const asked = span.is_segment === true || (ASKED_FOR as readonly unknown[]).includes(at('sentry.op', 64));
  const name = at('http.route', 512) ?? (asked ? scalarText(span.name, 512) : undefined);
  put('feature', name === undefined ? undefined : featureName(name));
  for (const key of ['os', 'browser', 'device'] as const) {
    const value = at(key === 'device' ? 'device.family' : `${key}.name`, 120);
    put(key, value === undefined ? undefined : traitValue(value));
  }
  return traits;
}
