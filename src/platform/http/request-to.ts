/** A URL without user and password, and the headers that carry them: `fetch` refuses such a URL, and quotes it whole in its error. */
export interface RequestTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Where to send a request, from a configured URL that may hold a user and a password.
 * @param base a valid URL without a slash at its end
 * @param path begins with a slash
 */
export function requestTo(base: string, path: string): RequestTarget {
  const url = new URL(base);
  const [user, password] = [plain(url.username), plain(url.password)];
  url.username = '';
  url.password = '';
  const bare = `${url.origin}${url.pathname.replace(/\/+$/, '')}${path}${url.search}`;
  if (user === '' && password === '') return { url: bare, headers: {} };
  return { url: bare, headers: { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` } };
}

/** A part of a URL as it was meant; one with a lone percent sign is taken as it stands. */
function plain(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
