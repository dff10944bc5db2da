import { Inject, Injectable } from '@nestjs/common';
import { DETECTION_CONFIG, type DetectionConfig, thresholdsOf } from '../../detection/detection-config.js';
import { Detections } from '../../detection/public.js';
import { Database } from '../../platform/db/database.js';
import { Problem } from '../../platform/errors.js';
import { replay } from '../algorithm/replay.v1.js';
import { severityOf } from '../algorithm/severity.v1.js';
import { HarmReadModel } from '../lifecycle/harm.read-model.js';
import { type Severity } from '../incident.js';
import { INCIDENTS_CONFIG, type IncidentsConfig } from '../incidents-config.js';

const MINUTE = 60_000;
/** The history before `from` that is replayed to learn from; minutes are kept for eight days. */
const LEARN_MINUTES = 7 * 24 * 60;
/** Rows that are replayed in one request, some seconds of work; `forewarn backtest` has no limit. */
export const MOST_ROWS = 150_000;

/** What would have been called otherwise. */
export interface BacktestRequest {
  readonly projectId: number;
  readonly from: Date;
  readonly to: Date;
  readonly now: Date;
  readonly detection: Partial<DetectionConfig>;
  readonly quietFor?: number;
  /** Severities that a policy would write about; all when left out. */
  readonly severities?: readonly Severity[];
}

/** An incident that would have opened. */
export interface BacktestIncident {
  readonly issues: readonly string[];
  readonly severity: Severity;
  readonly firstCustomerAt: Date;
  readonly firstAlertAt: Date;
  readonly lastCustomerAt: Date;
  /** Distinct customers hit while it was open. */
  readonly customers: number;
  /** Of those, whom the policy would have written to; consent and addresses are not looked at. */
  readonly told: number;
  readonly reasons: readonly string[];
}

/** What a back-test comes to. */
export interface BacktestSummary {
  readonly opened: number;
  /** Customers who would have been written to, one of two incidents counted twice. */
  readonly told: number;
  /** The first customer who was hit by one of the incidents, and when the first of them would have opened. */
  readonly firstCustomerAt: Date | null;
  readonly firstAlertAt: Date | null;
  /** The same in one line. */
  readonly words: string;
}

/** Adds a back-test up. */
export function summaryOf(incidents: readonly BacktestIncident[]): BacktestSummary {
  const first = (times: readonly Date[]) => (times.length === 0 ? null : new Date(Math.min(...times.map(Number))));
  const firstCustomerAt = first(incidents.map((one) => one.firstCustomerAt));
  const firstAlertAt = first(incidents.map((one) => one.firstAlertAt));
  const told = incidents.reduce((sum, one) => sum + one.told, 0);
  const opened = incidents.length;
  const counted = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;
  const times = `; first customer hit ${minuteOf(firstCustomerAt)}, first alert ${minuteOf(firstAlertAt)}`;
  const words = `would have opened ${counted(opened, 'incident')} and told ${counted(told, 'customer')}${opened === 0 ? '' : times}`;
  return { opened, told, firstCustomerAt, firstAlertAt, words };
}

const minuteOf = (time: Date | null) => `${time?.toISOString().slice(0, 16) ?? ''}Z`;

/** Replays the stored history with other thresholds, through the detectors and the grouping that run live. */
@Injectable()
export class Backtest {
  constructor(
    @Inject(DETECTION_CONFIG) private readonly detection: DetectionConfig,
    @Inject(INCIDENTS_CONFIG) private readonly incidents: IncidentsConfig,
    private readonly detections: Detections,
    private readonly harm: HarmReadModel,
    private readonly database: Database,
  ) {}

  /**
   * Replays what is kept between `from` and `to`, however far these lie apart: nothing was counted before the first minute that is kept,
   * nor after `now`.
   * @param mostRows refuse more rows than this
   * @param signal ends the statements when nobody waits for the answer any more
   * @throws Problem 400 when the range holds more
   */
  async run(
    request: BacktestRequest,
    { mostRows = MOST_ROWS, signal }: { mostRows?: number; signal?: AbortSignal } = {},
  ): Promise<BacktestIncident[]> {
    const { projectId, severities } = request;
    const database = signal ? this.database.until(signal) : this.database;
    const first = await this.detections.firstMinute(database, projectId);
    if (first === undefined) return [];
    const from = Math.max(Math.floor(request.from.getTime() / MINUTE), first);
    const to = Math.min(Math.ceil(request.to.getTime() / MINUTE), Math.ceil(request.now.getTime() / MINUTE) + 1);
    if (from >= to) return [];
    const most = Number.isFinite(mostRows) ? mostRows + 1 : undefined;
    const rows = await this.detections.rows(database, projectId, Math.max(from - LEARN_MINUTES, first), to, most);
    if (rows.length > mostRows)
      throw new Problem(
        400,
        'invalid',
        `to: the range holds more than ${mostRows} rows of history; take a shorter one, or run "forewarn backtest".`,
      );
    const minutes = await this.detections.activity(
      database,
      projectId,
      Math.min(from, rows[0]?.minute ?? from),
      to,
      -Infinity,
    );
    const replayed = replay(
      {
        minutes,
        hits: rows,
        links: [],
        deploys: [],
        from,
      },
      thresholdsOf({ ...this.detection, ...request.detection }),
      { quietForMs: request.quietFor ?? this.incidents.quietFor, reopenWithinMs: this.incidents.reopenWithin },
    );
    const incidents: BacktestIncident[] = [];
    for (const one of replayed) {
      const firstCustomerAt = new Date(one.firstCustomerMinute * MINUTE);
      const lastCustomerAt = new Date((one.lastCustomerMinute + 1) * MINUTE);
      const during = (issueIds: readonly number[]) =>
        this.harm.between(database, projectId, issueIds, firstCustomerAt, lastCustomerAt);
      // The same few people, counted several times.
      if (one.least > 0 && (await during(one.behind)).customers < one.least) continue;
      const harm = await during(one.issueIds.length > 0 ? one.issueIds : one.behind);
      const customers = harm.customers || one.customers;
      const severity = severityOf({ ...harm, customers }).severity;
      const judged = harm.activeCustomers === null && severity === 'minor' ? 'major' : severity;
      incidents.push({
        issues: one.issueIds.map(String),
        severity: judged,
        firstCustomerAt,
        firstAlertAt: new Date((one.firstAlertMinute + 1) * MINUTE),
        lastCustomerAt,
        customers,
        told: !severities || severities.includes(judged) ? customers : 0,
        reasons: one.reasons,
      });
    }
    return incidents;
  }
}
