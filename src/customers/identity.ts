import { type CustomerEntry, type Identity } from './customer.js';

/**
 * Values that stand in many apps' user ids for nobody in particular: placeholders of frameworks and languages, what scrubbing left, and names
 * of test accounts. One customer of such a value would be everybody without a name. After the lists that analytics products ship for the
 * same reason (Amplitude: invalid user ids; PostHog: illegal distinct ids; Segment: blocked values), November 2026.
 */
const NOBODY: ReadonlySet<string> = new Set([
  ...['[filtered]', '[redacted]', '[removed]', '[masked]', '[scrubbed]', '[email]', '[ip]', '********', '***', '****'],
  ...['undefined', 'null', '(null)', '<null>', 'nil', '<nil>', 'none', 'nan', 'n/a', 'false', 'true'],
  ...['[object object]', '{}', '[]', '-', '0', '-1', '0.0'],
  ...['anonymous', 'anonymoususer', 'anonymous user', 'anonymous_user', 'anon', 'guest', 'guestuser', 'guest user'],
  ...[
    'unknown',
    'unknown user',
    'nobody',
    'visitor',
    'not_authenticated',
    'unauthenticated',
    'logged_out',
    'not set',
    '(not set)',
  ],
  ...['id', 'userid', 'user_id', 'user id', 'user', 'email', 'username', 'distinct_id', 'distinctid', 'customerid'],
  ...[
    'test',
    'testuser',
    'test user',
    'test_user',
    'test-user',
    'test@test.com',
    'test@example.com',
    'user@example.com',
  ],
  ...['{{user.id}}', '{{user_id}}', '${user.id}', '%s', '%user_id%', ':id', '{id}', '{user_id}', '$user'],
  ...[
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    '00000000000000000000000000000000',
  ],
]);

/** One form for each name, so that composed and decomposed letters (NFC and NFD) name the same customer. */
export function normalName(value: string): string {
  return value.trim().normalize('NFC');
}

/** An e-mail address in the one form in which we compare it. */
export function normalEmail(value: string): string {
  return normalName(value).toLowerCase();
}

/** True for a value that names nobody in particular, such as `null`, `0` or `anonymous`. */
export function isNobody(value: string): boolean {
  return value.trim() === '' || NOBODY.has(value.trim().toLowerCase());
}

/** What an app says of a user. */
export interface UserNames {
  readonly id?: string;
  readonly email?: string;
  readonly username?: string;
}

/** The identities of a user, strongest first, without those that are nobody's. An IP address names a household or an office, never a customer. */
export function identitiesOfUser({ id, email, username }: UserNames): Identity[] {
  const identities: Identity[] = [];
  if (id !== undefined && !isNobody(id)) identities.push({ kind: 'id', value: normalName(id) });
  if (email !== undefined && !isNobody(email)) identities.push({ kind: 'email', value: normalEmail(email) });
  if (username !== undefined && !isNobody(username)) identities.push({ kind: 'username', value: normalName(username) });
  return identities;
}

/** The names that a directory entry gives beside the id. */
export function namesOfEntry(entry: CustomerEntry): Identity[] {
  return [
    ...(entry.email ? [{ kind: 'email' as const, value: normalEmail(entry.email) }] : []),
    ...(entry.phone ? [{ kind: 'phone' as const, value: entry.phone }] : []),
    ...(entry.usernames ?? []).map((value) => ({ kind: 'username' as const, value })),
    ...(entry.devices ?? []).map((value) => ({ kind: 'device' as const, value })),
  ];
}
