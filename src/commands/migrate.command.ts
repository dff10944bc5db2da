import { readSettings } from '../platform/config/settings.js';
import { openDatabase } from '../platform/db/open-database.js';
import { type CommandIo, readArguments } from './command.js';

export const HELP = `usage: forewarn migrate

Brings the schema of the database up to date and ends. The start of the daemon does the same.

Exit codes: 0 up to date, 1 it could not be done, 2 wrong usage.
`;

/** `forewarn migrate`: brings the schema up to date and ends. */
export async function run(args: string[], { stdout }: CommandIo): Promise<number> {
  readArguments({ args, options: {} });
  const { close } = await openDatabase(readSettings(process.env), { share: true });
  await close();
  stdout.write('The database schema is up to date.\n');
  return 0;
}
