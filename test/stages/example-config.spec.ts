import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDaemon } from '../../src/daemon/daemon.js';
import { loadConfig } from '../../src/forewarn-config.js';
import { describePolicy } from '../../src/outreach/algorithm/describe-policy.js';
import { SystemClock } from '../../src/platform/clock.js';
import { readSettings } from '../../src/platform/config/settings.js';
import { createLogger } from '../../src/platform/logging/logger.js';
import { createDatabase } from '../support/test-database.js';

const EXAMPLE = fileURLToPath(new URL('../support/example-forewarn.yaml', import.meta.url));
const TEXTS = fileURLToPath(new URL('../../config/templates', import.meta.url));
const VARIABLES = { OLD_DSN: 'https://0123abcd@old.example/7', TEAM_HOOK: 'https://hooks.example/T1/B2' };

describe('a configuration with every key that an ops person writes', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fw-example-'));
    cpSync(EXAMPLE, join(folder, 'forewarn.yaml'));
    cpSync(TEXTS, join(folder, 'templates'), { recursive: true });
    Object.assign(process.env, VARIABLES);
  });
  afterEach(() => {
    for (const name of Object.keys(VARIABLES)) Reflect.deleteProperty(process.env, name);
    rmSync(folder, { recursive: true, force: true });
  });

  it('starts, in all languages whose texts are there', async () => {
    const config = loadConfig(join(folder, 'forewarn.yaml'));
    expect(config.locales).toEqual(['en', 'de', 'zh', 'zh-Hant']);
    const database = await createDatabase();
    const settings = readSettings({ PORT: '0', DATABASE_URL: database.url, FOREWARN_ROLES: 'intake,api' });
    const daemon = await startDaemon(settings, config, { clock: new SystemClock(), logger: createLogger('silent') });
    expect((await fetch(`http://localhost:${daemon.port}/readyz`)).status).toBe(200);
    await daemon.stop();
    await database.drop();
  });

  it('is told in words, policy by policy', () => {
    const [poor, all] = loadConfig(join(folder, 'forewarn.yaml')).policies.map(describePolicy);
    expect(poor?.[0]).toBe(
      'checkout-of-poor: takes incidents of severity major or critical, project shop, area checkout, and of their customers those with health poor and plan pro; the others are left to the next policy.',
    );
    expect(all).toEqual(
      expect.arrayContaining([
        'It writes to customers who were hit and who may be hit next, by sms else email.',
        'A message waits 15m, and what comes for the same customer meanwhile becomes one message with it.',
        'Where a message failed, or no report of its arrival came within 15m, the next channel is tried.',
        'While it lasts, those who were told hear every 4h that we still work on it, at most 3 times.',
        'Its messages ask whether the customer needs help, and who says so is given to a person.',
        'Those who heard that it was fixed hear when it comes back.',
      ]),
    );
  });

  it('names the variable that is not set', () => {
    Reflect.deleteProperty(process.env, 'OLD_DSN');
    expect(() => loadConfig(join(folder, 'forewarn.yaml'))).toThrow('$OLD_DSN, which is not set');
  });
});
