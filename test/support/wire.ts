import { once } from 'node:events';
import { type Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

/** An answer as it came. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A request, sent exactly as given: not even a content type is added. */
export interface WireRequest {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer | string;
  /** True: no content length, as Node SDKs send. */
  readonly chunked?: boolean;
  /** Whose connections to use; Node's own when omitted. */
  readonly agent?: Agent;
}

/** Sends one request to `url`, byte for byte. */
export async function send(
  url: string,
  { method = 'POST', headers, body, chunked, agent }: WireRequest,
): Promise<WireAnswer> {
  const bytes = Buffer.from(body ?? '');
  const length = chunked ? {} : { 'content-length': String(bytes.length) };
  const outgoing = request(url, { agent, method, headers: { ...headers, ...length } });
  if (chunked) outgoing.write(bytes);
  outgoing.end(chunked ? undefined : bytes);
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  outgoing.on('error', () => undefined); // a server that has answered may close before it took the whole body
  const [incoming] = await answered;
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, text: await text(incoming) };
}

/** A connection that sends what a test says, and no more. */
export class RawConnection {
  private readonly chunks: Buffer[] = [];
  private readonly closed: Promise<void>;

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => this.chunks.push(chunk));
    socket.on('error', () => undefined); // a reset is one of the ends that tests wait for
    this.closed = new Promise((done) => socket.once('close', () => done()));
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  write(part: string | Buffer): void {
    this.socket.write(part);
  }

  /** Reads until the server ends the connection. */
  async untilClosed(): Promise<string> {
    await this.closed;
    return Buffer.concat(this.chunks).toString('utf8');
  }

  /** Reads until the answer holds `part`. */
  async untilSaid(part: string): Promise<string> {
    for (;;) {
      const said = Buffer.concat(this.chunks).toString('utf8');
      if (said.includes(part)) return said;
      await once(this.socket, 'data');
    }
  }

  destroy(): void {
    this.socket.destroy();
  }
}
