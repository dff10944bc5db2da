import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { type HeartbeatState } from '../algorithm/detectors/heartbeat.v1.js';
import { type PulseState } from '../algorithm/pulse.v1.js';
import { isShareAtRest, type ShareWatch } from '../algorithm/detectors/share-watch.v1.js';
import { isAtRest, type WatchState } from '../algorithm/detectors/watch.v1.js';
import { HEARTBEAT, type ProjectStates, type ProjectWatch, PULSE } from './project-watch.js';
import { isShare, MOST_OF_A_KIND } from './shares.js';

/** Version of the states that this program reads; states of other versions start anew. */
const VERSION = 2;

interface StateRow {
  readonly series: string;
  readonly state: unknown;
  readonly restless: boolean;
  readonly abnormal: boolean;
}

/** Stores what detection has learnt about each series, between runs and restarts. */
@Injectable()
export class StateStore {
  /**
   * Loads the states of a project: those with something left to decide, and those of `series`. Undefined if the project
   * has none yet.
   */
  async load(sql: Sql, projectId: number, series: readonly string[]): Promise<ProjectStates | undefined> {
    const rows = await sql.query<{ series: string; state: unknown }>(
      {
        name: 'states.load',
        text: `SELECT series, state
          FROM series_state
          WHERE project_id = $1 AND version = $2 AND (restless OR series = ANY ($3::text[]))`,
      },
      [projectId, VERSION, [...series, PULSE, HEARTBEAT]],
    );
    const states = new Map(rows.map(({ series: name, state }) => [name, state]));
    const pulse = states.get(PULSE) as PulseState | undefined;
    if (!pulse) return undefined;
    const heartbeat = states.get(HEARTBEAT) as HeartbeatState | undefined;
    states.delete(PULSE);
    states.delete(HEARTBEAT);
    const [watches, shares] = [new Map<string, WatchState>(), new Map<string, ShareWatch>()];
    for (const [series, state] of states)
      if (isShare(series)) shares.set(series, state as ShareWatch);
      else watches.set(series, state as WatchState);
    return { pulse, heartbeat, watches, shares };
  }

  /** Finds the first minute of a project that is not closed yet; undefined if nobody watches the project yet. */
  async nextMinute(sql: Sql, projectId: number): Promise<number | undefined> {
    const [row] = await sql.query<{ next: number }>(
      {
        name: 'states.next',
        text: `SELECT (state ->> 'next')::int AS next
          FROM series_state
          WHERE project_id = $1 AND series = $2 AND version = $3`,
      },
      [projectId, PULSE, VERSION],
    );
    return row?.next;
  }

  /** Picks, from these series, those in an anomaly: closing their minutes follows them. */
  async abnormal(sql: Sql, projectId: number, series: readonly string[]): Promise<Set<string>> {
    const rows = await sql.query<{ series: string }>(
      {
        name: 'states.abnormal',
        text: `SELECT series
          FROM series_state
          WHERE project_id = $1 AND abnormal AND version = $3 AND series = ANY ($2::text[])`,
      },
      [projectId, series, VERSION],
    );
    return new Set(rows.map((row) => row.series));
  }

  /** Saves the states that a run changed. */
  async save(tx: Tx, projectId: number, watch: ProjectWatch, now: Date): Promise<void> {
    const rows = [...watch.touched].flatMap((series) => this.rowOf(series, watch));
    const own = [
      { series: PULSE, state: watch.pulse, restless: false, abnormal: false },
      ...(watch.heartbeat
        ? [
            {
              series: HEARTBEAT,
              state: watch.heartbeat,
              restless: false,
              abnormal: watch.heartbeat.stoppedSince !== null,
            },
          ]
        : []),
    ];
    const all = [...own, ...rows];
    await tx.query(
      {
        name: 'states.save',
        text: `INSERT INTO series_state (project_id, series, version, restless, abnormal, state, updated_at)
          SELECT $1, x.series, $2, x.restless, x.abnormal, x.state, $3
          FROM unnest($4::text[], $5::boolean[], $6::boolean[], $7::jsonb[]) AS x (series, restless, abnormal, state)
          ON CONFLICT (project_id, series) DO UPDATE SET version = EXCLUDED.version,
            restless = EXCLUDED.restless, abnormal = EXCLUDED.abnormal, state = EXCLUDED.state,
            updated_at = EXCLUDED.updated_at`,
      },
      [
        projectId,
        VERSION,
        now,
        all.map((one) => one.series),
        all.map((one) => one.restless),
        all.map((one) => one.abnormal),
        all.map((one) => JSON.stringify(one.state)),
      ],
    );
  }

  private rowOf(series: string, watch: ProjectWatch): StateRow[] {
    const [state, share] = [watch.watch(series), watch.share(series)];
    if (state) return [{ series, state, restless: !isAtRest(state), abnormal: state.anomaly !== null }];
    if (!share) return [];
    return [{ series, state: share, restless: !isShareAtRest(share), abnormal: share.anomaly !== null }];
  }

  /**
   * Forgets releases, services and areas beyond the number that we watch of each kind, those with the oldest last hit
   * first.
   */
  async forgetMost(tx: Tx, projectId: number): Promise<void> {
    await tx.query(
      {
        name: 'states.forget_most',
        text: `DELETE FROM series_state s
                 USING (
                 SELECT series, row_number() OVER (PARTITION BY split_part(series, ':', 1) ORDER BY abnormal DESC, updated_at DESC, (state ->> 'born')::int, series) AS nth
                 FROM series_state
                 WHERE project_id = $1 AND split_part(series, ':', 1) IN ('release', 'sessions', 'service', 'area') AND position(':' IN series) > 0
               ) AS most
               WHERE s.project_id = $1 AND s.series = most.series AND most.nth > $2`,
      },
      [projectId, MOST_OF_A_KIND],
    );
  }
}
