import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { contactsNowhere } from './quiet-config.js';
import { type DatedEvent } from './exported-events.js';
import { type Replayed, ReplayReadModel } from './replay.read-model.js';
import { type ReplayClock } from './replay-clock.js';
import { createApp } from '../../daemon/daemon.js';
import { type ForewarnConfig } from '../../forewarn-config.js';
import { Fingerprinter } from '../../grouping/fingerprinter.js';
import { Incidents } from '../../incidents/public.js';
import { Acceptor } from '../../intake/buffer/acceptor.service.js';
import { EventBuffer } from '../../intake/event-buffer.js';
import { tryFacts } from '../../intake/reader/facts.js';
import { type UnclaimedEvent } from '../../intake/reader/body.readers.js';
import { type Sender } from '../../intake/sender.js';
import { readSettings } from '../../platform/config/settings.js';
import { Database } from '../../platform/db/database.js';
import { openDatabase } from '../../platform/db/open-database.js';
import { createLogger } from '../../platform/logging/logger.js';
import { type StageName } from '../../platform/stages/stage.js';
import { StageRunner } from '../../platform/stages/stage-runner.js';
import { ProjectKeys } from '../../projects/keys.service.js';
import { Projects } from '../../projects/project.registry.js';

/** Stages that lead from counted events to open incidents, in the order in which they hand over. */
const NOTICE: readonly StageName[] = ['link', 'detect', 'incident-open'];
/** Stages that say who would be told of open incidents, and end those that are over. None of them calls anybody. */
const DECIDE: readonly StageName[] = ['audience', 'campaign', 'incident-close'];

/**
 * A daemon on an empty database in a folder of its own, for a replay. It listens on no port, takes no setting of the environment, and none of the
 * stages that send is ever run, so it can reach nobody.
 */
export class Scratch {
  /** Events taken that name no customer. */
  private nobody = 0;

  private constructor(
    private readonly app: NestFastifyApplication,
    private readonly clock: ReplayClock,
    private readonly sender: Sender,
    private readonly remove: () => Promise<void>,
  ) {}

  /**
   * Makes one; events will be those of the project.
   * @param slug of a project of the configuration
   */
  static async open(config: ForewarnConfig, slug: string, clock: ReplayClock): Promise<Scratch> {
    const folder = await mkdtemp(join(tmpdir(), 'forewarn-replay-'));
    await chmod(folder, 0o711); // where the embedded PostgreSQL runs as another user, it must be able to pass
    const ends: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
    const remove = async () => {
      for (const end of ends.reverse()) await end();
    };
    try {
      const settings = readSettings({ FOREWARN_DATA_DIR: join(folder, 'data'), FOREWARN_SENDING: 'held' });
      const { database, close } = await openDatabase(settings);
      ends.push(close);
      const logger = createLogger(process.env['LOG_LEVEL'] === 'debug' ? 'debug' : 'silent');
      const app = await createApp({ settings, config: contactsNowhere(config), database, clock, logger });
      ends.push(async () => {
        await app.get(EventBuffer).close();
        await app.close();
      });
      return new Scratch(app, clock, await serverOf(app, slug), remove);
    } catch (error) {
      await remove();
      throw error;
    }
  }

  /** Counts events, as they came; `now` is when that is done. */
  async take(events: readonly DatedEvent[], now: number): Promise<void> {
    this.clock.reach(now);
    const fingerprinter = this.app.get(Fingerprinter);
    const acceptor = this.app.get(Acceptor);
    const unclaimed = events.flatMap((one, at) => unclaimedOf(one, at + 1, fingerprinter));
    this.nobody += unclaimed.filter(({ facts }) => facts?.identities.length === 0).length;
    await acceptor.accept(this.sender, unclaimed, now);
  }

  /** Lets the stages look at what was counted; `now` is when. */
  async look(now: number): Promise<void> {
    this.clock.reach(now);
    for (const name of NOTICE) await this.runStage(name);
    if ((await this.app.get(Incidents).open(this.app.get(Database))).length === 0) return;
    for (const name of DECIDE) await this.runStage(name);
  }

  /** Sums up what came of it all. */
  async outcome(): Promise<Replayed & { nobody: number }> {
    return { ...(await new ReplayReadModel().read(this.app.get(Database))), nobody: this.nobody };
  }

  /** Ends it and removes its folder. */
  async close(): Promise<void> {
    await this.remove();
  }

  /** Again while it says that more is waiting, as the runner does. */
  private async runStage(name: StageName): Promise<void> {
    const stage = this.app.get(StageRunner).stage(name);
    while ((await stage.runOnce(this.clock.now(), new AbortController().signal)).more);
  }
}

/** Whoever exports the events of an app speaks for its servers, so what is said of customers counts. */
async function serverOf(app: NestFastifyApplication, slug: string): Promise<Sender> {
  const projects = app.get(Projects);
  const { id } = projects.named(slug);
  const { key } = await app.get(ProjectKeys).create(id, { kind: 'server', name: 'replay' });
  await projects.load();
  return { id, keyId: key.id, trust: 'server', source: projects.sourceOf(key.id, 'replay') };
}

function unclaimedOf(
  { at: receivedAt, protocol, text }: DatedEvent,
  position: number,
  fingerprinter: Fingerprinter,
): UnclaimedEvent[] {
  const event = protocol.readPayload(JSON.parse(text.toString('utf8')) as Record<string, unknown>, receivedAt);
  if (!event) return [];
  const content = { protocol, text };
  return [{ eventId: event.eventId, position, receivedAt, content, ...tryFacts(fingerprinter, event) }];
}
