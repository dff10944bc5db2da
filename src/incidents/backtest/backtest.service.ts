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
/** Minutes before `from` that we replay to learn from; minutes are kept for eight days. */
const LEARN_MINUTES = 7 * 24 * 60;
/** Most rows that one request replays, some seconds of work; `forewarn backtest` has no limit. */
export const MOST_ROWS = 150_000;

/** Request to replay a project's history under other settings. */
export interface BacktestRequest {
  readonly projectId: number;
  readonly from: Date;
  readonly to: Date;
  readonly now: Date;
  readonly detection: Partial<DetectionConfig>;
  readonly quietFor?: number;
  /** Severities that a policy would write about; all if left out. */
  readonly severities?: readonly Severity[];
}

/** Incident that would have opened. */
export interface BacktestIncident {
  readonly issues: readonly string[];
  readonly severity: Severity;
  readonly firstCustomerAt: Date;
  readonly firstAlertAt: Date;
  readonly lastCustomerAt: Date;
  /** Distinct customers hit while it was open. */
  readonly customers: number;
  /** Those of them to whom the policy would have written, regardless of consent and addresses. */
  readonly told: number;
  readonly reasons: readonly string[];
}

/** Totals of a back-test. */
export interface BacktestSummary {
  readonly opened: number;
  /** Customers to whom we would have written; one in two incidents counts twice. */
  readonly told: number;
  /** Times of the first customer hit by one of the incidents, and of the first incident that would have opened. */
  readonly firstCustomerAt: Date | null;
  readonly firstAlertAt: Date | null;
  /** Totals in one line. */
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
   * Replays the stored minutes between `from` and `to`, however far these lie apart: there are no counts before the
   * first stored minute or after `now`.
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
      // A few people, each counted several times.
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
