// A shell on the database of the daemon: psql where it is installed, else a small client of our own. It also works while the daemon runs.
// usage: node scripts/db.mjs [-c STATEMENT]
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import pg from 'pg';

// A build clears dist/, from which a daemon may be running, so it is made only where there is none.
const root = join(import.meta.dirname, '..');
if (!existsSync(join(root, 'dist')))
  spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'inherit' });
const { readSettings } = await import('../dist/src/platform/config/settings.js');
const { startEmbeddedPostgres } = await import('../dist/src/platform/db/embedded-postgres.js');

const settings = readSettings(process.env);
const embedded = settings.databaseUrl === undefined ? await startEmbeddedPostgres(settings.dataDir, true) : undefined;
const url = settings.databaseUrl ?? embedded.url;
try {
  const found = process.env.FOREWARN_DB_CLIENT !== 'own' && spawnSync('psql', ['--version']).status === 0;
  process.exitCode = found ? await psql(process.argv.slice(2)) : await ownClient(process.argv.slice(2));
} finally {
  await embedded?.stop();
}

async function psql(args) {
  // Ctrl-C ends a statement of psql, not this process, which must stop the server after it.
  process.on('SIGINT', () => undefined);
  const [code] = await once(spawn('psql', [url, ...args], { stdio: 'inherit' }), 'exit');
  return code ?? 1;
}

/** Runs statements that end in `;`, one by one; `\q` ends it. */
async function ownClient([flag, statement]) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    if (flag === '-c') return (await run(client, statement ?? '')) ? 0 : 1;
    const lines = createInterface({ input: process.stdin, output: process.stdout, terminal: process.stdin.isTTY });
    lines.setPrompt('forewarn> ');
    lines.prompt();
    let text = '';
    for await (const line of lines) {
      if (line.trim() === '\\q') break;
      text += `${line}\n`;
      if (/;\s*$/.test(text)) {
        await run(client, text);
        text = '';
      }
      lines.prompt();
    }
    return 0;
  } finally {
    await client.end();
  }
}

async function run(client, text) {
  try {
    const results = [await client.query(text)].flat();
    for (const { command, rows, rowCount } of results) {
      if (rows.length > 0) console.table(rows);
      console.log(`${command ?? ''} ${rowCount ?? ''}`.trim());
    }
    return true;
  } catch (error) {
    console.error(`${error.code ?? ''} ${error.message}`.trim());
    return false;
  }
}
