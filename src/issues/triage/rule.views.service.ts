import { Injectable } from '@nestjs/common';
import { Projects } from '../../projects/project.registry.js';
import { type Sql } from '../../platform/db/database.js';
import { type GroupingRule } from '../../grouping/rules/rules.js';
import { Fingerprinter } from '../../grouping/fingerprinter.js';
import { IgnoreStore, type RuledOut } from './ignore.store.js';

/** A rule of the configuration as people see it, with what it ignored; null when it ignored nothing. */
export interface ShownRule extends GroupingRule {
  readonly state: 'active' | 'ended';
  readonly ignored: {
    readonly events: number;
    readonly firstAt: Date;
    readonly lastAt: Date;
    /** Events by slug. */
    readonly projects: Readonly<Record<string, number>>;
  } | null;
}

/** The rules in force and what each kept back. */
@Injectable()
export class RuleViews {
  constructor(
    private readonly fingerprinter: Fingerprinter,
    private readonly ignored: IgnoreStore,
    private readonly projects: Projects,
  ) {}

  /** All rules of the configuration, in their order. */
  async list(sql: Sql, now: Date): Promise<ShownRule[]> {
    const rows = await this.ignored.ruledOut(sql);
    return this.fingerprinter.rules.map(({ rule, until }) => ({
      ...rule,
      state: until <= now.getTime() ? 'ended' : 'active',
      ignored: this.sum(rows.filter((row) => row.rule === rule.name)),
    }));
  }

  private sum(rows: readonly RuledOut[]): ShownRule['ignored'] {
    if (rows.length === 0) return null;
    const slugOf = (projectId: number) => this.projects.find(projectId)?.slug ?? String(projectId);
    return {
      events: rows.reduce((total, { events }) => total + events, 0),
      firstAt: new Date(Math.min(...rows.map(({ firstAt }) => firstAt.getTime()))),
      lastAt: new Date(Math.max(...rows.map(({ lastAt }) => lastAt.getTime()))),
      projects: Object.fromEntries(rows.map(({ projectId, events }) => [slugOf(projectId), events])),
    };
  }
}
