import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type NetConnectOpts, type Server, type Socket } from 'node:net';

/** The line between a daemon and its database server, which a test can cut and mend. */
export class DatabaseLink {
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  private port = 0;

  private constructor(private readonly target: URL) {}

  /** A link to the database of `url`. */
  static async to(url: string): Promise<DatabaseLink> {
    const link = new DatabaseLink(new URL(url));
    await link.mend();
    return link;
  }

  /** The value for DATABASE_URL. */
  get url(): string {
    const url = new URL(this.target);
    url.search = '';
    url.host = `127.0.0.1:${this.port}`;
    return url.href;
  }

  /** Connections break, new ones are refused. */
  async cut(): Promise<void> {
    const server = this.server;
    if (!server) return;
    this.server = undefined;
    server.close();
    for (const socket of this.sockets) socket.destroy();
    await once(server, 'close');
  }

  /** Connections work again, on the same address. */
  async mend(): Promise<void> {
    if (this.server) return;
    this.server = createServer((near) => this.join(near, connect(this.address())));
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  private address(): NetConnectOpts {
    const folder = this.target.searchParams.get('host');
    const port = Number(this.target.searchParams.get('port') ?? (this.target.port || 5432));
    return folder?.startsWith('/')
      ? { path: `${folder}/.s.PGSQL.${port}` }
      : { host: folder ?? this.target.hostname, port };
  }

  private join(near: Socket, far: Socket): void {
    const ends = [near, far];
    for (const [at, socket] of ends.entries()) {
      const other = ends[1 - at]!;
      this.sockets.add(socket);
      socket.pipe(other);
      socket.on('error', () => undefined); // a cut line is what this is for
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
  }
}
