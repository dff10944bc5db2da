import { Inject, Injectable } from '@nestjs/common';
import { Projects } from '../intake/public.js';
import { type Sql } from '../platform/db/database.js';
import { MAINTENANCE_CONFIG, type MaintenanceConfig } from './incidents-config.js';
import { covers, type Silence, type Silenceable } from './silence.js';
import { SilenceStore } from './silence.store.js';

/** Silences of people and maintenance windows of the configuration, as one. */
@Injectable()
export class Silences {
  constructor(
    @Inject(MAINTENANCE_CONFIG) private readonly windows: MaintenanceConfig,
    private readonly store: SilenceStore,
    private readonly projects: Projects,
  ) {}

  /** All that hold at `now`. */
  async active(sql: Sql, now: Date): Promise<Silence[]> {
    const planned = this.planned().filter((one) => one.from <= now && now < one.until);
    return [...(await this.store.active(sql, now)), ...planned];
  }

  /** The maintenance windows of the configuration, past and future. */
  planned(): Silence[] {
    const idOf = (slug: string | undefined) =>
      slug === undefined ? null : (this.projects.list().find((one) => one.slug === slug)?.id ?? 0);
    return this.windows.map((one) => ({
      id: `config:${one.name}`,
      projectId: idOf(one.project),
      issueId: null,
      service: one.service ?? null,
      area: one.area ?? null,
      from: new Date(one.from),
      until: new Date(one.to),
      reason: one.reason,
      createdBy: 'configuration',
    }));
  }

  /** The silence that covers all of these, the one that lasts longest; undefined when one of them is not covered. */
  over(active: readonly Silence[], all: readonly Silenceable[]): Silence | undefined {
    const fitting = all.map((what) => active.find((silence) => covers(silence, what)));
    if (all.length === 0 || fitting.includes(undefined)) return undefined;
    return fitting[0];
  }
}
