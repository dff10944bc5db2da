import { hash } from 'node:crypto';

/** Makes an ETag of values that decide about an answer. */
export function etagOf(...values: readonly unknown[]): string {
  return `"${hash('sha256', JSON.stringify(values), 'base64url').slice(0, 27)}"`;
}

/** Says whether `If-None-Match` names this ETag (RFC 9110, section 13.1.2). */
export function isNamed(etag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);
}
