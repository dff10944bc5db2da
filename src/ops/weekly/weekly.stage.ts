import { Inject, Injectable } from '@nestjs/common';
import { ProductFeedback } from '../../contacts/product-feedback.service.js';
import { PlainMailer } from '../../delivery/plain-mailer.service.js';
import { Database } from '../../platform/db/database.js';
import { PublicUrl } from '../../platform/http/public-url.js';
import { LOGGER, type Logger } from '../../platform/logging/logger.js';
import { IDLE, type Stage, type StageResult } from '../../platform/stages/stage.js';
import { placeName, recipientsOf, TEAM_CONFIG, type TeamConfig } from '../team-config.js';
import { weeklyMail } from './weekly-mail.js';
import { WeeklyStore } from './weekly.store.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
/** Hour of Monday, UTC, from which on the mail goes out: Europe begins to work, Asia is still at it. By judgement. */
const FROM_HOUR = 6;
/** Rows of the mail: what a team may mend in a week is fewer. */
const ROWS = 10;
/** Time after which a mail that nobody settled is tried again: less than the pause between two runs. */
const CLAIM_MS = 30 * 60_000;
/** Weeks whose rows are kept. */
const KEPT = 10;

/**
 * Mails the team each Monday what hurt customers most in the week before, with a picture; nothing after a week without incidents. Each place gets each
 * week once, by the key of `weekly_mail`; what the server does not take is tried again each hour while the next week runs, under the same Message-ID.
 */
@Injectable()
export class WeeklyStage implements Stage {
  readonly name = 'weekly';
  readonly pauseMs = 'hourly';
  readonly limitMs = 5 * 60_000;
  private readonly places;

  constructor(
    @Inject(TEAM_CONFIG) config: TeamConfig,
    private readonly store: WeeklyStore,
    private readonly feedback: ProductFeedback,
    private readonly mailer: PlainMailer,
    private readonly database: Database,
    private readonly publicUrl: PublicUrl,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.places = config.filter(({ kind, weekly }) => kind === 'mail' && weekly !== false);
  }

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    const monday = mondayBefore(now);
    if (this.places.length === 0 || now.getTime() < monday + FROM_HOUR * HOUR_MS) return IDLE;
    const database = this.database.until(signal);
    const time = { from: new Date(monday - WEEK_MS), to: new Date(monday) };
    const hurts = await this.feedback.worst(database, time, ROWS);
    const week = dayOf(time.from);
    await this.store.forget(database, dayOf(new Date(monday - KEPT * WEEK_MS)));
    if (hurts.length === 0) return IDLE;
    let worked = 0;
    for (const place of this.places) {
      const name = placeName(place);
      if (!(await this.store.claim(database, week, name, new Date(now.getTime() + CLAIM_MS), now))) continue;
      const id = `weekly-${week}-${name.replace(':', '-')}`;
      const mail = weeklyMail(hurts, week, this.publicUrl.base);
      const code = await this.mailer.send({ to: recipientsOf(place.url), id, ...mail });
      if (code === undefined) await this.store.told(database, week, name, now);
      else this.logger.warn({ code }, 'the weekly mail was not sent; it is tried again in an hour');
      worked++;
    }
    return { worked, more: false };
  }
}

/** Start of the last Monday, in UTC. */
function mondayBefore(now: Date): number {
  const day = Math.floor(now.getTime() / DAY_MS);
  return (day - ((day + 3) % 7)) * DAY_MS; // day 0 was a Thursday
}

function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}
