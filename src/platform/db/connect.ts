import pg from 'pg';
import { DataSource, type EntitySchema, type MixedList } from 'typeorm';
import { migrations } from '../../../migrations/index.js';
import { messageOf, StartError } from '../errors.js';
import { PG_ERROR, pgCode } from './database.js';

/** The oldest server on which the tests run. */
const OLDEST_SERVER = 150_000;
/** Serialises migrations of processes that start together; any constant that nobody else uses. */
const MIGRATION_LOCK = 4_812_019_326;

type Entities = MixedList<string | EntitySchema | (new () => object)>;

/**
 * Connects to PostgreSQL, checks its version and brings the schema up to date.
 * @param url connection string, also the socket form of the embedded server
 * @param poolSize connections at most
 * @throws StartError with one line for a server that is away, too old, or refuses
 */
export async function connectDatabase(url: string, entities: Entities = [], poolSize = 16): Promise<DataSource> {
  await withLock(url, async () => {
    const source = dataSource(url, [], 2);
    await source.initialize();
    try {
      await source.runMigrations({ transaction: 'each' });
    } finally {
      await source.destroy();
    }
  });
  return dataSource(url, entities, poolSize).initialize();
}

/** A TypeORM data source that is not yet connected; `poolSize` connections at most. */
export function dataSource(url: string, entities: Entities, poolSize: number): DataSource {
  return new DataSource({
    type: 'postgres',
    url,
    entities,
    migrations,
    migrationsTableName: 'schema_migration',
    // Pipelined: statements of one connection that are asked for together travel together, each still by itself and in order.
    extra: { max: poolSize, connectionTimeoutMillis: 10_000, application_name: 'forewarn', pipeline: true },
    logging: false,
  });
}

async function withLock(url: string, work: () => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
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
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await work();
  } finally {
    await client.end();
  }
}

function explain(url: string, error: unknown): string {
  const { hostname, port, pathname, username } = new URL(url);
  const place = `${hostname || 'localhost'}:${port || 5432}`;
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
