/**
 * Reads a list page by page, one page ahead: while the caller works on a page the database already reads the next.
 * @param read what is asked about the members of a page
 */
export async function* readAhead<T, R>(
  all: readonly T[],
  size: number,
  read: (page: readonly T[]) => Promise<R>,
): AsyncGenerator<{ readonly page: readonly T[]; readonly found: R }> {
  const pageAt = (at: number) => all.slice(at, at + size);
  const ask = (at: number) => (at < all.length ? unwatched(read(pageAt(at))) : undefined);
  let next = ask(0);
  for (let at = 0; next !== undefined; at += size) {
    const found = await next;
    next = ask(at + size);
    yield { page: pageAt(at), found };
  }
}

/** The same promise, whose failure is no unhandled one while nobody awaits it yet. */
export function unwatched<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
