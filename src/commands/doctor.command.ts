import { type Writable } from 'node:stream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type Channel, CHANNELS } from '../customers/customer.js';
import { type DeliveryConfig, deliverySchema } from '../delivery/delivery-config.js';
import { type Gateway } from '../delivery/gateway.js';
import { gatewaysSet } from '../delivery/gateway.factories.js';
import { configPath, loadConfig } from '../forewarn-config.js';
import { describeApproved } from '../outreach/algorithm/describe-approved.js';
import { describePolicy } from '../outreach/algorithm/describe-policy.js';
import { natsAddress } from '../intake/nats-address.js';
import { countNobody, nobodyFix, nobodyWords } from '../intake/nobody.read-model.js';
import { SystemClock } from '../platform/clock.js';
import { readSettings, type Settings, unknownSettings } from '../platform/config/settings.js';
import { type Database } from '../platform/db/database.js';
import { holdsEmbeddedDatabase } from '../platform/db/embedded-postgres.js';
import { openDatabase } from '../platform/db/open-database.js';
import { messageOf } from '../platform/errors.js';
import { type CommandIo, readArguments } from './command.js';

export const HELP = `usage: forewarn doctor

Checks everything that the daemon needs: settings, configuration, database, NATS, Alertmanager, providers. Sends nothing and
changes nothing. Says of each what is wrong, where, and what to do next.

Exit codes: 0 all is well, 1 something is wrong, 2 wrong usage.
`;

/** Longest wait for a server to answer, milliseconds. */
const ANSWER_MS = 5000;
const DAY_MS = 86_400_000;

/** `forewarn doctor`: checks everything the daemon needs, sends nothing and changes nothing. Exit code 1 when something is wrong. */
export async function run(args: string[], { stdout }: CommandIo): Promise<number> {
  readArguments({ args, options: {} });
  const report = new Report(stdout);
  let settings: Settings | undefined;
  await report.check('settings', () => (settings = readSettings(process.env)) && 'read from the environment');
  for (const words of unknownSettings(process.env)) report.note(words);
  if (settings) await checkParts(settings, report);
  return report.failed ? 1 : 0;
}

async function checkParts(settings: Settings, report: Report): Promise<void> {
  const { natsUrl, alertmanagerUrl, databaseUrl, dataDir } = settings;
  await report.check('configuration', () => describeConfig(settings));
  if (databaseUrl === undefined && !holdsEmbeddedDatabase(dataDir))
    report.note(`database: there is none in ${dataDir} yet; the first start makes it`);
  else await report.check('database', () => tryDatabase(settings, report));
  if (natsUrl !== undefined) await report.check('NATS', () => tryNats(natsUrl));
  if (alertmanagerUrl !== undefined) await report.check('Alertmanager', () => tryAlertmanager(alertmanagerUrl));
  explainPolicies(settings, report);
  noteApprovedTexts(settings, report);
  const gateways = gatewaysSet(settings, deliveryOf(settings));
  for (const { label, make } of gateways) await report.check(label, async () => tryGateway(await make()));
  noteWithoutProvider(
    settings,
    gateways.map(({ channel }) => channel),
    report,
  );
  if (gateways.length === 0) report.note('delivery: no provider is set, so messages go to the built-in outbox');
  if (!settings.publicUrl) report.note('PUBLIC_URL is not set, so links in messages lead to localhost');
  if (settings.adminToken) return;
  const isFirst = settings.databaseUrl === undefined && !holdsEmbeddedDatabase(settings.dataDir);
  const how = isFirst
    ? 'the first start makes a token for you and shows it once'
    : 'make a token with "forewarn token create --name me --role admin"';
  report.note(`FOREWARN_ADMIN_TOKEN is not set; ${how}`);
}

/** One line for each thing that was looked at. */
class Report {
  failed = false;

  constructor(private readonly out: Writable) {}

  async check(what: string, work: () => string | Promise<string>): Promise<void> {
    try {
      this.out.write(`ok    ${what}: ${await work()}\n`);
    } catch (error) {
      this.failed = true;
      this.out.write(`FAIL  ${what}: ${messageOf(error)}\n`);
    }
  }

  note(text: string): void {
    this.out.write(`note  ${text}\n`);
  }
}

/** The `delivery` section; a configuration that cannot be read was told already. */
function deliveryOf(settings: Settings): DeliveryConfig {
  try {
    return loadConfig(configPath(settings)).delivery;
  } catch {
    return deliverySchema.parse({});
  }
}

