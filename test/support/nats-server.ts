import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';

/** Whether `nats-server` can be run here. */
export function hasNatsServer(): boolean {
  return spawnSync('nats-server', ['--version']).error === undefined;
}

/** A real nats-server with JetStream of a test's own, on a free port, with its files in a temporary folder. */
export class NatsServer {
  private process: ChildProcess | undefined;
  private readonly folder = mkdtempSync(join(tmpdir(), 'fw-nats-'));

  private constructor(private readonly port: number) {}

  static async start(): Promise<NatsServer> {
    const server = new NatsServer(await freePort());
    await server.run();
    return server;
  }

  /** The value for NATS_URL. */
  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Runs it, again on the same port and files after `kill`. */
  async run(): Promise<void> {
    const args = ['-js', '-sd', this.folder, '-a', '127.0.0.1', '-p', String(this.port)];
    this.process = spawn('nats-server', args, { stdio: 'ignore' });
    await eventually('nats-server answers', () => answers(this.port), Boolean);
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    const { process } = this;
    if (!process) return;
    this.process = undefined;
    process.kill('SIGKILL');
    await once(process, 'exit');
  }

  /** The end, with its files. */
  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => done(true)).once('error', () => done(false));
    socket.once('data', () => socket.destroy());
  });
}
