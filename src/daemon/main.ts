import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { StartError } from '../platform/errors.js';
import { type CommandIo, readArguments } from '../commands/command.js';

/**
 * How much the heap may grow over what was alive at the last collection before the next one, percent. With bench:intake (manyFaults, 2026-11-29,
 * medians of two or three runs) 100 beside 64 MB of young objects cost 159 us of processor time an event and held 390 MB, 30 beside 192 MB 213 us and 390 MB.
 */
const HEAP_GROWTH = 100;
/**
 * Room for young objects, MB, a third of which is one of V8's semi-spaces: what the requests under way hold is copied once it is full, and what
 * is copied twice counts as old. A third more than V8 gives a process by itself, and only a thread can be given it by the program.
 */
const YOUNG_MB = 64;
const DAEMON = new URL('./daemon-thread.js', import.meta.url);

/**
 * Sets V8's garbage collector for a process that takes in much and keeps little. By itself it lets the heap of a storm grow
 * to several times of what lives. And its helper threads take processor time, which the database needs where there are two processors.
 */
function tuneCollector(): void {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH}`);
  if (availableParallelism() <= 2) setFlagsFromString('--no-parallel-scavenge');
}

export const HELP = `usage: forewarn start

Runs the daemon until SIGTERM or Ctrl-C, then ends it cleanly. Brings the database schema up to date first. SIGHUP reads the
configuration file again.
Settings come from the environment, projects and policies from the file that FOREWARN_CONFIG names; docs/configuration.md lists both.

Exit codes: 0 ended as asked, 1 it could not start, 2 wrong usage.
`;

/** `forewarn start`: runs the daemon until SIGTERM or SIGINT, then ends it cleanly; also one that is still starting. A second signal ends it at once. SIGHUP reads the configuration file again. */
export async function run(args: string[], _io: CommandIo): Promise<number> {
  readArguments({ args, options: {} });
  tuneCollector();
  const daemon = new Worker(DAEMON, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => daemon.postMessage('stop'));
  process.on('SIGHUP', () => daemon.postMessage('reload'));
  return new Promise((done, failed) => {
    daemon.once('message', (why: string) => failed(new StartError(why)));
    daemon.once('error', failed);
    daemon.once('exit', done);
  });
}
