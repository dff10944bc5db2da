/** Address and login of an SMTP server, as read from its URL. */
export interface SmtpServer {
  readonly host: string;
  /** 587 for smtp, 465 for smtps (RFC 8314), unless the URL says otherwise. */
  readonly port: number;
  /** True: TLS from the first byte. False: STARTTLS, which a server elsewhere must offer unless the URL says otherwise. */
  readonly secure: boolean;
  readonly auth?: { readonly user: string; readonly pass: string };
  /** True: no mail without STARTTLS, since whoever stands in between can take the offer away. */
  readonly requireTLS?: boolean;
  readonly ignoreTLS?: boolean;
  readonly tls?: { readonly rejectUnauthorized: boolean };
  /** The name given in EHLO. */
  readonly name?: string;
}

/** Hosts to which the way never leaves this machine. */
const LOOPBACK = /^(localhost|127(\.\d+){3}|::1)$/i;

const OPTIONS = ['requireTLS', 'ignoreTLS', 'tls.rejectUnauthorized', 'name'] as const;

/**
 * Reads `smtp://user:pass@host:587` or `smtps://…`. STARTTLS is needed unless the URL says `?requireTLS=false` or `?ignoreTLS=true`, or the server
 * is on this machine. Only the options listed here are taken, so that a URL cannot switch
 * on logging or file access. Throws an Error that names the problem and never the URL, which holds a password.
 */
export function parseSmtpUrl(text: string): SmtpServer {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['smtp:', 'smtps:'].includes(url.protocol) || url.hostname === '') {
    throw new Error('The SMTP URL must look like smtp://user:password@host:587 or smtps://user:password@host');
  }
  const secure = url.protocol === 'smtps:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const exempt = secure || LOOPBACK.test(host) || url.searchParams.get('ignoreTLS') === 'true';
  return {
    host,
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    ...credentials(url),
    ...(exempt ? {} : { requireTLS: true }),
    ...options(url.searchParams),
  };
}

function credentials(url: URL): Pick<SmtpServer, 'auth'> {
  if (url.username === '') return {};
  try {
    return { auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } };
  } catch {
    throw new Error('The SMTP URL has a percent sign in its user or password that is not written as %25');
  }
}

function options(query: URLSearchParams): Partial<SmtpServer> {
  const unknown = [...query.keys()].filter((key) => !OPTIONS.some((known) => known === key));
  if (unknown.length > 0) {
    throw new Error(
      `The SMTP URL has options that are not known: ${unknown.join(', ')} (known: ${OPTIONS.join(', ')})`,
    );
  }
  const rejectUnauthorized = flag(query, 'tls.rejectUnauthorized');
  const name = query.get('name');
  return {
    ...defined('requireTLS', flag(query, 'requireTLS')),
    ...defined('ignoreTLS', flag(query, 'ignoreTLS')),
    ...(rejectUnauthorized === undefined ? {} : { tls: { rejectUnauthorized } }),
    ...(name === null ? {} : { name }),
  };
}

function flag(query: URLSearchParams, key: string): boolean | undefined {
  const value = query.get(key);
  if (value === null) return undefined;
  if (value !== 'true' && value !== 'false') throw new Error(`The SMTP URL option ${key} must be true or false`);
  return value === 'true';
}

function defined(key: 'requireTLS' | 'ignoreTLS', value: boolean | undefined): Partial<SmtpServer> {
  return value === undefined ? {} : { [key]: value };
}
