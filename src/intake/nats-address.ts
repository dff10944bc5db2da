import { type ConnectionOptions } from '@nats-io/transport-node';

/** Servers of a `NATS_URL`, as the client takes them and as people may read them. */
export interface NatsAddress {
  /** Hosts and ports, without user, password and token. */
  readonly places: string;
  readonly options: Pick<ConnectionOptions, 'servers' | 'user' | 'pass' | 'token' | 'tls'>;
}

/** Reads one or several URLs, separated by commas; user, password or token are those of the first. */
export function natsAddress(url: string): NatsAddress {
  const addresses = url.split(',').map((one) => new URL(one.trim()));
  const [first] = addresses;
  const user = decodeURIComponent(first?.username ?? '');
  const pass = decodeURIComponent(first?.password ?? '');
  return {
    places: addresses.map((one) => one.host).join(', '),
    options: {
      servers: addresses.map((one) => one.host),
      ...(user && pass ? { user, pass } : user ? { token: user } : {}),
      ...(first?.protocol === 'tls:' && { tls: {} }),
    },
  };
}
