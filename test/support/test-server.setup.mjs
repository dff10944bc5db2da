// One PostgreSQL server for all specs of a run: an embedded one in a temporary folder, or the one that TEST_DATABASE_URL names.
// It holds a migrated template database, from which each spec makes its own (test-database.ts). The code is built once into
// a folder of this run, for the server's own start and for the specs that run the command line. Temporary files of the specs
// and of the processes that they start lie in the run's folder, too.
import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { access, chmod, mkdtemp, readdir, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import pg from 'pg';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const PREFIX = '.build-test-';
const FOLDER_PREFIX = 'fw-test-';
const IN_MEMORY = '/dev/shm';
/** Room that a run may need there; chosen by judgement, not measured. */
const ROOM_BYTES = 2 * 1024 ** 3;

export default async function setUp() {
  await removeLeftovers(root, PREFIX);
  for (const folder of [IN_MEMORY, tmpdir()]) await removeLeftovers(folder, FOLDER_PREFIX);
  const name = `${PREFIX}${process.pid}`;
  execFileSync(process.execPath, ['scripts/build.mjs', '--out', name], { cwd: root, stdio: 'inherit' });
  const build = join(root, name);
  const load = (path) => import(pathToFileURL(join(build, path)).href);

  const folder = await makeRunFolder();
  const given = process.env.TEST_DATABASE_URL;
  const embedded = given
    ? undefined
    : await (await load('src/platform/db/embedded-postgres.js')).startEmbeddedPostgres(join(folder, 'db'));
  const server = given ?? embedded.url;
  const run = `forewarn_test_${process.pid}`;
  const template = `${run}_template`;
  await withClient(server, async (client) => {
    if (embedded) await relaxDurability(client);
    await client.query(`CREATE DATABASE ${template}`);
  });
  const url = new URL(server);
  url.pathname = `/${template}`;
  await (await load('src/platform/db/connect.js')).migrateDatabase(url.href);

  Object.assign(process.env, {
    TMPDIR: folder,
    FOREWARN_TEST_SERVER: server,
    FOREWARN_TEST_RUN: run,
    FOREWARN_TEST_COPY: given ? 'wal_log' : 'file_copy', // files are faster, but only where nothing waits for the disk
    FOREWARN_TEST_BUILD: build,
  });
  globalThis.forewarnTestServer = { server, run, template, build, folder, embedded };
}

/**
 * A new folder for everything that a run writes: in memory where there is room, since a database per test makes many files, and each
 * may have to wait for the disk's journal. `nobody`, as whom the database of root runs, may pass through it.
 */
async function makeRunFolder() {
  const place = (await hasRoom(IN_MEMORY)) ? IN_MEMORY : tmpdir();
  const folder = await mkdtemp(join(place, `${FOLDER_PREFIX}${process.pid}-`));
  await chmod(folder, 0o711);
  return folder;
}

async function hasRoom(folder) {
  try {
    const { bavail, bsize } = await statfs(folder);
    await access(folder, constants.W_OK);
    return bavail * bsize >= ROOM_BYTES;
  } catch {
    return false; // not Linux, or not ours to write
  }
}

/** A test's server is thrown away, so it need not wait for the disk; tests of durability start servers of their own. */
async function relaxDurability(client) {
  await client.query('ALTER SYSTEM SET fsync = off');
  await client.query('SELECT pg_reload_conf()');
}

/** Removes what our runs left in a folder when they were ended before their end. Names begin with the prefix and a process id. */
async function removeLeftovers(folder, prefix) {
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : NaN;
    const path = join(folder, name);
    if (!Number.isNaN(pid) && !isAlive(pid) && (await isOurs(path))) await rm(path, { recursive: true, force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM'; // somebody else's
  }
}

async function isOurs(path) {
  return (await stat(path).catch(() => undefined))?.uid === process.getuid();
}

export async function withClient(url, work) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
