import { type ServerResponse } from 'node:http';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Database } from '../../platform/db/database.js';
import { messageOf, Problem } from '../../platform/errors.js';
import { LOGGER, type Logger } from '../../platform/logging/logger.js';
import { Metrics } from '../../platform/metrics.js';
import { Projects } from '../../projects/project.registry.js';
import { type Board } from '../answers/board.js';
import { Boards } from '../answers/boards.service.js';
import { ChangeReadModel } from './change.read-model.js';
import { Follower, type StreamEvent } from './follower.js';
import { Snapshots, type Wanted } from './snapshots.service.js';

/** Milliseconds between two looks at the version where no notification came. Half of the second within which a bot must hear of a change. */
const LOOK_MS = 500;
/** Looks between two beats: proxies cut what is silent for 30 to 60 s. */
const LOOKS_A_BEAT = 30;
/** Beats after which a stream ends, so that a token that was revoked works no longer than 15 minutes; bots connect again by themselves. */
const MOST_BEATS = 60;
/** Beats after which a bot that takes nothing is cut. */
const MOST_BLOCKED = 2;
/** Bots that read along in one process; chosen by judgement, not measured. Each costs a look at what changed. */
const MOST_FOLLOWERS = 500;

/**
 * Tells bots what changes, as it changes. Events say what is true now, not what happened, so that a bot which was away or slow has
 * everything once it has the latest event of each incident. Places in the stream are versions of the database, the same in every process.
 */
@Injectable()
export class Streams implements OnModuleDestroy {
  private readonly followers = new Map<Follower, Wanted>();
  private timer: NodeJS.Timeout | undefined;
  private session: { end: () => void } | undefined;
  private seen = -1;
  private looking = false;
  private again = false;
  private looks = 0;

  constructor(
    private readonly boards: Boards,
    private readonly changes: ChangeReadModel,
    private readonly snapshots: Snapshots,
    private readonly projects: Projects,
    private readonly database: Database,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    metrics.gauge('bot_streams', 'Bots that read along in this process.', [], (gauge) =>
      gauge.set(this.followers.size),
    );
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
    this.session?.end();
    for (const follower of this.followers.keys()) follower.end();
    this.followers.clear();
  }

  /** @throws Problem 503 where too many read along already */
  assertRoom(): void {
    if (this.followers.size >= MOST_FOLLOWERS)
      throw new Problem(503, 'busy', `${MOST_FOLLOWERS} bots read along already; ask another process.`);
  }

  /** Takes a bot in; `after` is the place from which it goes on, undefined for one that has nothing yet. */
  follow(response: ServerResponse, wanted: Wanted, after: number | undefined): void {
    const follower: Follower = new Follower(response, () => this.look(true));
    follower.cursor = after;
    response.on('close', () => this.drop(follower));
    this.followers.set(follower, wanted);
    this.begin();
    this.look(true);
  }

  private drop(follower: Follower): void {
    this.followers.delete(follower);
    if (this.followers.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
    this.session?.end();
    this.session = undefined;
  }

  private begin(): void {
    if (this.timer) return;
    this.timer = setInterval(() => this.tick(), LOOK_MS).unref();
    void this.listen();
  }

  private tick(): void {
    if (++this.looks % LOOKS_A_BEAT === 0)
      for (const follower of [...this.followers.keys()]) {
        const { open, blocked } = follower.beat();
        if (blocked > MOST_BLOCKED) follower.cut();
        else if (open > MOST_BEATS) follower.end();
      }
    this.look(false);
  }

  /** Hears of changes at once; where the session is lost, the looks go on. */
  private async listen(): Promise<void> {
    try {
      const client = await this.database.session();
      let ended = false;
      const end = () => {
        if (!ended) client.release(true);
        ended = true;
      };
      if (!this.timer) return end();
      this.session = { end };
      client.on('notification', () => this.look(false));
      client.on('error', () => {
        this.session = undefined;
        end();
      });
      await this.changes.listen(client);
    } catch (error) {
      this.logger.warn({ err: error }, `bots hear of changes by looks alone: ${messageOf(error)}`);
    }
  }

  /** Never two at a time. `anyway`: somebody may lack what the others have. */
  private look(anyway: boolean): void {
    if (anyway) this.seen = -1;
    if (this.looking) {
      this.again = true;
      return;
    }
    this.looking = true;
    void this.tell()
      .catch((error: unknown) => this.logger.warn({ err: error }, `bots were not told of changes: ${messageOf(error)}`))
      .finally(() => {
        this.looking = false;
        if (!this.again) return;
        this.again = false;
        this.look(false);
      });
  }

  private async tell(): Promise<void> {
    const board = await this.boards.now();
    if (board.version === this.seen) return;
    this.seen = board.version;
    for (const [follower, wanted] of [...this.followers])
      if (!follower.isBusy && follower.cursor !== board.version) {
        follower.write(await this.missing(board, wanted, follower.cursor));
        follower.cursor = board.version;
      }
  }

  private async missing(board: Board, wanted: Wanted, cursor: number | undefined): Promise<StreamEvent[]> {
    if (cursor === undefined || cursor > board.version) {
      const entries = this.snapshots.entries(board, wanted);
      return [
        ...(cursor === undefined ? [] : [{ name: 'reset' as const, data: {} }]),
        ...entries.map((entry) => ({ name: 'incident' as const, data: this.snapshots.item(entry, wanted) })),
        { name: 'ready', data: { version: String(board.version) }, id: board.version },
      ];
    }
    const projectId = this.projects.named(wanted.project)?.id;
    const shown = new Map(board.entries.map((entry) => [entry.id, entry]));
    const changed = (await this.changes.between(this.database, cursor, board.version)).filter(
      (change) => projectId === undefined || change.projectId === projectId,
    );
    return changed.map(({ incidentId, version }, at) => {
      const entry = shown.get(incidentId);
      // Several may carry one version; the place is passed only with the last of them.
      const id = changed[at + 1]?.version === version ? undefined : version;
      return entry
        ? { name: 'incident', data: this.snapshots.item(entry, wanted), id }
        : { name: 'gone', data: { incidentId: String(incidentId) }, id };
    });
  }
}
