import { randomBytes } from 'node:crypto';
import { chmod, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, SHIPPED_CONFIG } from '../forewarn-config.js';
import { readSettings } from '../platform/config/settings.js';
import { createLogger } from '../platform/logging/logger.js';

/** The demo's configuration; what a team would write, but for the short times. */
const CONFIG = `projects:
  - { slug: shop, name: Shop }
detection:
  newFault: { customers: 5, within: 10m }
incidents:
  quietFor: 30m
locales: [en, zh]
policies:
  - name: tell-at-once
    match: { project: shop, severity: [major, critical] }
    audience: [affected, atRisk]
    channels: [sms, email]
    approval: automatic
    blastLimit: 500
    onResolve: true
`;

/** A daemon on an empty database in a folder of its own. */
export interface StageSet {
  readonly base: string;
  readonly token: string;
  /** Warnings and errors that the daemon has logged, as JSON lines. */
  readonly complaints: readonly string[];
  /** Ends the daemon and removes the folder. */
  strike(): Promise<void>;
}

/** Starts a daemon for the demo on a free port. Takes nothing from the environment, so no provider can be reached by it. */
export async function buildStageSet(): Promise<StageSet> {
  const folder = await mkdtemp(join(tmpdir(), 'forewarn-demo-'));
  await chmod(folder, 0o711); // where the embedded PostgreSQL runs as another user, it must be able to pass
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    await cp(join(SHIPPED_CONFIG, 'templates'), join(folder, 'templates'), {
      recursive: true,
    });
    await writeFile(join(folder, 'forewarn.yaml'), CONFIG);
    const token = randomBytes(18).toString('base64url');
    const settings = readSettings({
      PORT: '0',
      FOREWARN_DATA_DIR: join(folder, 'data'),
      FOREWARN_CONFIG: join(folder, 'forewarn.yaml'),
      FOREWARN_ADMIN_TOKEN: token,
    });
    const complaints: string[] = [];
    const logger = createLogger('warn', { write: (line) => void complaints.push(line) });
    const { startDaemon } = await import('../daemon/daemon.js'); // takes a second to load, which --help need not wait for
    const daemon = await startDaemon(settings, loadConfig(join(folder, 'forewarn.yaml')), { logger });
    const strike = async () => {
      await daemon.stop();
      await remove();
    };
    return { base: `http://localhost:${daemon.port}`, token, complaints, strike };
  } catch (error) {
    await remove();
    throw error;
  }
}
