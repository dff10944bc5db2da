// Fuzzes intake: damaged envelopes and OTLP bodies against the parsers and against a real daemon.
// usage: node scripts/fuzz.mjs [SEED [BODIES]]   without a seed it takes one from the clock; a failure names it.
// BENCH_DATA may name a folder whose sdk-captures/ holds bodies recorded from SDKs; they are damaged, too.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const [seed = String(Date.now() % 2 ** 31), bodies = '10000'] = process.argv.slice(2);
if (![seed, bodies].every((text) => /^\d+$/.test(text))) {
  process.stderr.write('usage: node scripts/fuzz.mjs [SEED [BODIES]], both whole numbers\n');
  process.exit(2);
}
const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
const specs = ['src/intake/mutated-bodies', 'test/journeys/fuzz'];
const { status } = spawnSync(process.execPath, [...jest, ...specs], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  env: { ...process.env, FUZZ_SEED: seed, FUZZ_BODIES: bodies },
  stdio: 'inherit',
});
process.exit(status ?? 1);
