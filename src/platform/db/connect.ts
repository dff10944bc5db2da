import pg from 'pg';
import { type DataSource } from 'typeorm';
import { migrations } from '../../../migrations/index.js';
import { messageOf, StartError } from '../errors.js';
import { PG_ERROR, pgCode } from './pg-error.js';
import { onlyRow } from './sql.js';

/** The oldest server on which the tests run. */
const OLDEST_SERVER = 150_000;
/** Serialises migrations of processes that start together; any constant that nobody else uses. */
const MIGRATION_LOCK = 4_812_019_326;

/** Counts and ids are far below 2^53, so PostgreSQL's 64-bit integers are read as numbers. */
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
/** PostgreSQL's type number of `bigint[]` (pg_type.oid). */
const INT8_ARRAY = 1016 as number as Parameters<typeof pg.types.getTypeParser>[0];
const readArray = pg.types.getTypeParser(INT8_ARRAY) as (text: string) => string[];
pg.types.setTypeParser(INT8_ARRAY, (text: string) => readArray(text).map(Number));

/** Limits of one statement of the pool. */
export interface Limits {
  /** Longest run of a statement, milliseconds; 0 for no limit. */
  readonly statementMs: number;
  /** Longest wait for a lock, milliseconds. */
  readonly lockMs: number;
  /** Temporary files of one session, kilobytes. Kept where the role may set it; undefined where it may not and nobody else did. */
  readonly tempFileKb: number | undefined;
}

/**
 * Longest run of a statement, milliseconds. The longest that was seen is 12 s (one look of detection at 7,500 new issues, by a plan that is
 * no longer made). With half of it a rollup on a slow disk may be cut again and again; with double the pool of 16 can be held for two
 * minutes by 16 requests.
 */
const STATEMENT_MS = 60_000;
/**
 * Longest wait for a lock, milliseconds. A batch of digest holds a project's lock for some tens of milliseconds. Half would do as well;
 * double lets a request wait longer than most clients do.
 */
const LOCK_MS = 10_000;
/**
 * Temporary files of one session, kilobytes. The largest statement of the benches writes none; a back-test over all of time wrote 75 GB.
 * With half of it a sort over 90 days of a large installation may be cut; with double 16 sessions can fill 32 GB.
 */
const TEMP_FILE_KB = 1024 * 1024;
/** Longest wait for a connection, milliseconds; a request that waited so long is answered 503. */
const CONNECT_MS = 10_000;

/** A pool of connections, and what else the application needs of the server. */
export interface OpenPool {
  readonly pool: pg.Pool;
  readonly limits: Limits;
  /** Cancels the statement that runs on a connection, if any. */
  cancel(client: pg.PoolClient): Promise<void>;
  close(): Promise<void>;
}

/**
 * Brings the schema of a database up to date. TypeORM, which takes a quarter of a second to load, is loaded only where there is something to do.
 * @throws StartError with one line for a server that is away, too old, or refuses
 */
export async function migrateDatabase(url: string): Promise<void> {
  await withLock(url, async (client) => {
    const applied = await appliedTo(client);
    if (migrations.every(({ name }) => applied.has(name))) return;
    const source = await (await dataSource(url)).initialize();
    try {
      await source.runMigrations({ transaction: 'each' });
    } finally {
      await source.destroy();
    }
  });
}

/**
 * Makes sure that the schema of a database is that of this version, and changes nothing.
 * @throws StartError with one line that says how far behind or ahead it is and what to do
 */
export async function assertCurrent(url: string): Promise<void> {
  const applied = await connected(url, appliedTo);
  const known = new Set<string>(migrations.map(({ name }) => name));
  const behind = [...known].filter((name) => !applied.has(name)).length;
  const ahead = [...applied].filter((name) => !known.has(name)).length;
  if (applied.size === 0)
    throw new StartError(`The database on ${placeOf(url)} holds no schema of Forewarn yet: run forewarn migrate.`);
  if (behind > 0)
    throw new StartError(
      `The schema on ${placeOf(url)} is ${behind} ${behind === 1 ? 'version' : 'versions'} behind: run forewarn migrate.`,
    );
  if (ahead > 0)
    throw new StartError(
      `The schema on ${placeOf(url)} is ${ahead} ${ahead === 1 ? 'version' : 'versions'} ahead of this program: run the version of Forewarn that made it, or a newer one.`,
    );
}

/** Names of the migrations that a database has had. */
async function appliedTo(client: pg.Client): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ there: boolean }>(
    `SELECT to_regclass('schema_migration') IS NOT NULL AS there`,
  );
  if (!onlyRow(rows, 'schema_migration').there) return new Set();
  const applied = await client.query<{ name: string }>('SELECT name FROM schema_migration');
  return new Set(applied.rows.map(({ name }) => name));
}

/** TypeORM's data source for the migrations, which is not yet connected. */
export async function dataSource(url: string): Promise<DataSource> {
  const typeorm = await import('typeorm');
  return new typeorm.DataSource({
    type: 'postgres',
    url,
    migrations,
    migrationsTableName: 'schema_migration',
    extra: { max: 2, connectionTimeoutMillis: CONNECT_MS, application_name: 'forewarn' },
    logging: false,
  });
}

