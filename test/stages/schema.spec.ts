import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { schemaOf } from '../../scripts/schema.mjs';
import { dataSource, migrateDatabase } from '../../src/platform/db/connect.js';
import { createDatabase, type TestDatabase } from '../support/test-database.js';

const FILE = new URL('../../docs/schema.sql', import.meta.url);

let database: TestDatabase;
beforeEach(async () => {
  database = await createDatabase({ empty: true });
});
afterEach(() => database.drop());

describe('the migrations', () => {
  it('lead to the schema in docs/schema.sql (UPDATE_SCHEMA=1 writes it)', async () => {
    await migrate();
    if (process.env['UPDATE_SCHEMA']) await writeFile(FILE, await schema());

    expect(await schema()).toBe(await readFile(FILE, 'utf8'));
  });

  it('go up, all the way down, which leaves nothing, and up again to the same', async () => {
    await migrate();
    const up = await schema();
    const source = await (await dataSource(database.url)).initialize();
    for (let left = source.migrations.length; left > 0; left--) await source.undoLastMigration({ transaction: 'each' });
    await source.destroy();
    expect(await schema()).not.toContain('CREATE');

    await migrate();

    expect(await schema()).toBe(up);
  });

  it('run once when several processes start together', async () => {
    await Promise.all([migrate(), migrate(), migrate()]);

    expect(await schema()).toContain('CREATE TABLE message');
  });
});

describe('the migration to directories', () => {
  it('leaves one id a customer, who is not written to where nobody can say whose the address is', async () => {
    await migrate();
    const source = await (await dataSource(database.url)).initialize();
    while ((await source.query<object[]>("SELECT FROM pg_tables WHERE tablename = 'directory'")).length > 0)
      await source.undoLastMigration({ transaction: 'each' });
    await source.query(`
      INSERT INTO project (slug, name, created_at) VALUES ('shop', 'Shop', now()), ('bank', 'Bank', now());
      INSERT INTO customer (source, created_at, updated_at) SELECT 'directory', now(), now() FROM generate_series(1, 2);
      INSERT INTO customer_identity VALUES ('id', 'alice', 1), ('id', 'mallory', 1), ('email', 'm@evil.example', 1), ('id', 'bo', 2), ('email', 'bo@shop.example', 2);
      INSERT INTO contact_point (customer_id, channel, address, created_at) VALUES (1, 'email', 'm@evil.example', now()), (2, 'email', 'bo@shop.example', now());
    `);
    await source.destroy();
    await migrate();

    const after = await (await dataSource(database.url)).initialize();
    const rows: unknown = await after.query(`
      SELECT i.value, c.source, d.name AS directory, p.address FROM customer_identity i JOIN customer c ON c.id = i.customer_id
      JOIN directory d ON d.id = i.directory_id LEFT JOIN contact_point p ON p.customer_id = c.id WHERE i.kind = 'id' ORDER BY 1`);
    await after.destroy();
    expect(rows).toEqual([
      { value: 'alice', source: 'directory', directory: 'shop', address: null },
      { value: 'bo', source: 'directory', directory: 'shop', address: 'bo@shop.example' },
      { value: 'mallory', source: 'telemetry', directory: 'shop', address: null },
    ]);
  });
});

async function migrate(): Promise<void> {
  await migrateDatabase(database.url);
}

async function schema(): Promise<string> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  try {
    return await schemaOf(client);
  } finally {
    await client.end();
  }
}
