import { readFile } from 'node:fs/promises';
import { CustomerImporter } from '../customers/directory/customer.importer.js';
import { CustomerStore } from '../customers/directory/customer.store.js';
import { readImport } from '../customers/directory/import.js';
import { CustomerDirectory } from '../customers/public.js';
import { configPath, loadConfig } from '../forewarn-config.js';
import { type Directory } from '../projects/project.js';
import { type ProjectsConfig } from '../projects/projects-config.js';
import { type Database } from '../platform/db/database.js';
import { createLogger } from '../platform/logging/logger.js';
import { Projects } from '../projects/project.registry.js';
import { ProjectStore } from '../projects/registry/project.store.js';
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
  const clock = new SystemClock();
  const settings = readSettings(process.env);
  const config = loadConfig(configPath(settings));
  const { lines, errors } = readImport(content, path.endsWith('.csv') ? 'csv' : 'ndjson', clock.now());
  const { database, close } = await openDatabase(settings, { share: true });
  try {
    const projects = new Projects(config.projects, new ProjectStore(), database, clock, createLogger('silent'));
    const into = await theDirectory(database, config.projects);
    const importer = new CustomerImporter(new CustomerDirectory(new CustomerStore(), projects), database, clock);
    const report = await importer.import(into, lines, errors);
    for (const { line, problem } of report.errors) process.stderr.write(`${path}:${line}: ${problem}\n`);
    process.stdout.write(`${report.imported} imported, ${report.failed} failed\n`);
    return report.failed > 0 ? 1 : 0;
  } finally {
    await close();
  }
}

/** The only directory there is, or that of the first project in the configuration; made before the first start. */
async function theDirectory(database: Database, [first]: ProjectsConfig): Promise<Directory> {
  const store = new ProjectStore();
  const name = first?.directory ?? first?.slug ?? '';
  const directories = await store.directories(database);
  const found = directories.find((one) => one.name === name) ?? (directories.length === 1 ? directories[0] : undefined);
  if (found) return found;
  if (directories.length === 0)
    return { id: await database.transaction((tx) => store.ensureDirectory(tx, name)), name };
  const names = directories.map((one) => one.name).join(', ');
  throw new StartError(
    `there is no directory "${name}"; there are ${names}. Set FOREWARN_CONFIG to the daemon's file.`,
  );
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path === '-' ? '/dev/stdin' : path, 'utf8');
  } catch (error) {
    throw new StartError(`${path} cannot be read: ${messageOf(error)}`);
  }
}
