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

/** Names in the log each variable that looks like a setting and is none. */
export function nameUnknownSettings(app: INestApplicationContext): void {
  const logger = app.get<Logger>(LOGGER);
  for (const words of unknownSettings(process.env)) logger.warn(words);
}

/** Says to a person where the daemon is, what it reads and what apps send to. Holds public keys, which the log would blank. */
export function welcome(app: INestApplicationContext, settings: Settings, config: ForewarnConfig): string {
  const { base } = app.get(PublicUrl);
  const projects = app
    .get(Projects)
    .list()
    .map(
      ({ id, slug, keys }) => `  ${slug}: ${keys[0] === undefined ? 'it has no public key' : dsnOf(base, keys[0], id)}`,
    );
  return [
    '',
    `Forewarn is at ${base}`,
    `Projects and policies: ${configPath(settings)}`,
    `Apps with an SDK of Sentry send to (exporters of OpenTelemetry to ${base}/otlp):`,
    ...projects,
    config.policies.length === 0
      ? 'There is no policy yet, so incidents are opened and nobody is written to.'
      : '"forewarn doctor" says in words what each policy does, "forewarn test-message" tries the way out.',
    '',
  ].join('\n');
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
