// Builds and starts the daemon; on each change of a source it stops it, builds and starts it again. The data folder is kept.
// usage: node scripts/dev.mjs [ARGUMENTS OF forewarn start]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, watch } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const WATCHED = ['src', 'migrations', 'config'];
/** Editors write a file in several steps, and a branch changes many; we build once they are through, milliseconds. */
const SETTLED_MS = 300;

let daemon;
let waiting;
let working = false;
let again = false;

async function stop() {
  const running = daemon;
  daemon = undefined;
  if (!running || running.exitCode !== null || running.signalCode !== null) return;
  running.kill('SIGTERM');
  await once(running, 'exit');
}

async function build() {
  const builder = spawn(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'inherit' });
  const [code] = await once(builder, 'exit');
  return code === 0;
}

function start() {
  const child = spawn(process.execPath, ['dist/src/cli.js', 'start', ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
  });
  daemon = child;
  child.once('exit', (code) => {
    if (daemon === child) console.log(`dev: the daemon ended (${code}); it starts again after the next change`);
  });
}

async function restart() {
  if (working) {
    again = true;
    return;
  }
  working = true;
  await stop();
  if (await build()) start();
  else console.log('dev: the build failed; waiting for the next change');
  working = false;
  if (again) {
    again = false;
    await restart();
  }
}

for (const folder of WATCHED.map((name) => join(root, name)).filter((path) => existsSync(path)))
  watch(folder, { recursive: true }, (_, name) => {
    if (name?.endsWith('.spec.ts')) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => void restart(), SETTLED_MS);
  });
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop().then(() => process.exit(0)));
await restart();
