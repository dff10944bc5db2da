import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { startDaemon } from './daemon.js';
import { loadConfig } from './forewarn-config.js';
import { readSettings, type Settings } from './platform/config/settings.js';

/** The configuration file: `FOREWARN_CONFIG`, or the one that comes with Forewarn. */
export function configPath(settings: Settings): string {
  return settings.configPath ?? join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'config', 'forewarn.yaml');
}

/** How much the heap may grow over what was alive at the last collection before the next one, percent. */
const HEAP_GROWTH = 60;

/**
 * Sets V8's garbage collector for a process that takes in much and keeps little. By itself it lets the heap of a storm grow
 * to several times of what lives. And its helper threads take processor time, which the database needs where there are two processors.
 */
function tuneCollector(): void {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH}`);
  if (availableParallelism() <= 2) setFlagsFromString('--no-parallel-scavenge');
}

/** `forewarn start`: runs the daemon until SIGTERM or SIGINT, then ends it cleanly; also one that is still starting. A second signal ends it at once. */
export async function startCommand(): Promise<number> {
  tuneCollector();
  const asked = new Promise<void>((done) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done());
  });
  const settings = readSettings(process.env);
  const daemon = await startDaemon(settings, loadConfig(configPath(settings)));
  await asked;
  await daemon.stop();
  return 0;
}
