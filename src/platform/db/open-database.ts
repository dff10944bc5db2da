import { type Settings } from '../config/settings.js';
import { migrateDatabase, openPool } from './connect.js';
import { Database } from './database.js';
import { startEmbeddedPostgres } from './embedded-postgres.js';

/** How a database is opened. */
export interface OpenOptions {
  /** Use an embedded server that another process of ours runs. */
  readonly share?: boolean;
  /** Longest run of a statement, milliseconds; 0 for no limit. */
  readonly statementMs?: number;
}

/**
 * Opens the database that the settings name, or starts the embedded one, and brings its schema up to date.
 * @throws StartError with one line when that cannot be done
 */
export async function openDatabase(
  settings: Settings,
  { share = false, ...options }: OpenOptions = {},
): Promise<{ database: Database; close: () => Promise<void> }> {
  const embedded =
    settings.databaseUrl === undefined ? await startEmbeddedPostgres(settings.dataDir, share) : undefined;
  const url = settings.databaseUrl ?? embedded?.url ?? '';
  try {
    await migrateDatabase(url);
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
