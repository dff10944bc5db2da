import { type INestApplicationContext } from '@nestjs/common';
import { configPath, type ForewarnConfig } from '../forewarn-config.js';
import { TokenStore } from '../platform/auth/token.store.js';
import { type Settings, unknownSettings } from '../platform/config/settings.js';
import { PublicUrl } from '../platform/http/public-url.js';
import { LOGGER, type Logger } from '../platform/logging/logger.js';
import { dsnOf } from '../projects/dsn.js';
import { Projects } from '../projects/project.registry.js';

/** Name of the token that the first start makes where no other way in is set. */
const FIRST_TOKEN = 'first-start';

/** Says in words where the daemon is, what it reads and what apps send to, and names settings that are none. */
export function welcome(app: INestApplicationContext, settings: Settings, config: ForewarnConfig): void {
  const logger = app.get<Logger>(LOGGER);
  for (const name of unknownSettings(process.env))
    logger.warn(`${name} is no setting of Forewarn and does nothing; docs/configuration.md lists those that there are`);
  const { base } = app.get(PublicUrl);
  logger.info(`open ${base}; projects and policies come from ${configPath(settings)}`);
  for (const { id, slug, keys } of app.get(Projects).list()) {
    const dsn = keys[0] === undefined ? 'no public key' : dsnOf(base, keys[0], id);
    logger.info(`project ${slug}: SDKs of Sentry take ${dsn}, exporters of OpenTelemetry ${base}/otlp`);
  }
  if (config.policies.length === 0)
    logger.info('there is no policy, so incidents are opened and nobody is written to; add one under "policies"');
}

/**
 * Makes a token for the first admin where there is none and none is set, and returns it: it is shown once.
 * Two first starts at once make two, of which the later one works.
 */
export async function firstToken(app: INestApplicationContext, settings: Settings): Promise<string | undefined> {
  if (settings.adminToken !== undefined) return undefined;
  const store = app.get(TokenStore);
  const tokens = await store.list();
  if (tokens.some(({ role }) => role === 'admin')) return undefined;
  return store.create({ name: FIRST_TOKEN, role: 'admin' });
}
