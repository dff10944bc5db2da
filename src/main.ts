import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDaemon } from './daemon.js';
import { loadConfig } from './forewarn-config.js';
import { readSettings, type Settings } from './platform/config/settings.js';

/** The configuration file: `FOREWARN_CONFIG`, or the one that comes with Forewarn. */
export function configPath(settings: Settings): string {
  return settings.configPath ?? join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'config', 'forewarn.yaml');
}

/** `forewarn start`: runs the daemon until SIGTERM or SIGINT, then ends it cleanly; also one that is still starting. A second signal ends it at once. */
export async function startCommand(): Promise<number> {
  const asked = new Promise<void>((done) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done());
  });
  const settings = readSettings(process.env);
  const daemon = await startDaemon(settings, loadConfig(configPath(settings)));
  await asked;
  await daemon.stop();
  return 0;
}
