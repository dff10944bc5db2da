import { Inject, Injectable } from '@nestjs/common';
import { Issues } from '../issues/public.js';
import { Database } from '../platform/db/database.js';
import { type Stage, type StageResult } from '../platform/stages/stage.js';
import { type Incident } from './incident.js';
import { INCIDENTS_CONFIG, type IncidentsConfig } from './incidents-config.js';
import { Incidents } from './public.js';

const MINUTE = 60_000;

/** Closes incidents that stayed quiet while their app was otherwise active. Resolving twice has no effect. */
@Injectable()
export class IncidentCloseStage implements Stage {
  readonly name = 'incident-close';
  readonly pauseMs = 5000;

  constructor(
    @Inject(INCIDENTS_CONFIG) private readonly config: IncidentsConfig,
    private readonly incidents: Incidents,
    private readonly issues: Issues,
    private readonly database: Database,
  ) {}

  async runOnce(now: Date): Promise<StageResult> {
    let worked = 0;
    for (const incident of await this.incidents.open(this.database)) {
      if (!(await this.isQuiet(incident, now))) continue;
      await this.database.transaction((tx) => this.incidents.resolve(tx, incident.id, 'quiet', 'forewarn', now));
      worked++;
    }
    return { worked, more: false };
  }

  /** Counts are by the minute, so a hit may have been up to a minute later than its row says. */
  private async isQuiet(incident: Incident, now: Date): Promise<boolean> {
    if (incident.issueIds.length === 0) return false;
    const { issueHit, projectActive } = await this.issues.lastActivity(this.database, incident.issueIds);
    const quietSince = Math.max(issueHit ? issueHit.getTime() + MINUTE : 0, incident.openedAt.getTime());
    if (now.getTime() - quietSince < this.config.quietFor) return false;
    return projectActive !== null && projectActive.getTime() > quietSince;
  }
}
