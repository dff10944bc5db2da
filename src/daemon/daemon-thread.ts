import 'reflect-metadata';
import { parentPort } from 'node:worker_threads';
import { startDaemon } from './daemon.js';
import { configPath, loadConfig } from '../forewarn-config.js';

import { StartError } from '../platform/errors.js';
import { readSettings } from '../platform/config/settings.js';

/* The thread that is the daemon: runs until a message comes, then ends it cleanly. Why it could not start goes back as text. */
async function run(): Promise<void> {
  const asked = new Promise<void>((done) => parentPort?.once('message', () => done()));
  const settings = readSettings(process.env);
  const daemon = await startDaemon(settings, loadConfig(configPath(settings)));
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
