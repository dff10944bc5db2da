// Draws docs/images/page-*.png and mail-*.png anew, with the Chromium of the machine: `npm run pictures`.
import { spawnSync } from 'node:child_process';

const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
const { status } = spawnSync(process.execPath, [...jest, 'test/journeys/customer-page.spec.ts'], {
  env: { ...process.env, UPDATE_PICTURES: '1' },
  stdio: 'inherit',
});
process.exit(status ?? 1);
