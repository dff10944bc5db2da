import pg from 'pg';
import { type DataSource } from 'typeorm';

/** Counts and ids are far below 2^53, so PostgreSQL's 64-bit integers are read as numbers. */
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
/** PostgreSQL's type number of `bigint[]` (pg_type.oid). */
const INT8_ARRAY = 1016 as number as Parameters<typeof pg.types.getTypeParser>[0];
const readArray = pg.types.getTypeParser(INT8_ARRAY) as (text: string) => string[];
pg.types.setTypeParser(INT8_ARRAY, (text: string) => readArray(text).map(Number));

/**
 * A named SQL statement, prepared once a session: its plan stays until the tables are analysed, so it is for statements that find rows by
 * key. What joins or adds up tables that grow fast is given as plain text and planned for what they hold when it runs.
 */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Something that runs SQL: the pool, or one transaction. */
export interface Sql {
  /** Runs one statement and returns its rows. */
  query<Row extends object>(statement: Statement | string, values?: readonly unknown[]): Promise<Row[]>;
}

/** An open transaction; hand it to every store that shall commit together. */
export interface Tx extends Sql {
  /** Takes a lock until the end of the transaction; false when another session holds it. */
  tryLock(name: string): Promise<boolean>;
  /**
   * Commits, in the same round trip as the statements that were asked for in the same moment; nothing may follow. For who does not
   * call it the transaction commits when its work returns.
   */
  commit(): Promise<void>;
}

/** PostgreSQL error codes that the code reacts to (PostgreSQL manual, appendix A). */
export const PG_ERROR = {
  uniqueViolation: '23505',
  foreignKeyViolation: '23503',
  deadlockDetected: '40P01',
  divisionByZero: '22012',
  undefinedDatabase: '3D000',
  invalidPassword: '28P01',
  invalidAuthorization: '28000',
} as const;

/** The SQLSTATE of a driver error, undefined for anything else. Every SQLSTATE holds a digit, unlike system errors such as EPIPE. */
export function pgCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** True where the fault lies in the way to the server or the server itself, so that the same call may work later. */
export function isDatabaseAway(error: unknown): boolean {
  const code = pgCode(error);
  if (code !== undefined) return code.startsWith('08') || code.startsWith('57') || code.startsWith('53');
  const message = error instanceof Error ? error.message : '';
  const errno = (error as { code?: string } | undefined)?.code ?? '';
  return (
    /^E(CONN|PIPE|NOENT|TIMEDOUT|HOST|NET|AI_)/.test(errno) ||
    /Connection terminated|timeout exceeded when trying to connect|not queryable/.test(message)
  );
}

/** The application's way to PostgreSQL: written SQL on the pool that TypeORM keeps. */
export class Database implements Sql {
  constructor(readonly dataSource: DataSource) {}

  private get pool(): pg.Pool {
    return (this.dataSource.driver as unknown as { master: pg.Pool }).master;
  }

  async query<Row extends object>(statement: Statement | string, values: readonly unknown[] = []): Promise<Row[]> {
    return run<Row>(this.pool, statement, values);
  }

  /** @throws when the server does not answer */
  async ping(): Promise<void> {
    await this.query('SELECT 1');
  }

  /** Runs `work` in one transaction: commits when it returns, rolls back when it throws. */
  async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
    let broken: Error | undefined;
    const lost = (error: Error) => (broken = error);
    client.on('error', lost); // a server that ends while no statement runs says so here; nobody listening would end the process
    try {
      const tx = new Transaction(client);
      const [, result] = await Promise.all([tx.begin(), work(tx)]);
      await tx.commit();
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch((failure: Error) => (broken = failure));
      throw error;
    } finally {
      if (!broken) client.off('error', lost);
      client.release(broken);
    }
  }

  /** A session of its own, for LISTEN or session locks; the caller ends it. */
  async session(): Promise<pg.PoolClient> {
    return this.pool.connect();
  }
}

/** What the driver writes to; not part of its types. */
interface Wire {
  cork(): void;
  uncork(): void;
}

class Transaction implements Tx {
  private readonly wire: Wire;
  private gathering = false;
  private committed: Promise<void> | undefined;
  /** What the first statement that failed failed with. */
  private fault: Error | undefined;

  constructor(private readonly client: pg.PoolClient) {
    this.wire = (client as unknown as { connection: { stream: Wire } }).connection.stream;
  }

  async begin(): Promise<void> {
    this.gather();
    await this.client.query('BEGIN');
  }

  async query<Row extends object>(statement: Statement | string, values: readonly unknown[] = []): Promise<Row[]> {
    this.gather();
    const { rows } = await send<Row>(this.client, statement, values).catch((error: unknown) => this.failed(error));
    return rows;
  }

  async tryLock(name: string): Promise<boolean> {
    const sql = 'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS locked';
    const [row] = await this.query<{ locked: boolean }>({ name: 'platform.try_lock', text: sql }, [name]);
    return row?.locked === true;
  }

  async commit(): Promise<void> {
    this.gather();
    await (this.committed ??= this.end());
  }

  /** A transaction in which a statement failed answers COMMIT with ROLLBACK, and no error. */
  private async end(): Promise<void> {
    const { command } = await this.client.query('COMMIT');
    if (command !== 'COMMIT')
      throw this.fault ?? new Error('the transaction was rolled back, since a statement in it had failed');
  }

  /** Of statements that were asked for together, those after the first that failed fail only because of it. */
  private failed(error: unknown): never {
    throw (this.fault ??= error as Error);
  }

  /** Statements asked for in the same turn leave in one write: each write wakes the server, which costs more than the bytes. */
  private gather(): void {
    if (this.gathering) return;
    this.gathering = true;
    this.wire.cork();
    process.nextTick(() => {
      this.gathering = false;
      this.wire.uncork();
    });
  }
}

async function run<Row extends object>(
  target: pg.Pool | pg.PoolClient,
  statement: Statement | string,
  values: readonly unknown[],
): Promise<Row[]> {
  return (await send<Row>(target, statement, values)).rows;
}

function send<Row extends object>(
  target: pg.Pool | pg.PoolClient,
  statement: Statement | string,
  values: readonly unknown[],
): Promise<pg.QueryResult<Row>> {
  const config = typeof statement === 'string' ? { text: statement } : { name: statement.name, text: statement.text };
  return target.query<Row>({ ...config, values: [...values] });
}
