import { type Daemon, startDaemon } from '../../src/daemon/daemon.js';
import { type Clock } from '../../src/platform/clock.js';
import { readSettings } from '../../src/platform/config/settings.js';
import { ProjectKeys } from '../../src/projects/keys.service.js';
import { Projects } from '../../src/projects/project.registry.js';
import { Database } from '../../src/platform/db/database.js';
import { createLogger, type Logger } from '../../src/platform/logging/logger.js';
import { type StageName, type StageResult } from '../../src/platform/stages/stage.js';
import { StageRunner } from '../../src/platform/stages/stage-runner.js';
import { ApiClient } from './api-client.js';
import { type CustomerLine, type EventBody } from './builders.js';
import { FakeClock } from './fake-clock.js';
import { aConfig, type ConfigFile } from './test-config.js';
import { createDatabase, type TestDatabase } from './test-database.js';

export const ADMIN_TOKEN = 'admin-token-of-the-tests';

/** Options of a test's daemon. */
export interface TestDaemonOptions {
  /** Settings as in the environment; the database, the port and the admin token are set already. */
  readonly env?: Record<string, string>;
  /** Sections of the configuration file that differ from the tests' own. */
  readonly config?: ConfigFile;
  /** A clock that stands still when omitted. */
  readonly clock?: Clock;
  /** Where the log goes; nowhere when omitted. */
  readonly logger?: Logger;
  /** True: the stage runner runs. Otherwise a test runs stages by hand. */
  readonly running?: boolean;
  /** True: events come with the public key, so what they say of customers is a claim. Otherwise the app's server sends them. */
  readonly claims?: boolean;
  /** Another daemon's database, to stand beside it; a database of its own when omitted. */
  readonly beside?: TestDaemon<Clock>;
}

/** A whole daemon on a database of its own, on a free port. */
export class TestDaemon<C extends Clock = FakeClock> {
  /** Calls the API as an administrator. */
  readonly api: ApiClient;
  /** Calls the API without a token. */
  readonly anyone: ApiClient;
  private projectKey = '';

  private constructor(
    readonly daemon: Daemon,
    readonly clock: C,
    readonly database: TestDatabase,
    private readonly ownsDatabase: boolean,
  ) {
    this.api = new ApiClient(this.url, ADMIN_TOKEN);
    this.anyone = new ApiClient(this.url);
  }

  static async start(options: TestDaemonOptions & { clock: Clock }): Promise<TestDaemon<Clock>>;
  static async start(options?: Omit<TestDaemonOptions, 'clock'>): Promise<TestDaemon>;
  static async start(options: TestDaemonOptions = {}): Promise<TestDaemon<Clock>> {
    const clock = options.clock ?? options.beside?.clock ?? new FakeClock();
    const database = options.beside?.database ?? (await createDatabase());
    const settings = readSettings({
      PORT: '0',
      DATABASE_URL: database.url,
      FOREWARN_ADMIN_TOKEN: ADMIN_TOKEN,
      FOREWARN_ROLES: options.running ? 'intake,stages,api' : 'intake,api',
      ...options.env,
    });
    const logger = options.logger ?? createLogger(process.env['TEST_LOG_LEVEL'] ?? 'silent');
    const daemon = await startDaemon(settings, aConfig(options.config), { clock, logger });
    const test = new TestDaemon(daemon, clock, database, options.beside === undefined);
    test.projectKey = options.claims ? (await test.project()).key : await test.serverKey();
    return test;
  }

  get url(): string {
    return `http://localhost:${this.daemon.port}`;
  }

  /** The first project, or the one with this slug. */
  async project(slug?: string): Promise<{ id: string; dsn: string; key: string }> {
    const { items } = (await this.api.get('/v1/projects')).body as {
      items: { id: string; slug: string; dsn: string; key: string }[];
    };
    const found = items.find((one) => slug === undefined || one.slug === slug);
    if (!found) throw new Error(`there is no project ${slug}`);
    return found;
  }

  /** A key of the first project, as its own servers have one. */
  private async serverKey(): Promise<string> {
    const [projects, keys] = [this.daemon.app.get(Projects), this.daemon.app.get(ProjectKeys)];
    const { secret } = await keys.create(projects.list()[0]?.id ?? 0, { kind: 'server' });
    await projects.load();
    return secret;
  }

  /** Sends events in one request, as the app's server unless `claims` was asked for; returns the answer's body. */
  async send(...events: EventBody[]): Promise<{ accepted: number; duplicate: number; ignored: number }> {
    const answer = await this.anyone.raw('POST', '/v1/events', {
      headers: { authorization: `Bearer ${this.projectKey}` },
      body: JSON.stringify(events),
    });
    if (answer.status !== 200) throw new Error(`events were answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body as { accepted: number; duplicate: number; ignored: number };
  }

  /** Says who uses the app and with what, with the key that `send` uses. */
  async use(...activity: object[]): Promise<void> {
    const answer = await this.anyone.raw('POST', '/v1/activity', {
      headers: { authorization: `Bearer ${this.projectKey}` },
      body: JSON.stringify(activity),
    });
    if (answer.status !== 200)
      throw new Error(`activity was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }

  /** Imports customers. */
  async know(...customers: CustomerLine[]): Promise<void> {
    const answer = await this.api.raw('POST', '/v1/customers/import', {
      headers: { 'content-type': 'application/x-ndjson' },
      body: customers.map((one) => JSON.stringify(one)).join('\n'),
    });
    const report = answer.body as { imported?: number };
    if (report.imported !== customers.length) throw new Error(`import failed: ${JSON.stringify(answer.body)}`);
  }

  /** One run of a stage, now. */
  async runStage(name: StageName): Promise<StageResult> {
    return this.daemon.app.get(StageRunner).stage(name).runOnce(this.clock.now(), new AbortController().signal);
  }

  /** Each of these stages in this order, again while it says that more is waiting, as the runner does. */
  async runStages(...names: StageName[]): Promise<void> {
    for (const name of names) while ((await this.runStage(name)).more);
  }

  /** From what digest left up to planned messages. */
  async plan(): Promise<void> {
    await this.runStages('detect', 'incident-open', 'audience', 'draft', 'campaign');
  }

  /** From what digest left up to the providers' answers. */
  async planAndSend(): Promise<void> {
    await this.plan();
    await this.runStages('dispatch', 'campaign');
  }

  /** Rows of a query on the daemon's database. */
  async rows<Row extends object>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return this.daemon.app.get(Database).query<Row>(sql, values);
  }

  /** The first row of a query. */
  async row<Row extends object>(sql: string, values: unknown[] = []): Promise<Row> {
    const [row] = await this.rows<Row>(sql, values);
    if (!row) throw new Error(`no row: ${sql}`);
    return row;
  }

  /** The clean end of the daemon; its database goes, too, unless another daemon brought it. */
  async stop(): Promise<void> {
    await this.daemon.stop();
    if (this.ownsDatabase) await this.database.drop();
  }
}
