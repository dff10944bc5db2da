import 'reflect-metadata';
import { parentPort } from 'node:worker_threads';
import { collectDefaultMetrics } from 'prom-client';
import { ConfigReload } from './config-reload.service.js';
import { startDaemon } from './daemon.js';
import { firstToken, nameUnknownSettings, welcome } from './welcome.js';
import { version } from '../commands/version.js';
import { configPath, loadConfig } from '../forewarn-config.js';
import { Metrics } from '../platform/metrics.js';
import { holdsEmbeddedDatabase } from '../platform/db/embedded-postgres.js';
import { StartError } from '../platform/errors.js';
import { readSettings } from '../platform/config/settings.js';

/* The thread that is the daemon: runs until a message says stop, then ends it cleanly; `reload` reads the configuration again. Why it could not start goes back as text. */
async function run(): Promise<void> {
  let reload = (): unknown => undefined;
  const asked = new Promise<void>((done) =>
    parentPort?.on('message', (what: 'stop' | 'reload') => (what === 'reload' ? reload() : done())),
  );
  const settings = readSettings(process.env);
  const config = loadConfig(configPath(settings));
  if (settings.databaseUrl === undefined && !holdsEmbeddedDatabase(settings.dataDir))
    process.stderr.write(`The first start makes a database in ${settings.dataDir}, which takes some seconds.\n`);
  const daemon = await startDaemon(settings, config);
  measureProcess(daemon.app.get(Metrics));
  nameUnknownSettings(daemon.app);
  const token = await firstToken(daemon.app, settings);
  // Beside the log, which is kept and read by many.
  process.stderr.write(welcome(daemon.app, settings, config));
  if (token !== undefined)
    process.stderr.write(
      `\nA token for the first admin, shown this once: ${token}\nEnd it with: forewarn token revoke --name first-start\n\n`,
    );
  reload = () => daemon.app.get(ConfigReload).reload();
  await asked;
  await daemon.stop();
}

/** Adds what Prometheus knows of every process of Node (`process_…`, `nodejs_…`), and which version runs. */
function measureProcess(metrics: Metrics): void {
  collectDefaultMetrics({ register: metrics.registry });
  metrics
    .gauge('build_info', 'Version of Forewarn and of Node; the value is always 1.', ['version', 'node'])
    .set({ version: version(), node: process.version }, 1);
}

try {
  await run();
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  parentPort?.postMessage(error.message);
} finally {
  parentPort?.close();
}
