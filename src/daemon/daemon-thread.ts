import 'reflect-metadata';
import { parentPort } from 'node:worker_threads';
import { ConfigReload } from './config-reload.service.js';
import { startDaemon } from './daemon.js';
import { configPath, loadConfig } from '../forewarn-config.js';

import { StartError } from '../platform/errors.js';
import { readSettings } from '../platform/config/settings.js';

/* The thread that is the daemon: runs until a message says stop, then ends it cleanly; `reload` reads the configuration again. Why it could not start goes back as text. */
async function run(): Promise<void> {
  let reload = (): unknown => undefined;
  const asked = new Promise<void>((done) =>
    parentPort?.on('message', (what: 'stop' | 'reload') => (what === 'reload' ? reload() : done())),
  );
  const settings = readSettings(process.env);
  const daemon = await startDaemon(settings, loadConfig(configPath(settings)));
  reload = () => daemon.app.get(ConfigReload).reload();
  await asked;
  await daemon.stop();
}

try {
  await run();
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  parentPort?.postMessage(error.message);
} finally {
  parentPort?.close();
}
