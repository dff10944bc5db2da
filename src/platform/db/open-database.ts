import { type Settings } from '../config/settings.js';
import { assertCurrent, migrateDatabase, openPool } from './connect.js';
import { Database } from './database.js';
import { StartError } from '../errors.js';
import { holdsEmbeddedDatabase, startEmbeddedPostgres } from './embedded-postgres.js';

/** How a database is opened. */
export interface OpenOptions {
  /** Use an embedded server that another process of ours runs. */
  readonly share?: boolean;
  /** `migrate` brings the schema up to date; `asItIs` changes nothing and refuses a schema of another version. */
  readonly schema?: 'migrate' | 'asItIs';
  /** Longest run of a statement, milliseconds; 0 for no limit. */
  readonly statementMs?: number;
}

/**
 * Opens the database that the settings name, or starts the embedded one. Brings its schema up to date, unless asked to leave it as it is.
 * @throws StartError with one line when that cannot be done
 */
export async function openDatabase(
  settings: Settings,
  { share = false, schema = 'migrate', ...options }: OpenOptions = {},
): Promise<{ database: Database; close: () => Promise<void> }> {
  if (schema === 'asItIs' && settings.databaseUrl === undefined && !holdsEmbeddedDatabase(settings.dataDir))
    throw new StartError(`There is no database in ${settings.dataDir} yet; the first start of the daemon makes it.`);
  const embedded =
    settings.databaseUrl === undefined ? await startEmbeddedPostgres(settings.dataDir, share) : undefined;
  const url = settings.databaseUrl ?? embedded?.url ?? '';
  try {
    await (schema === 'migrate' ? migrateDatabase(url) : assertCurrent(url));
    const connections = await openPool(url, options);
    const close = async () => {
      await connections.close();
      await embedded?.stop();
    };
    return { database: new Database(connections), close };
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}
