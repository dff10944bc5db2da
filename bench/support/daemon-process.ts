import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Token of the admin of every daemon that is measured. */
export const TOKEN = 'bench-admin-token-0123456789';

/** The daemon as its user runs it, in a process of its own. */
export async function startDaemon(dataDir: string, port: number): Promise<ChildProcess> {
  const env = {
    ...process.env,
    FOREWARN_DATA_DIR: dataDir,
    PORT: String(port),
    FOREWARN_ADMIN_TOKEN: TOKEN,
    LOG_LEVEL: 'warn',
  };
  const daemon = spawn(process.execPath, [fileURLToPath(new URL('../../src/cli.js', import.meta.url)), 'start'], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  // Also when the measuring fails, and while it is halted.
  process.once('exit', () => daemon.kill('SIGCONT') && daemon.kill('SIGTERM'));
  for (let attempt = 0; attempt < 600; attempt++) {
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ready) return daemon;
    await pause(100);
  }
  throw new Error('the daemon did not become ready');
}

/** Resident memory of a process, MB. */
export function rssMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}

/** The first project of a daemon that `startDaemon` started, with its public key. */
export async function firstProject(port: number): Promise<{ id: string; key: string }> {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/projects`, { headers: { authorization: `Bearer ${TOKEN}` } });
  const { items } = (await answer.json()) as { items: { id: string; key: string }[] };
  const [first] = items;
  if (!first) throw new Error('the daemon has no project');
  return first;
}

/**
 * Lets one address send as many events and open as many issues as a key may. All load comes from this one address, while customers of an app come from many: with the default
 * of 1,000 an hour half of the 2,000 faults would count in the catch-all and nothing else would be measured.
 */
export async function letOneAddressBeMany(port: number, project: string): Promise<void> {
  const keys = `http://127.0.0.1:${port}/v1/projects/${project}/keys`;
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  const { items } = (await (await fetch(keys, { headers })).json()) as { items: { id: string }[] };
  const body = JSON.stringify({ limits: { sourceEventsPerMinute: 1_200_000, sourceNewIssuesPerHour: 1_000_000 } });
  for (const { id } of items) {
    const answer = await fetch(`${keys}/${id}`, { method: 'PATCH', headers, body });
    if (!answer.ok) throw new Error(`the limit could not be lifted: ${await answer.text()}`);
  }
}

/** Puts customers into the directory, so that whoever works without an error is known, too: telemetry alone makes customers of those who are hit. */
export async function importCustomers(port: number, customers: number): Promise<void> {
  const lines = Array.from({ length: customers }, (_, n) =>
    JSON.stringify({ externalId: `customer-${String(n).padStart(7, '0')}` }),
  );
  const answer = await fetch(`http://127.0.0.1:${port}/v1/customers/import`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/x-ndjson' },
    body: lines.join('\n'),
  });
  if (!answer.ok) throw new Error(`the customers could not be imported: ${await answer.text()}`);
}
