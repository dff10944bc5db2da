// Ends what test-server.setup.mjs began, and fails the run when a spec left a database behind.
import { rm } from 'node:fs/promises';
import { withClient } from './test-server.setup.mjs';

export default async function tearDown() {
  const { server, run, template, build, folder, embedded } = globalThis.forewarnTestServer;
  const left = await withClient(server, async (client) => {
    const { rows } = await client.query('SELECT datname FROM pg_database WHERE starts_with(datname, $1)', [run]);
    for (const { datname } of rows) await client.query(`DROP DATABASE "${datname}" WITH (FORCE)`);
    return rows.map((row) => row.datname).filter((name) => name !== template);
  });
  await embedded?.stop();
  await rm(folder, { recursive: true, force: true });
  await rm(build, { recursive: true, force: true });
  if (left.length > 0) throw new Error(`specs left databases behind: ${left.join(', ')}`);
}
