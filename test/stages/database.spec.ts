import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openDatabase } from '../../src/platform/db/open-database.js';
import { readSettings } from '../../src/platform/config/settings.js';
import { int4s, int8s, texts, timestamps, uuids } from '../../src/platform/db/arrays.js';
import { type Database, PG_ERROR, pgCode } from '../../src/platform/db/database.js';
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

  it('says of statements and a commit that went together what the first one failed with, whichever is looked at first', async () => {
    await database.query('DELETE FROM note');
    const faults: unknown[] = [];
    const noted = (asked: Promise<unknown>) => asked.catch((error: unknown) => faults.push(pgCode(error)));

    const work = database.transaction(async (tx) => {
      const later = async () => Promise.resolve(await tx.query('SELECT 1 / 0'));
      const asked = [tx.query('INSERT INTO note VALUES (1)'), later(), tx.query('SELECT 1'), tx.commit()];
      await Promise.all(asked.map(noted));
      await Promise.all(asked);
    });

    await expect(work).rejects.toMatchObject({ code: PG_ERROR.divisionByZero });
    expect(faults).toEqual(['22012', '22012', '22012']);
    expect(await notes()).toEqual([]);
  });

  it('keeps what was asked for together with the commit', async () => {
    await database.transaction(async (tx) => {
      await Promise.all([
        tx.query('INSERT INTO note VALUES (1)'),
        tx.query('INSERT INTO note VALUES (2)'),
        tx.commit(),
      ]);
    });

    expect(await notes()).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it('keeps nothing when a statement beside the commit fails, and says so', async () => {
    const work = database.transaction(async (tx) => {
      await Promise.all([
        tx.query('INSERT INTO note VALUES (3)'),
        tx.query('INSERT INTO note VALUES (1)'),
        tx.commit(),
      ]);
    });

    await expect(work).rejects.toMatchObject({ code: '23505' });
    expect(await notes()).toEqual([{ id: 1 }, { id: 2 }]);
  });
});
