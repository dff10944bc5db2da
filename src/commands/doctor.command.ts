import { openDatabase } from '../platform/db/open-database.js';
import { type DeliveryConfig, deliverySchema } from '../delivery/delivery-config.js';
import { type Gateway } from '../delivery/gateway.js';
import { gatewaysSet } from '../delivery/gateway.factories.js';
import { configPath, loadConfig } from '../forewarn-config.js';
import { describePolicy } from '../outreach/algorithm/describe-policy.js';
import { readSettings, type Settings } from '../platform/config/settings.js';
import { countNobody, nobodyFix, nobodyWords } from '../intake/nobody.read-model.js';
import { SystemClock } from '../platform/clock.js';
import { type Database } from '../platform/db/database.js';
import { messageOf } from '../platform/errors.js';

const DAY_MS = 86_400_000;

/** `forewarn doctor`: checks everything the daemon needs, sends nothing. Exit code 1 when something is wrong. */
export async function run(): Promise<number> {
  let settings: Settings | undefined;
  const results = [
    await check('settings', () => (settings = readSettings(process.env)) && 'read from the environment'),
  ];
  if (settings) {
    const known = settings;
    results.push(await check('configuration', () => describeConfig(known)));
    results.push(await check('database', () => tryDatabase(known, new SystemClock().now())));
    explainPolicies(known);
    const gateways = gatewaysSet(known, deliveryOf(known));
    for (const { label, make } of gateways) results.push(await check(label, () => tryGateway(make())));
    if (gateways.length === 0)
      process.stdout.write('note  delivery: no provider is set, so messages go to the built-in outbox\n');
    if (!known.publicUrl) process.stdout.write('note  PUBLIC_URL is not set, so links in messages lead to localhost\n');
  }
  return results.every(Boolean) ? 0 : 1;
}

/** The `delivery` section; a configuration that cannot be read was told already. */
function deliveryOf(settings: Settings): DeliveryConfig {
  try {
    return loadConfig(configPath(settings)).delivery;
  } catch {
    return deliverySchema.parse({});
  }
}

async function check(what: string, work: () => string | Promise<string>): Promise<boolean> {
  try {
    process.stdout.write(`ok    ${what}: ${await work()}\n`);
    return true;
  } catch (error) {
    process.stdout.write(`FAIL  ${what}: ${messageOf(error)}\n`);
    return false;
  }
}

function describeConfig(settings: Settings): string {
  const path = configPath(settings);
  const config = loadConfig(path);
  return `${path}: ${config.projects.length} projects, ${config.policies.length} policies, languages ${config.locales.join(', ')}`;
}

/** Says what each policy would do; silent where the configuration cannot be read, which was said before. */
function explainPolicies(settings: Settings): void {
  let config;
  try {
    config = loadConfig(configPath(settings));
  } catch {
    return;
  }
  if (config.policies.length === 0) process.stdout.write('note  there is no policy, so nobody is ever written to\n');
  for (const policy of config.policies) {
    const [first, ...rest] = describePolicy(policy);
    process.stdout.write(`note  policy ${first}\n${rest.map((line) => `      ${line}\n`).join('')}`);
  }
}

async function tryDatabase(settings: Settings, now: Date): Promise<string> {
  const { database, close } = await openDatabase(settings, { share: true });
  try {
    await noteNobody(database, now);
    const [row] = await database.query<{ version: string }>("SELECT current_setting('server_version') AS version");
    return `PostgreSQL ${row?.version}${settings.databaseUrl ? '' : ` embedded in ${settings.dataDir}`}, schema up to date`;
  } finally {
    await close();
  }
}

/** Names each project many of whose errors name no customer, with what to do. */
async function noteNobody(database: Database, now: Date): Promise<void> {
  for (const one of await countNobody(database, new Date(now.getTime() - DAY_MS))) {
    const fix = nobodyFix(one);
    if (fix !== null) process.stdout.write(`note  ${one.slug}: ${nobodyWords(one)} in the last day; ${fix}\n`);
  }
}

async function tryGateway(gateway: Gateway): Promise<string> {
  if (!gateway.check) return 'nothing to check';
  try {
    const result = await gateway.check();
    if (result.ok) return 'address and credentials work';
    throw new Error(result.problem);
  } finally {
    await gateway.close();
  }
}
