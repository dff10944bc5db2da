import { type Json } from '../reading/read-values.js';

/** Names by which clients before the present SDKs (raven) call parts of an event, and those of today. */
const OLD_NAMES = {
  'sentry.interfaces.User': 'user',
  'sentry.interfaces.Exception': 'exception',
  'sentry.interfaces.Message': 'logentry',
  'sentry.interfaces.Http': 'request',
  'sentry.interfaces.Stacktrace': 'stacktrace',
  'sentry.interfaces.Threads': 'threads',
  'sentry.interfaces.Template': 'template',
  'sentry.interfaces.Breadcrumbs': 'breadcrumbs',
} as const;

/** Tells whether a payload has a part by an old name. */
export function hasOldNames(raw: Json): boolean {
  return Object.keys(OLD_NAMES).some((name) => Object.hasOwn(raw, name));
}

/**
 * Puts the parts that go by old names under today's, where these are free: what is kept of a payload must not hold a
 * customer under a name that nobody looks for. Returns the payload itself when it has none, which costs a look for each name.
 */
export function inModernNames(raw: Json): Json {
  let named = raw;
  for (const old in OLD_NAMES) {
    if (!Object.hasOwn(raw, old)) continue;
    const name = OLD_NAMES[old as keyof typeof OLD_NAMES];
    const { [old]: part, ...rest } = named;
    named = { ...rest, [name]: rest[name] ?? part };
  }
  return named;
}
