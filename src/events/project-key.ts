/** Every place in which a request can carry its key, each as received. */
export interface GivenKeys {
  /** `sentry_key` of the query. */
  readonly query?: unknown;
  /** The header `X-Sentry-Auth`. */
  readonly sentryAuth?: unknown;
  /** The header `Authorization`. */
  readonly authorization?: unknown;
  /** `dsn` of the envelope header. */
  readonly dsn?: unknown;
  /** The project id of the path; that of the DSN must be the same. */
  readonly projectId?: string;
}

/** The key that a request carries, or the HTTP status and reason to answer; `missing` where it carries none at all. */
export type ProjectKey =
  | { readonly ok: true; readonly key: string }
  | { readonly ok: false; readonly status: 400 | 403; readonly reason: string; readonly missing?: true };

/** Longest key taken, characters; ours have 32. */
const MAX_KEY = 64;
/** Longest header read, characters. */
const MAX_HEADER = 4096;
/** A key as DSNs hold it. */
const KEY = /^[0-9a-f]{32}$/i;

/**
 * Reads the key of a request of any protocol: `?sentry_key=`, `X-Sentry-Auth: Sentry sentry_key=…`, `Authorization: Sentry …` or
 * `Bearer <key>`, or the DSN of the envelope header. Where several are given they must agree. A bearer token without the
 * form of a key is for somebody else, such as a proxy, and is ignored. Never throws.
 */
export function readProjectKey(given: GivenKeys): ProjectKey {
  const isGiven = given.dsn !== undefined && given.dsn !== null && given.dsn !== '';
  const dsn = isGiven ? parseDsn(given.dsn) : undefined;
  if (dsn === null) return { ok: false, status: 400, reason: 'the dsn of the envelope header is no DSN' };
  if (dsn && given.projectId !== undefined && dsn.projectId !== given.projectId) {
    return { ok: false, status: 403, reason: 'the dsn of the envelope header is of another project' };
  }
  const keys = [...queryKeys(given.query), headerKey(given.sentryAuth), headerKey(given.authorization), dsn?.key];
  const found = keys.filter((key) => key !== undefined && key !== '');
  const [key] = found;
  if (key === undefined) return { ok: false, status: 403, reason: 'no key: use the DSN of the project', missing: true };
  if (found.some((one) => one !== key))
    return { ok: false, status: 403, reason: 'several keys that differ: query, headers and dsn must agree' };
  if (key.length > MAX_KEY) return { ok: false, status: 403, reason: 'the key is no key of ours' };
  return { ok: true, key };
}

/** Key and project id of a DSN, `https://key[:secret]@host[:port][/path]/projectId`; null when it is none. */
export function parseDsn(dsn: unknown): { readonly key: string; readonly projectId: string } | null {
  if (typeof dsn !== 'string' || dsn.length > MAX_HEADER || !URL.canParse(dsn)) return null;
  const url = new URL(dsn);
  const projectId = url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
  return url.username !== '' && projectId !== '' ? { key: url.username, projectId } : null;
}

function queryKeys(query: unknown): (string | undefined)[] {
  const list: unknown[] = Array.isArray(query) ? query.slice(0, 8) : [query];
  return list.map((key) => (typeof key === 'string' ? key : undefined));
}

/** Reads the key from a header. SDKs separate the parts with a comma, with or without a space, and write `Sentry` in any case. */
function headerKey(header: unknown): string | undefined {
  if (typeof header !== 'string' || header.length > MAX_HEADER) return undefined;
  const trimmed = header.trim();
  const [scheme = ''] = trimmed.split(/\s/, 1);
  const rest = trimmed.slice(scheme.length);
  if (scheme.toLowerCase() === 'bearer') return KEY.test(rest.trim()) ? rest.trim() : undefined;
  if (scheme.toLowerCase() !== 'sentry') return undefined;
  for (const part of rest.split(',')) {
    const [name = '', value = ''] = part.split('=', 2);
    if (name.trim().toLowerCase() === 'sentry_key') return value.trim();
  }
  return undefined;
}