/** Says what each policy would do; silent where the configuration cannot be read, which was said before. */
function explainPolicies(settings: Settings, report: Report): void {
  let config;
  try {
    config = loadConfig(configPath(settings));
  } catch {
    return;
  }
  if (config.policies.length === 0) report.note('there is no policy, so nobody is ever written to');
  for (const policy of config.policies) {
    const [first = '', ...rest] = describePolicy(policy);
    report.note([`policy ${first}`, ...rest].join('\n      '));
  }
}

/** Says which texts the provider of a channel approved, and which messages of the policies have none. */
function noteApprovedTexts(settings: Settings, report: Report): void {
  let config;
  try {
    config = loadConfig(configPath(settings));
  } catch {
    return; // told before
  }
  const texts = config.outreach.approvedTexts.sms;
  if (!texts) return;
  const words = describeApproved(texts, config.policies, config.locales);
  report.note(['sms: its provider sends approved texts only', ...words].join('\n      '));
}

/** Names each channel of a policy that has no provider while another has one: nobody is written to by it. */
function noteWithoutProvider(settings: Settings, provided: readonly Channel[], report: Report): void {
  if (provided.length === 0) return;
  let policies;
  try {
    policies = loadConfig(configPath(settings)).policies;
  } catch {
    return; // told before
  }
  for (const channel of CHANNELS.filter((one) => !provided.includes(one))) {
    const names = policies.filter(({ channels }) => channels.includes(channel)).map(({ name }) => name);
    if (names.length > 0)
      report.note(`${channel}: no provider is set for it, so nobody is written to by it (policy ${names.join(', ')})`);
  }
}

function describeConfig(settings: Settings): string {
  const path = configPath(settings);
  const config = loadConfig(path);
  return `${path}: ${config.projects.length} projects, ${config.policies.length} policies, languages ${config.locales.join(', ')}`;
}

async function tryDatabase(settings: Settings, report: Report): Promise<string> {
  const { database, close } = await openDatabase(settings, { share: true, schema: 'asItIs' });
  try {
    await noteNobody(database, report);
    const [row] = await database.query<{ version: string }>("SELECT current_setting('server_version') AS version");
    return `PostgreSQL ${row?.version}${settings.databaseUrl ? '' : ` embedded in ${settings.dataDir}`}, schema up to date`;
  } finally {
    await close();
  }
}

/** Names each project many of whose errors name no customer, with what to do. */
async function noteNobody(database: Database, report: Report): Promise<void> {
  const since = new Date(new SystemClock().now().getTime() - DAY_MS);
  for (const one of await countNobody(database, since)) {
    const fix = nobodyFix(one);
    if (fix !== null) report.note(`${one.slug}: ${nobodyWords(one)} in the last day; ${fix}`);
  }
}

async function tryNats(url: string): Promise<string> {
  const { places, options } = natsAddress(url);
  let connection: NatsConnection | undefined;
  try {
    connection = await connect({ ...options, timeout: ANSWER_MS, reconnect: false });
    if (connection.info?.jetstream !== true)
      throw new Error('it runs without JetStream; start the server with -js, or set jetstream {} in its file');
    return `${places}, server ${connection.info.version} with JetStream`;
  } catch (error) {
    throw new Error(`${places}: ${messageOf(error)}. Check NATS_URL and that the server runs.`, { cause: error });
  } finally {
    await connection?.close();
  }
}

async function tryAlertmanager(text: string): Promise<string> {
  const url = new URL(text);
  const { username, password, host } = url;
  url.username = url.password = '';
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const headers: Record<string, string> =
    username === '' ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` };
  let answer: Response;
  try {
    answer = await fetch(`${url.href.replace(/\/+$/, '')}/api/v2/status`, {
      headers,
      signal: AbortSignal.timeout(ANSWER_MS),
    });
  } catch (error) {
    const why = error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
    throw new Error(`${host} cannot be reached (${why}). Check ALERTMANAGER_URL and that it runs.`, { cause: error });
  }
  if (answer.ok) return `${host} answers`;
  const next = answer.status === 401 ? 'Check user and password in ALERTMANAGER_URL.' : 'Check ALERTMANAGER_URL.';
  throw new Error(`${host} answered ${answer.status} to GET /api/v2/status. ${next}`);
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
