import { type Settings } from '../config/settings.js';
import { connectDatabase } from './connect.js';
import { Database } from './database.js';
import { startEmbeddedPostgres } from './embedded-postgres.js';

/** The database of the settings: a server, or the embedded one, started. `share` allows one that another process runs. */
export async function openDatabase(
  settings: Settings,
  share = false,
): Promise<{ database: Database; close: () => Promise<void> }> {
  const embedded =
    settings.databaseUrl === undefined ? await startEmbeddedPostgres(settings.dataDir, share) : undefined;
  try {
    const source = await connectDatabase(settings.databaseUrl ?? embedded?.url ?? '');
    const close = async () => {
      await source.destroy();
      await embedded?.stop();
    };
    return { database: new Database(source), close };
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}
