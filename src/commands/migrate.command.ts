import { openDatabase } from '../platform/db/open-database.js';
import { readSettings } from '../platform/config/settings.js';

/** `forewarn migrate`: brings the schema up to date and ends. */
export async function run(): Promise<number> {
  const { close } = await openDatabase(readSettings(process.env), { share: true });
  await close();
  process.stdout.write('The database schema is up to date.\n');
  return 0;
}
