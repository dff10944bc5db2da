import type pg from 'pg';
import { type Bound, type Statement, type Tx } from './sql.js';

/** A statement was asked for after the end of its transaction, outside of which it must not run. */
export class TransactionOver extends Error {
  constructor(text: string) {
    super(`the transaction is over, so this statement was not run: ${text.trim().replace(/\s+/g, ' ').slice(0, 80)}`);
  }
}

/**
 * One transaction on a connection that nobody else uses. BEGIN travels with the first statement, so that a transaction of `commitWith`
 * alone is one round trip, and one without any statement costs none.
 */
export class Transaction implements Tx {
  private stands: 'open' | 'ending' | 'over' = 'open';
  private begun: Promise<unknown> | undefined;
  private last: readonly Bound[] = [];
  private readonly afterwards: (() => void)[] = [];
  private gathering = false;
  /** The error of the first statement that failed. */
  private fault: Error | undefined;

  constructor(
    private readonly client: pg.PoolClient,
    private readonly signal?: AbortSignal,
  ) {}

  async query<Row extends object>(statement: Statement | string, values: readonly unknown[] = []): Promise<Row[]> {
    this.requireOpen(statement);
    return this.send<Row>(statement, values);
  }

  async tryLock(name: string): Promise<boolean> {
    const text = 'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS locked';
    const [row] = await this.query<{ locked: boolean }>({ name: 'platform.try_lock', text }, [name]);
    return row?.locked === true;
  }

  async lock(name: string, how: 'alone' | 'shared'): Promise<void> {
    if (how === 'alone') await this.query('SET LOCAL lock_timeout = 0');
    const text = `SELECT pg_advisory_xact_lock${how === 'shared' ? '_shared' : ''}(hashtextextended($1, 0))`;
    await this.query(text, [name]);
  }

  commitWith(...bound: readonly Bound[]): void {
    this.requireOpen('COMMIT');
    this.stands = 'ending';
    this.last = bound;
  }

  afterCommit(then: () => void): void {
    this.afterwards.push(then);
  }

  /**
   * Sends the last statements and COMMIT in one write, then does what was to follow it.
   * @throws the error of the first statement that failed; then nothing is kept
   */
  async commit(): Promise<void> {
    this.signal?.throwIfAborted();
    this.stands = 'over';
    if (this.begun || this.last.length > 0) await this.sendCommit();
    for (const then of this.afterwards) then();
  }

  private async sendCommit(): Promise<void> {
    const sent = this.last.map(({ statement, values }) => this.send(statement, values));
    const committed = this.client.query('COMMIT');
    const [ended] = await Promise.allSettled([committed, ...sent]);
    if (this.fault) throw this.fault;
    if (ended.status === 'rejected') throw ended.reason;
    // A transaction in which a statement failed answers COMMIT with ROLLBACK, and no error.
    if (ended.value.command !== 'COMMIT')
      throw new Error('the transaction was rolled back, since a statement in it had failed');
  }

  /** Takes everything back. @throws when the connection is lost, which takes everything back as well */
  async rollBack(): Promise<void> {
    this.stands = 'over';
    if (this.begun) await this.client.query('ROLLBACK');
  }

  /** Resolves when the server has begun the transaction: a cancel before that would leave statements outside. */
  async hasBegun(): Promise<void> {
    await this.begun;
  }

  private requireOpen(statement: Statement | string): void {
    this.signal?.throwIfAborted();
    if (this.stands !== 'open') throw new TransactionOver(typeof statement === 'string' ? statement : statement.name);
  }

  private async send<Row extends object>(statement: Statement | string, values: readonly unknown[]): Promise<Row[]> {
    this.gather();
    this.begun ??= this.client.query('BEGIN').catch((error: unknown) => (this.fault ??= error as Error));
    try {
      return (await send<Row>(this.client, statement, values)).rows;
    } catch (error) {
      // Of statements that were asked for together, those after the first that failed fail only because of it.
      throw (this.fault ??= error as Error);
    }
  }

  /** Statements asked for in the same turn leave in one write: each write wakes the server, which costs more than the bytes. */
  private gather(): void {
    if (this.gathering) return;
    this.gathering = true;
    const { stream } = this.client.connection;
    stream.cork();
    process.nextTick(() => {
      this.gathering = false;
      stream.uncork();
    });
  }
}

/** Runs one statement. */
export async function send<Row extends object>(
  target: pg.Pool | pg.PoolClient,
  statement: Statement | string,
  values: readonly unknown[],
): Promise<pg.QueryResult<Row>> {
  const config = typeof statement === 'string' ? { text: statement } : { name: statement.name, text: statement.text };
  return target.query<Row>({ ...config, values: [...values] });
}
