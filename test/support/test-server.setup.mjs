// One PostgreSQL server for all specs of a run: an embedded one in a temporary folder, or the one that TEST_DATABASE_URL names.
// It holds a migrated template database, from which each spec makes its own (test-database.ts). The code is built once into
// a folder of this run, for the server's own start and for the specs that run the command line.
import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import pg from 'pg';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const PREFIX = '.build-test-';

export default async function setUp() {
  await removeBuildsOfDeadRuns();
  const name = `${PREFIX}${process.pid}`;
  execFileSync(process.execPath, ['scripts/build.mjs', '--out', name], { cwd: root, stdio: 'inherit' });
  const build = join(root, name);
  const load = (path) => import(pathToFileURL(join(build, path)).href);

  const folder = await mkdtemp(join(tmpdir(), 'fw-test-'));
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

  Object.assign(process.env, { FOREWARN_TEST_SERVER: server, FOREWARN_TEST_RUN: run, FOREWARN_TEST_BUILD: build });
  globalThis.forewarnTestServer = { server, run, template, build, folder, embedded };
}

/** A test's server is thrown away, so it need not wait for the disk; tests of durability start servers of their own. */
async function relaxDurability(client) {
  await client.query('ALTER SYSTEM SET fsync = off');
  await client.query('SELECT pg_reload_conf()');
}

async function removeBuildsOfDeadRuns() {
  for (const name of await readdir(root)) {
    if (name.startsWith(PREFIX) && !isAlive(Number(name.slice(PREFIX.length))))
      await rm(join(root, name), { recursive: true, force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
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
