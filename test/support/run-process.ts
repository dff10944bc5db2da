import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Node on a file to its end. The environment is `env`, PATH and TMPDIR alone, so that no setting of the machine leaks in. */
export async function runNode(
  file: string,
  args: readonly string[],
  options: { env?: Record<string, string>; input?: string } = {},
): Promise<Ended> {
  const child = spawnNode(file, args, options.env);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  child.stdin?.end(options.input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** Starts Node on a file and leaves it running. */
export function spawnNode(file: string, args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [file, ...args], {
    env: { PATH: process.env['PATH'] ?? '', TMPDIR: tmpdir(), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** One request to the small shop: who, and what they do there. */
export interface ShopRequest {
  readonly customer: { id?: string; email?: string; username?: string };
  readonly do: 'checkout' | 'search' | 'login';
}

/** Runs the small shop with a real SDK until it has reported what these requests met. */
export async function runShop(
  sdk: '@sentry/node' | 'sentry-node-10' | 'sentry-node-7',
  dsn: string,
  requests: readonly ShopRequest[],
): Promise<void> {
  const app = fileURLToPath(new URL('sentry-app.mjs', import.meta.url));
  const ended = await runNode(app, [sdk], { env: { SENTRY_DSN: dsn }, input: JSON.stringify(requests) });
  if (ended.code !== 0) throw new Error(`the shop with ${sdk} ended with ${ended.code}: ${ended.stderr}`);
}
