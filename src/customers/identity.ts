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
  ...[
    'no user',
    'nouser',
    'no_user',
    'not logged in',
    'not_logged_in',
    'notloggedin',
    'logged out',
    'public',
    'default',
    'empty',
    'missing',
  ],
  ...[
    'demo',
    'dummy',
    'foo',
    'bar',
    'foobar',
    'foo@bar.com',
    'asdf',
    'xxx',
    'xxxx',
    'placeholder',
    'example',
    'test1',
    'test123',
  ],
  ...[
    'test@test.de',
    'test@localhost',
    'admin@example.com',
    'noreply@example.com',
    'anonymous@example.com',
    'null@null.com',
    'a@a.com',
  ],
  ...[
    'anonym',
    'gast',
    'unbekannt',
    'keine',
    'kein',
    'niemand',
    'nicht angemeldet',
    'anonyme',
    'invité',
    'invite',
    'inconnu',
    'aucun',
  ],
  ...[
    'anónimo',
    'anonimo',
    'invitado',
    'desconocido',
    'ninguno',
    'ospite',
    'sconosciuto',
    'nessuno',
    'anônimo',
    'convidado',
    'desconhecido',
  ],
  ...['onbekend', 'anoniem', 'nieznany', 'anonimowy', 'gość', 'okänd', 'gäst', 'anonim', 'misafir', 'bilinmeyen'],
  ...[
    'аноним',
    'гость',
    'неизвестно',
    'неизвестный',
    'нет',
    '匿名',
    '匿名用户',
    '匿名使用者',
    '游客',
    '访客',
    '訪客',
    '未知',
    '未登录',
    '未登入',
    '无',
    '空',
  ],
  ...[
    'ゲスト',
    '匿名ユーザー',
    '不明',
    '未ログイン',
    '익명',
    '손님',
    '게스트',
    '알수없음',
    'مجهول',
    'زائر',
    'ไม่ทราบ',
    'ẩn danh',
    'khách',
  ],
  // Device ids that many devices have: Android 2.2's bug (9774d56d682e549c), and what emulators and privacy settings give.
  ...['9774d56d682e549c', '000000000000000', '02:00:00:00:00:00', 'unknown_device', 'dead00beef', 'deadbeef'],
  ...[
    '12345678-1234-1234-1234-123456789012',
    '12345678-1234-1234-1234-123456789abc',
    '123e4567-e89b-12d3-a456-426614174000',
  ],
  ...['%s', ':id', '$user', 'undefined undefined', 'null null', 'me', 'customer', 'example@example.com'],
  ...['测试', '测试用户', '测试账号', '測試', 'テスト', '테스트', 'тест', 'prueba', 'prova', 'essai'],
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
  const text = value.trim().normalize('NFC').toLowerCase();
  return text === '' || NOBODY.has(text) || MONOTONE.test(text) || UNFILLED.test(text);
}

/** Gaps of templates that nobody filled in, as `${user.id}`, `{{ id }}`, `#{id}`, `<%= id %>`, `%USER%` and `{user_id}`; a UUID in braces is none. */
const UNFILLED = /^(?:[$#]\{[^}]*\}|\{\{[^}]*\}\}|<%.*%>|%[a-z][\w.]*%|\{[a-z][a-z_.]*\})$/;

/** Zeros alone, blanks and punctuation alone, and UUIDs or hashes of one digit. */
const MONOTONE = /^(?:-?0+(?:\.0+)?|[\s\p{P}\p{S}]+|\{?([0-9a-f])\1{7}-?\1{4}-?\1{4}-?\1{4}-?\1{12}\}?)$/u;

/** Names by which an app calls a user. */
export interface UserNames {
  readonly id?: string;
  readonly email?: string;
  readonly username?: string;
  /** An app's own id of a browser or an installation. */
  readonly device?: string;
}

/** The device of a user; undefined for a value that many devices have. */
export function deviceOfUser({ device }: UserNames): string | undefined {
  return device === undefined || isNobody(device) ? undefined : normalName(device);
}

/**
 * The identities of a user, strongest first, without those that are nobody's. A device stands for who has no other name: whose it is when they have,
 * logins say. An IP address names a household or an office, never a customer.
 */
export function identitiesOfUser({ id, email, username, device }: UserNames): Identity[] {
  const identities: Identity[] = [];
  if (id !== undefined && !isNobody(id)) identities.push({ kind: 'id', value: normalName(id) });
  if (email !== undefined && !isNobody(email)) identities.push({ kind: 'email', value: normalEmail(email) });
  if (username !== undefined && !isNobody(username)) identities.push({ kind: 'username', value: normalName(username) });
  const own = identities.length === 0 ? deviceOfUser({ device }) : undefined;
  if (own !== undefined) identities.push({ kind: 'device', value: own });
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
