import { Inject, Injectable } from '@nestjs/common';
import { Projects } from '../../projects/project.registry.js';
import { type Sql } from '../../platform/db/database.js';
import { occurrence, type Occurrence, type Weekly } from '../algorithm/weekly.v1.js';
import { MAINTENANCE_CONFIG, type MaintenanceConfig } from '../incidents-config.js';
import { covers, type MadeSilence, type Silence, type Silenceable } from './silence.js';
import { SilenceStore } from './silence.store.js';

type Maintenance = MaintenanceConfig[number];

/** Joins the silences of people with the maintenance windows of the configuration. */
@Injectable()
export class Silences {
  constructor(
    @Inject(MAINTENANCE_CONFIG) private readonly windows: MaintenanceConfig,
    private readonly store: SilenceStore,
    private readonly projects: Projects,
  ) {}

  /** Lists all silences that hold at `now`. */
  async active(sql: Sql, now: Date): Promise<Silence[]> {
    const made = (await this.store.active(sql, now)).map((one) => silenceOf(one, now));
    return [...made, ...this.planned(now)].filter((one) => one.from <= now && now < one.until);
  }

  /**
   * Lists the maintenance windows of the configuration, past and future; a weekly one with the occurrence that holds at
   * `now`, or the next.
   */
  planned(now: Date): Silence[] {
    return this.windows.flatMap((one) => {
      const time = timeOf(one, now);
      return time ? [{ ...this.shape(one), ...time }] : [];
    });
  }

  private shape(one: Maintenance) {
    const project = this.projects.list().find(({ slug }) => slug === one.project);
    return {
      id: `config:${one.name}`,
      projectId: one.project === undefined ? null : (project?.id ?? 0),
      issueId: null,
      service: one.service ?? null,
      area: one.area ?? null,
      reason: one.reason,
      createdBy: 'configuration',
      ...(one.weekly && { weekly: shownWeekly(one.weekly) }),
    };
  }

  /**
   * Finds the silence that covers all of these, or, of several, the one that lasts longest; undefined if one of them is
   * not covered.
   */
  over(active: readonly Silence[], all: readonly Silenceable[]): Silence | undefined {
    const fitting = all.map((what) => active.find((silence) => covers(silence, what)));
    if (all.length === 0 || fitting.includes(undefined)) return undefined;
    return fitting[0];
  }
}

/**
 * Resolves a silence that people made at `now`: a weekly one to the occurrence that holds or the next. Without a
 * further occurrence it has ended.
 */
export function silenceOf({ weekly, ...made }: MadeSilence, now: Date): Silence {
  if (weekly === null) return made;
  const from = now > made.from ? now : made.from;
  const next = made.until > now ? occurrence(weekly, from) : undefined;
  const shown = { ...made, weekly: { ...shownWeekly(weekly), until: made.until } };
  if (!next || next.from >= made.until) return { ...shown, until: made.until < now ? made.until : now };
  const begins = next.from > made.from ? next.from : made.from;
  return { ...shown, from: begins, until: next.until < made.until ? next.until : made.until };
}

function shownWeekly(weekly: Weekly) {
  return { ...weekly, from: clock(weekly.from), to: clock(weekly.to) };
}

function timeOf({ weekly, from, to }: Maintenance, now: Date): Occurrence | undefined {
  if (weekly) return occurrence(weekly, now);
  return from === undefined || to === undefined ? undefined : { from: new Date(from), until: new Date(to) };
}

function clock(minutes: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
