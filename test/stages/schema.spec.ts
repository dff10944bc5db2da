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
    const source = await dataSource(database.url).initialize();
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
