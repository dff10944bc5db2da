import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { PlainMailer } from '../../delivery/plain-mailer.service.js';
import { SEVERITIES } from '../../incidents/incident.js';
import { Database } from '../../platform/db/database.js';
import { PublicUrl } from '../../platform/http/public-url.js';
import { LOGGER, type Logger } from '../../platform/logging/logger.js';
import { Metrics } from '../../platform/metrics.js';
import { IDLE, type Stage, type StageResult } from '../../platform/stages/stage.js';
import { placeName, recipientsOf, TEAM_CONFIG, type TeamConfig, type TeamPlace } from '../team-config.js';
import { NewsStore } from './news.store.js';
import { type Bundle, type Form, formOf, mailOf } from './post.js';

/** Time that news waits for others to go with it. */
const GATHER_MS = 15_000;
/** News in one post: some places cut longer texts. */
const AT_ONCE = 15;
const TIMEOUT_MS = 10_000;
/** Time after which a claimed post that nobody settled is tried again: far longer than a call may take. */
const CLAIM_MS = 120_000;
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 30 * 60_000;
/** Age from which on news is none: what waited so long is given up, and what ended before is not told. */
const DAY_MS = 24 * 3_600_000;
/** Largest answer that is read, characters. */
const ANSWER = 10_000;

/** Result of a post: undefined when it was taken, otherwise the reason and the time at which the place asks to be tried again. */
type Failure = { readonly code: string; readonly afterMs: number | undefined } | undefined;

/**
 * Tells the team of incidents that open and end, of approvals that wait and of messages that fail: each place each thing once. What a place does not
 * take is tried again for a day.
 */
@Injectable()
export class TeamStage implements Stage {
  readonly name = 'team';
  readonly pauseMs = 5000;
  readonly limitMs = 5 * 60_000;
  private readonly places: ReadonlyMap<string, TeamPlace>;
  private readonly posts;
  private readonly givenUp;

  constructor(
    @Inject(TEAM_CONFIG) config: TeamConfig,
    private readonly store: NewsStore,
    private readonly database: Database,
    private readonly publicUrl: PublicUrl,
    private readonly mailer: PlainMailer,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    this.places = new Map(config.map((place) => [placeName(place), place]));
    this.posts = metrics.counter('team_posts_total', 'Posts to the places that the team reads.', ['kind', 'result']);
    this.givenUp = metrics.counter('team_news_given_up_total', 'News that no post could tell within a day.', ['kind']);
    metrics.gauge('team_news_waiting', 'News for the team that no place has taken yet.', [], async (gauge) => {
      gauge.set(this.places.size === 0 ? 0 : await store.waiting(database));
    });
  }

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    if (this.places.size === 0) return IDLE;
    const database = this.database.until(signal);
    const dayAgo = new Date(now.getTime() - DAY_MS);
    for (const place of await this.store.giveUp(database, dayAgo, [...this.places.keys()]))
      this.givenUp.inc({ kind: this.places.get(place)?.kind ?? 'removed' });
    for (const [name, { on, severity }] of this.places) {
      const severities = SEVERITIES.slice(SEVERITIES.indexOf(severity));
      for (const event of on) await this.store.find(database, name, event, severities, dayAgo, now);
    }
    const due = await this.store.duePlaces(database, new Date(now.getTime() - GATHER_MS), now);
    const told = await Promise.all(due.map((name) => this.tell(name, now, signal)));
    return { worked: told.reduce((sum, one) => sum + one, 0), more: told.includes(AT_ONCE) };
  }

  /** Tells one place what waits for it; returns how much it took. */
  private async tell(name: string, now: Date, signal: AbortSignal): Promise<number> {
    const place = this.places.get(name);
    if (!place) return 0;
    const database = this.database.until(signal);
    const news = await this.store.claim(database, name, AT_ONCE, new Date(now.getTime() + CLAIM_MS), now);
    const ids = news.map(({ id }) => id);
    if (ids.length === 0) return 0;
    const { kind } = place;
    const id = `team-${createHash('sha256')
      .update(`${name} ${ids.join(' ')}`)
      .digest('hex')
      .slice(0, 24)}`;
    const bundle = { id, news, base: this.publicUrl.base, now };
    const failure =
      place.kind === 'mail'
        ? await this.mail(recipientsOf(place.url), bundle)
        : await post(formOf(place.kind), place, bundle, signal);
    this.posts.inc({ kind, result: failure ? 'error' : 'ok' });
    if (!failure) {
      await this.store.told(database, ids, now);
      return ids.length;
    }
    // The URL of a place is a secret, so only codes go into the log.
    this.logger.warn({ kind, code: failure.code, news: ids.length }, 'the team was not told; it is tried again');
    const tries = Math.min(...news.map(({ attempts }) => attempts));
    const waitMs = Math.min(LONGEST_WAIT_MS, Math.max(failure.afterMs ?? 0, FIRST_WAIT_MS * 2 ** (tries - 1)));
    await this.store.wait(database, ids, new Date(now.getTime() + waitMs));
    return 0;
  }

  private async mail(to: readonly string[], bundle: Bundle): Promise<Failure> {
    const code = await this.mailer.send({ to, id: bundle.id, ...mailOf(bundle) });
    return code === undefined ? undefined : { code, afterMs: undefined };
  }
}

async function post(form: Form, place: TeamPlace, bundle: Bundle, signal: AbortSignal): Promise<Failure> {
  const { url, headers, body } = form.post(place, bundle);
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers,
      body,
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    const text = (await answer.text()).slice(0, ANSWER);
    if (answer.ok && form.isTaken(objectOf(text))) return undefined;
    const seconds = Number(answer.headers.get('retry-after') ?? NaN);
    return { code: `http ${answer.status}`, afterMs: seconds > 0 ? seconds * 1000 : undefined };
  } catch (error) {
    const { name, cause } = error as { name?: string; cause?: { code?: string } };
    return { code: cause?.code ?? name ?? 'error', afterMs: undefined };
  }
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
