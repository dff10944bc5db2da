import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { type Socket } from 'node:net';
import { join } from 'node:path';
import { ApiClient } from './api-client.js';
import { type Ended, runNode, spawnNode } from './run-process.js';
import { ADMIN_TOKEN } from './test-daemon.js';
import { buildFolder } from './test-database.js';

/** Runs `forewarn` with these arguments to its end. */
export function forewarn(args: readonly string[], env: Record<string, string> = {}, input = ''): Promise<Ended> {
  return runNode(join(buildFolder(), 'src', 'cli.js'), args, { env, input });
}

/** `forewarn start` in a process of its own, which a test may kill. */
export class DaemonProcess {
  private constructor(
    readonly child: ChildProcess,
    readonly api: ApiClient,
  ) {}

  /** Starts it on a free port and waits until it says that it listens. */
  static async start(env: Record<string, string>): Promise<DaemonProcess> {
    const child = spawnNode(join(buildFolder(), 'src', 'cli.js'), ['start'], {
      PORT: '0',
      FOREWARN_ADMIN_TOKEN: ADMIN_TOKEN,
      ...env,
    });
    endWithUs(child);
    const port = await listeningPort(child);
    return new DaemonProcess(child, new ApiClient(`http://localhost:${port}`, ADMIN_TOKEN));
  }

  /** Ends it at once, as the kernel does when memory runs out. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Ends it cleanly; returns the exit code. */
  async stop(): Promise<number | null> {
    await this.end('SIGTERM');
    return this.child.exitCode;
  }

  private async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill(signal);
    await ended;
  }
}

/** A test that fails half-way leaves no daemon behind, and none keeps the run from ending. */
function endWithUs(child: ChildProcess): void {
  process.once('exit', () => child.kill('SIGKILL'));
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as Socket | null)?.unref();
}

async function listeningPort(child: ChildProcess): Promise<number> {
  let said = '';
  return new Promise((resolve, reject) => {
    const listen = (chunk: Buffer) => {
      said += chunk.toString('utf8');
      const port = /Forewarn listens on port (\d+)/.exec(said)?.[1];
      if (port) resolve(Number(port));
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.once('exit', (code) => reject(new Error(`the daemon ended with ${code}: ${said}`)));
  });
}
