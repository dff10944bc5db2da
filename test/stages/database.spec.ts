import { type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { openDatabase } from '../../src/platform/db/open-database.js';
import { readSettings } from '../../src/platform/config/settings.js';
import { int4s, int8s, texts, timestamps, uuids } from '../../src/platform/db/arrays.js';
import { checkDriver, openPool } from '../../src/platform/db/connect.js';
import { Database, type Tx } from '../../src/platform/db/database.js';
import { isDatabaseAway, PG_ERROR, pgCode } from '../../src/platform/db/pg-error.js';
import { bind, onlyRow, rowAt } from '../../src/platform/db/sql.js';
import { TransactionOver } from '../../src/platform/db/transaction.js';
import { eventually } from '../support/eventually.js';
import { createDatabase } from '../support/test-database.js';

describe('the database', () => {
  let server: Awaited<ReturnType<typeof createDatabase>>;
  let opened: Awaited<ReturnType<typeof openDatabase>>;
  let database: Database;
  beforeAll(async () => {
    server = await createDatabase();
    opened = await openDatabase(readSettings({ DATABASE_URL: server.url }));
    database = opened.database;
    await database.query('CREATE TABLE note (id int PRIMARY KEY)');
  });
  afterAll(async () => {
    await opened.close();
    await server.drop();
  });

  const notes = () => database.query('SELECT id FROM note ORDER BY id');

  it('reads lists in binary form as they were written', async () => {
    const times = [-86_400_000, 0, 946_684_800_000, 1_795_000_000_123, 253_402_300_799_999];
    const [row] = await database.query(
      `SELECT $1::int[] AS int4, $2::bigint[] AS int8, $3::text[] AS text, $4::uuid[]::text[] AS uuid,
         ARRAY(SELECT (extract(epoch FROM t) * 1000)::bigint FROM unnest($5::timestamptz[]) WITH ORDINALITY AS x (t, n) ORDER BY n) AS times`,
      [
        int4s([0, -1, 2_147_483_647, -2_147_483_648]),
        int8s([0, -1, 4_294_967_296, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]),
        texts(['', null, 'a "quoted", {braced} \\ text', '李明 🙂']),
        uuids(['00112233445566778899aabbccddeeff', 'f'.repeat(32)]),
        timestamps(times),
      ],
    );

    expect(row).toEqual({
      int4: [0, -1, 2_147_483_647, -2_147_483_648],
      int8: [0, -1, 4_294_967_296, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
      text: ['', null, 'a "quoted", {braced} \\ text', '李明 🙂'],
      uuid: ['00112233-4455-6677-8899-aabbccddeeff', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
      times,
    });
  });

  it('reads empty lists, and refuses what is no UUID', async () => {
    const lists = [int4s([]), int8s([]), texts([]), uuids([]), timestamps([])];
    const [row] = await database.query(
      'SELECT cardinality($1::int[]) + cardinality($2::bigint[]) + cardinality($3::text[]) + cardinality($4::uuid[]) + cardinality($5::timestamptz[]) AS n',
      lists,
    );

    expect(row).toEqual({ n: 0 });
    expect(() => uuids(['no uuid'])).toThrow('32 hex digits');
  });

  describe('a transaction', () => {
    beforeEach(() => database.query('DELETE FROM note'));

    const insert = (id: number) => bind('INSERT INTO note VALUES ($1)', [id]);

    it('keeps the statements that it commits with, and what was asked for before them', async () => {
      await database.transaction(async (tx) => {
        await tx.query('INSERT INTO note VALUES (1)');
        tx.commitWith(insert(2), insert(3));
      });

      expect(await notes()).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
    });

    it('of commitWith alone leaves in one write', async () => {
      const single = await openPool(server.url, { poolSize: 1 });
      const client = await single.pool.connect();
      const writes = jest.spyOn(client.connection.stream as Socket, '_writev' as 'write');
      client.release();
      await new Database(single).transaction((tx) => tx.commitWith(insert(1), insert(2)));
      await single.close();

      expect(writes).toHaveBeenCalledTimes(1);
      expect(await notes()).toEqual([{ id: 1 }, { id: 2 }]);
    });

    it('refuses a statement after commitWith, and then keeps nothing', async () => {
      const work = database.transaction(async (tx) => {
        const late = async () => {
          await Promise.resolve();
          await tx.query('INSERT INTO note VALUES (2)');
        };
        await Promise.all([tx.query('INSERT INTO note VALUES (1)'), late(), Promise.resolve(tx.commitWith())]);
      });

      await expect(work).rejects.toThrow(TransactionOver);
      expect(await notes()).toEqual([]);
    });

    it('does what follows a commit once it is committed, and not at all where it is rolled back', async () => {
      const followed: string[] = [];

      await database.transaction(async (tx) => {
        tx.afterCommit(() => followed.push('committed'));
        await tx.query('INSERT INTO note VALUES (1)');
        expect(followed).toEqual([]);
      });
      const failing = database.transaction(async (tx) => {
        tx.afterCommit(() => followed.push('rolled back'));
        await tx.query('INSERT INTO note VALUES (1)');
      });

      await expect(failing).rejects.toThrow();
      expect(followed).toEqual(['committed']);
    });

    it('keeps nothing when its work throws after commitWith', async () => {
      const work = database.transaction(async (tx) => {
        await Promise.all([tx.query('INSERT INTO note VALUES (1)'), Promise.resolve(tx.commitWith(insert(2)))]);
        throw new Error('found out later');
      });

      await expect(work).rejects.toThrow('found out later');
      expect(await notes()).toEqual([]);
    });

    it('keeps nothing when an assertion with an await before it stands beside commitWith', async () => {
      const work = database.transaction(async (tx) => {
        const assertion = async () => {
          await Promise.resolve();
          await tx.query('SELECT require_unchanged(false)');
        };
        await Promise.all([assertion(), Promise.resolve(tx.commitWith(insert(1)))]);
      });

      await expect(work).rejects.toThrow(TransactionOver);
      expect(await notes()).toEqual([]);
    });

    it('refuses every statement once it is committed or rolled back', async () => {
      const kept: Tx[] = [];
      await database.transaction(async (tx) => {
        kept.push(tx);
        await tx.query('INSERT INTO note VALUES (1)');
      });
      const failed = database.transaction(async (tx) => {
        kept.push(tx);
        await tx.query('INSERT INTO note VALUES (1)');
      });
      await expect(failed).rejects.toMatchObject({ code: PG_ERROR.uniqueViolation });

      for (const tx of kept) {
        await expect(tx.query('INSERT INTO note VALUES (2)')).rejects.toThrow(TransactionOver);
        await expect(tx.tryLock('note')).rejects.toThrow(TransactionOver);
        expect(() => tx.commitWith(insert(2))).toThrow(TransactionOver);
      }
      expect(kept).toHaveLength(2);
      expect(await notes()).toEqual([{ id: 1 }]);
    });

    it('keeps nothing when a statement that it commits with fails, and says what the first one failed with', async () => {
      const work = database.transaction((tx) =>
        tx.commitWith(insert(1), bind('SELECT require_unchanged(false)'), insert(1)),
      );

      await expect(work).rejects.toMatchObject({ code: PG_ERROR.stale });
      expect(await notes()).toEqual([]);
    });

    it('says what the first of several statements failed with, whichever is looked at first', async () => {
      const faults: unknown[] = [];
      const noted = (asked: Promise<unknown>) => asked.catch((error: unknown) => faults.push(pgCode(error)));

      const work = database.transaction(async (tx) => {
        const later = async () => Promise.resolve(await tx.query('SELECT require_unchanged(false)'));
        const asked = [tx.query('INSERT INTO note VALUES (1)'), later(), tx.query('SELECT 1'), tx.query('SELECT 2')];
        await Promise.all(asked.map(noted));
        await Promise.all(asked);
      });

      await expect(work).rejects.toMatchObject({ code: PG_ERROR.stale });
      expect(faults).toEqual([PG_ERROR.stale, PG_ERROR.stale, PG_ERROR.stale]);
      expect(await notes()).toEqual([]);
    });

    it('that swallows the error of a statement says so at its end, since nothing was kept', async () => {
      const work = database.transaction(async (tx) => {
        await tx.query('INSERT INTO note VALUES (1)');
        await tx.query('INSERT INTO note VALUES (1)').catch(() => undefined);
      });

      await expect(work).rejects.toMatchObject({ code: PG_ERROR.uniqueViolation });
      expect(await notes()).toEqual([]);
    });
  });

  describe('the signal that something remembered has changed', () => {
    it.each([
      ['false', 'false'],
      ['unknown', 'NULL::boolean'],
    ])('is SQLSTATE FW001 where the condition is %s', async (_, condition) => {
      const asked = database.query(`SELECT require_unchanged(${condition})`);

      await expect(asked).rejects.toMatchObject({ code: 'FW001', message: expect.stringContaining('no fault') });
    });

    it('does not come where the condition holds', async () => {
      await expect(database.query('SELECT require_unchanged(true)')).resolves.toHaveLength(1);
    });
  });

  describe('a statement of the pool', () => {
    it('may run for a minute, wait ten seconds for a lock and write a gigabyte of temporary files', async () => {
      const [row] = await database.query(
        `SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
           current_setting('temp_file_limit') AS temp`,
      );

      expect(row).toEqual({ statement: '1min', lock: '10s', temp: '1GB' });
      expect(database.limits).toEqual({ statementMs: 60_000, lockMs: 10_000, tempFileKb: 1_048_576 });
    });

    it('keeps a limit of temporary files that the database has already', async () => {
      const name = new URL(server.url).pathname.slice(1);
      await database.query(`ALTER DATABASE ${name} SET temp_file_limit = '300MB'`);
      const other = await openPool(server.url);
      const { rows } = await other.pool.query("SELECT current_setting('temp_file_limit') AS temp");
      await other.close();
      await database.query(`ALTER DATABASE ${name} RESET temp_file_limit`);

      expect(rows).toEqual([{ temp: '300MB' }]);
      expect(other.limits.tempFileKb).toBe(300 * 1024);
    });

    it('that runs too long is ended and counted, and is no fault of its data', async () => {
      const pool = await openPool(server.url, { statementMs: 20 });
      const hasty = new Database(pool);
      const cuts: string[] = [];
      hasty.reportCuts((cut) => cuts.push(cut));
      const fault: unknown = await hasty.query('SELECT pg_sleep(60)').catch((error: unknown) => error);
      await pool.close();

      expect(pgCode(fault)).toBe(PG_ERROR.queryCanceled);
      expect(isDatabaseAway(fault)).toBe(true);
      expect(cuts).toEqual(['statement_timeout']);
    });
  });

  describe('work that is aborted', () => {
    const sleepers = async () =>
      database.query("SELECT FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(61)' AND state = 'active'");

    it.each([
      ['a statement', (bounded: Database) => bounded.query('SELECT pg_sleep(61)')],
      ['a transaction', (bounded: Database) => bounded.transaction((tx) => tx.query('SELECT pg_sleep(61)'))],
    ])('cancels %s on the server and throws the reason', async (_, work) => {
      const abort = new AbortController();
      const working = work(database.until(abort.signal)).catch((error: unknown) => error);
      await eventually('the statement runs', sleepers, (rows) => rows.length === 1);
      abort.abort(new Error('took too long'));

      expect(await working).toEqual(new Error('took too long'));
      await eventually('the statement has ended', sleepers, (rows) => rows.length === 0);
    });

    it('rolls back a transaction that waits for something else, and refuses its later statements', async () => {
      await database.query('DELETE FROM note');
      const abort = new AbortController();
      let later: Promise<unknown> = Promise.resolve();
      const working = database.until(abort.signal).transaction(async (tx) => {
        await tx.query('INSERT INTO note VALUES (1)');
        await new Promise<void>((go) => {
          abort.signal.addEventListener('abort', () => go());
          abort.abort(new Error('took too long'));
        });
        later = tx.query('INSERT INTO note VALUES (2)').catch((error: unknown) => error);
        await later;
      });

      await expect(working).rejects.toThrow('took too long');
      expect(await later).toEqual(new Error('took too long'));
      const insertAgain = () => database.query('INSERT INTO note VALUES (1)').then(() => 'inserted', String);
      await expect(insertAgain()).resolves.toBe('inserted');
      expect(await notes()).toEqual([{ id: 1 }]);
    });

    it('does not begin once it is aborted', async () => {
      const bounded = database.until(AbortSignal.abort(new Error('too late')));

      await expect(bounded.query('SELECT 1')).rejects.toThrow('too late');
      await expect(bounded.transaction((tx) => tx.query('SELECT 1'))).rejects.toThrow('too late');
    });
  });

  it('takes no missing row for a row: an impossible state throws', () => {
    expect(onlyRow([7], 'the answer')).toBe(7);
    expect(rowAt([7, 8], 1, 'answers')).toBe(8);
    expect(() => onlyRow([], 'the answer')).toThrow('0 rows for the answer');
    expect(() => onlyRow([7, 8], 'the answer')).toThrow('2 rows for the answer');
    expect(() => rowAt([7], 1, 'answers')).toThrow('1 rows for answers, too few for number 2');
  });

  it('does not open with a driver that lacks a field which the hot path relies on', () => {
    const whole = { pipeline: true, processID: 1, connection: { stream: { cork: () => 0, uncork: () => 0 } } };

    expect(() => checkDriver(whole)).not.toThrow();
    expect(() => checkDriver({ ...whole, processID: undefined })).toThrow('has no processID on its connections');
    expect(() => checkDriver({ ...whole, connection: {} })).toThrow('has no connection.stream.cork');
    expect(() => checkDriver({ ...whole, pipeline: false })).toThrow('Run "npm ci"');
  });
});
