// Compiles src, migrations and bench to dist/ with SWC (types are checked by `npm run types`).
// usage: node scripts/build.mjs [--out DIR]
import { transformFile } from '@swc/core';
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

const root = join(dirname(new URL(import.meta.url).pathname), '..');
const flag = process.argv.indexOf('--out');
const out = join(root, flag > 0 ? process.argv[flag + 1] : 'dist');
const ASSETS = /\.(liquid|html|css|svg|json)$/;

async function* files(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) yield join(entry.parentPath, entry.name);
  }
}

async function compile(path) {
  const target = join(out, relative(root, path)).replace(/\.ts$/, '.js');
  await mkdir(dirname(target), { recursive: true });
  if (ASSETS.test(path)) return cp(path, target);
  if (!path.endsWith('.ts') || path.endsWith('.spec.ts')) return undefined;
  const { code, map } = await transformFile(path, { configFile: join(root, '.swcrc'), sourceFileName: path });
  await writeFile(target, `${code}\n//# sourceMappingURL=${target.split('/').at(-1)}.map\n`);
  return writeFile(`${target}.map`, map ?? '');
}

await rm(out, { recursive: true, force: true });
const jobs = [];
for (const folder of ['src', 'migrations', 'bench']) {
  for await (const path of files(join(root, folder))) jobs.push(compile(path));
}
await Promise.all(jobs);
