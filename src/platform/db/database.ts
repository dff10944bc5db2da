import { setMaxListeners } from 'node:events';
import type pg from 'pg';
import { type Limits, type OpenPool } from './connect.js';
import { PG_ERROR, pgCode } from './pg-error.js';
import { type Sql, type Statement, type Tx } from './sql.js';
import { send, Transaction } from './transaction.js';

export { type Bound, type Sql, type Statement, type Tx } from './sql.js';

/** The cause that ended a statement early: a limit of the pool, or the abort of its work. */
export type Cut = 'statement_timeout' | 'lock_timeout' | 'temp_file_limit' | 'aborted';

const CUTS: Readonly<Record<string, Cut>> = {
  [PG_ERROR.queryCanceled]: 'statement_timeout',
  [PG_ERROR.lockNotAvailable]: 'lock_timeout',
  [PG_ERROR.configurationLimitExceeded]: 'temp_file_limit',
};

/** A connection that is used for one thing. */
interface Held {
  readonly client: pg.PoolClient;
  /** Why the connection must not be used again. */
  broken: Error | undefined;
  /** Resolves when cancelling can do no harm. */
  mayBeCancelled: () => Promise<void>;
}

/** The application's way to PostgreSQL: written SQL on a pool of connections. */
export class Database implements Sql {
  private onCut: (cut: Cut) => void = () => undefined;

  constructor(
    private readonly connections: OpenPool,
    private readonly signal?: AbortSignal,
  ) {}

  /** The limits that the connections keep. */
  get limits(): Limits {
    return this.connections.limits;
  }

  /** Names who hears of every statement that was cut. */
  reportCuts(onCut: (cut: Cut) => void): void {
    this.onCut = onCut;
  }

  /**
   * The same database for work that may be aborted. When `signal` aborts, the statement that runs is cancelled on the server, its
   * transaction is rolled back, its connection is closed, and every later statement throws the signal's reason.
   */
  until(signal: AbortSignal): Database {
    setMaxListeners(0, signal);
    const bounded = new Database(this.connections, signal);
    bounded.onCut = (cut) => this.onCut(cut);
    return bounded;
  }

  async query<Row extends object>(statement: Statement | string, values: readonly unknown[] = []): Promise<Row[]> {
    if (this.signal) return this.hold(async ({ client }) => (await send<Row>(client, statement, values)).rows);
    try {
      return (await send<Row>(this.connections.pool, statement, values)).rows;
    } catch (error) {
      this.noteCut(error);
      throw error;
    }
  }

  /** @throws when the server does not answer */
  async ping(): Promise<void> {
    await this.query('SELECT 1');
  }

  /**
   * Runs `work` in one transaction: commits when it returns, rolls back when it throws.
   * @throws what `work` throws, or the error of the first statement that failed
   */
  async transaction<T>(work: (tx: Tx) => Promise<T> | T): Promise<T> {
    return this.hold(async (held) => {
      const tx = new Transaction(held.client, this.signal);
      held.mayBeCancelled = () => tx.hasBegun();
      try {
        const result = await work(tx);
        await tx.commit();
        return result;
      } catch (error) {
        await tx.rollBack().catch((lost: Error) => (held.broken = lost));
        throw error;
      }
    });
  }

  /** A session of its own, for LISTEN or session locks; the caller ends it. */
  async session(): Promise<pg.PoolClient> {
    return this.connections.pool.connect();
  }

  /** Runs `work` on a connection that nobody else uses meanwhile. A connection that was lost or aborted is closed. */
  private async hold<T>(work: (held: Held) => Promise<T>): Promise<T> {
    this.signal?.throwIfAborted();
    const client = await this.connections.pool.connect();
    const held: Held = { client, broken: undefined, mayBeCancelled: () => Promise.resolve() };
    const lost = (error: Error) => (held.broken = error);
    client.on('error', lost); // a server that ends while no statement runs says so here; nobody listening would end the process
    try {
      return await (this.signal ? this.untilAborted(this.signal, held, work) : work(held));
    } catch (error) {
      this.noteCut(error);
      throw error;
    } finally {
      if (!held.broken) client.off('error', lost);
      client.release(held.broken);
    }
  }

  /** The work, or the abort when it comes first: then the statement that runs is cancelled before anybody goes on. */
  private async untilAborted<T>(signal: AbortSignal, held: Held, work: (held: Held) => Promise<T>): Promise<T> {
    let cancelled: Promise<void> | undefined;
    let onAbort = () => undefined as void;
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => {
        held.broken = new Error('the work on this connection was aborted');
        cancelled ??= held.mayBeCancelled().then(() => this.connections.cancel(held.client));
        void cancelled.then(() => reject(signal.reason as Error));
      };
    });
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      if (signal.aborted) onAbort();
      const working = work(held);
      working.catch(() => undefined); // what the work says after an abort is of no use
      return await Promise.race([working, aborted]);
    } catch (error) {
      if (!cancelled) throw error;
      await cancelled;
      this.onCut('aborted');
      throw signal.reason;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  private noteCut(error: unknown): void {
    const cut = CUTS[pgCode(error) ?? ''];
    if (cut) this.onCut(cut);
  }
}