/**
 * Opens a pool of connections.
 * @param url connection string, also the socket form of the embedded server
 * @param options.statementMs longest run of a statement, milliseconds; 0 for no limit
 * @throws StartError when this version of the driver does not have what the pool relies on
 */
export async function openPool(
  url: string,
  { poolSize = 16, statementMs = STATEMENT_MS }: { poolSize?: number; statementMs?: number } = {},
): Promise<OpenPool> {
  const common = { connectionString: url, connectionTimeoutMillis: CONNECT_MS, application_name: 'forewarn' };
  const cancelling = new pg.Pool({ ...common, max: 1, idleTimeoutMillis: 1000 });
  const temp = await tempFileLimit(cancelling);
  const pool = new pg.Pool({
    ...common,
    max: poolSize,
    // Statements of one connection that are asked for together travel together, each still by itself and in order.
    pipeline: true,
    statement_timeout: statementMs,
    lock_timeout: LOCK_MS,
    // The first statement of each connection, so that all others run under it.
    ...(temp.isOurs && { onConnect: (client) => void client.query(`SET temp_file_limit = ${TEMP_FILE_KB}`) }),
  });
  // An idle connection that is lost is replaced at the next use, which says so when the server stays away.
  for (const one of [pool, cancelling]) one.on('error', () => undefined);
  const close = async () => void (await Promise.all([pool.end(), cancelling.end()]));
  try {
    const client = await pool.connect();
    try {
      checkDriver(client);
    } finally {
      client.release();
    }
  } catch (error) {
    await close();
    throw error;
  }
  const cancel = async (client: pg.PoolClient) => {
    const { processID } = client as unknown as DriverFields;
    // When this fails the server is away, or ends the statement by its own limit.
    await cancelling.query('SELECT pg_cancel_backend($1)', [processID]).catch(() => undefined);
  };
  return { pool, limits: { statementMs, lockMs: LOCK_MS, tempFileKb: temp.kb }, cancel, close };
}

/** Sets no limit above one that somebody set already, and none where the role may not. */
async function tempFileLimit(pool: pg.Pool): Promise<{ isOurs: boolean; kb: number | undefined }> {
  const { rows } = await pool.query<{ may: boolean; kb: string }>(
    `SELECT has_parameter_privilege('temp_file_limit', 'SET') AS may, setting AS kb
     FROM pg_settings
     WHERE name = 'temp_file_limit'`,
  );
  const { may, kb } = onlyRow(rows, 'temp_file_limit');
  const stands = Number(kb);
  if (stands >= 0 && stands <= TEMP_FILE_KB) return { isOurs: false, kb: stands };
  if (may) return { isOurs: true, kb: TEMP_FILE_KB };
  return { isOurs: false, kb: stands < 0 ? undefined : stands };
}

/** Fields of the driver that are not part of its documented interface. */
interface DriverFields {
  readonly pipeline?: unknown;
  /** Number of the server process behind the connection, by which its statement is cancelled. */
  readonly processID?: unknown;
  readonly connection?: { readonly stream?: { readonly cork?: unknown; readonly uncork?: unknown } };
}

/**
 * Makes sure that this version of the driver has the fields that the hot path relies on.
 * @throws StartError that names what is missing
 */
export function checkDriver(client: unknown): void {
  const { pipeline, processID, connection } = client as DriverFields;
  const missing = [
    ...(pipeline === true ? [] : ['pipeline']),
    ...(typeof processID === 'number' ? [] : ['processID']),
    ...(typeof connection?.stream?.cork === 'function' && typeof connection.stream.uncork === 'function'
      ? []
      : ['connection.stream.cork']),
  ];
  if (missing.length > 0)
    throw new StartError(
      `The installed PostgreSQL driver "pg" has no ${missing.join(' and no ')} on its connections. Run "npm ci", which installs the version that Forewarn is tested with.`,
    );
}

/** Does the work while no other process migrates. */
function withLock(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  return connected(url, async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await work(client);
  });
}

/** @throws StartError for a server that is away, too old, or refuses */
async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS });
  try {
    await client.connect();
  } catch (error) {
    throw new StartError(explain(url, error));
  }
  try {
    const { rows } = await client.query<{ version: string }>("SELECT current_setting('server_version_num') AS version");
    const version = Number(rows[0]?.version);
    if (version < OLDEST_SERVER)
      throw new StartError(
        `The PostgreSQL server is version ${Math.floor(version / 10_000)}; Forewarn needs 15 or newer.`,
      );
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Host and port of a connection string, without user and password; the folder of the socket where it names one. */
export function placeOf(url: string): string {
  const { hostname, port, searchParams } = new URL(url);
  return searchParams.get('host') ?? `${hostname || 'localhost'}:${port || 5432}`;
}

function explain(url: string, error: unknown): string {
  const { pathname, username } = new URL(url);
  const place = placeOf(url);
  switch (pgCode(error)) {
    case PG_ERROR.undefinedDatabase:
      return `There is no database "${pathname.slice(1)}" on the PostgreSQL server ${place}. Create it, or correct DATABASE_URL.`;
    case PG_ERROR.invalidPassword:
    case PG_ERROR.invalidAuthorization:
      return `The PostgreSQL server ${place} refused user "${username}". Check user and password in DATABASE_URL.`;
    default:
      return `The PostgreSQL server ${place} cannot be reached (${messageOf(error) || 'no answer'}). Check DATABASE_URL and that the server runs.`;
  }
}
