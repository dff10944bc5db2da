import { readFile } from 'node:fs/promises';
import { CustomerImporter } from '../customers/directory/customer.importer.js';
import { CustomerStore } from '../customers/directory/customer.store.js';
import { readImport } from '../customers/directory/import.js';
import { CustomerDirectory } from '../customers/public.js';
import { openDatabase } from '../platform/db/open-database.js';
import { SystemClock } from '../platform/clock.js';
import { readSettings } from '../platform/config/settings.js';
import { messageOf, StartError } from '../platform/errors.js';

/** `forewarn import FILE`: CSV by its ending, else NDJSON; `-` reads standard input. Exit code 1 when a line failed. */
export async function run([path]: string[]): Promise<number> {
  if (!path) {
    process.stderr.write('usage: forewarn import FILE.csv|FILE.ndjson\n');
    return 2;
  }
  const content = await read(path);
  const { lines, errors } = readImport(content, path.endsWith('.csv') ? 'csv' : 'ndjson');
  const { database, close } = await openDatabase(readSettings(process.env), { share: true });
  try {
    const importer = new CustomerImporter(new CustomerDirectory(new CustomerStore()), database, new SystemClock());
    const report = await importer.import(lines, errors);
    for (const { line, problem } of report.errors) process.stderr.write(`${path}:${line}: ${problem}\n`);
    process.stdout.write(`${report.imported} imported, ${report.failed} failed\n`);
    return report.failed > 0 ? 1 : 0;
  } finally {
    await close();
  }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path === '-' ? '/dev/stdin' : path, 'utf8');
  } catch (error) {
    throw new StartError(`${path} cannot be read: ${messageOf(error)}`);
  }
}
