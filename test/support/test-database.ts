import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** A database of a test's own, on the server that the run started. */
export interface TestDatabase {
  /** The value for DATABASE_URL. */
  readonly url: string;
  /** Removes it; fails when a session is still open, since whoever opened it did not close it. */
  drop(): Promise<void>;
}

/** A copy of the migrated template, or with `empty` a database without any table. */
export async function createDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  const run = setting('FOREWARN_TEST_RUN');
  const name = `${run}_${randomBytes(5).toString('hex')}`;
  const template = options.empty ? 'template0' : `${run}_template`;
  await onServer(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY ${setting('FOREWARN_TEST_COPY')}`);
  return { url: urlOf(name), drop: () => onServer(`DROP DATABASE ${name}`) };
}

/** The connection string of another database on the run's server. */
export function urlOf(name: string): string {
  const url = new URL(setting('FOREWARN_TEST_SERVER'));
  url.pathname = `/${name}`;
  return url.href;
}

/** The folder of the code built for this run; its command line is `src/cli.js`. */
export function buildFolder(): string {
  return setting('FOREWARN_TEST_BUILD');
}

async function onServer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: setting('FOREWARN_TEST_SERVER') });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; run specs with "npm test", which starts their server`);
  return value;
}
