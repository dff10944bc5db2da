import { Inject, Injectable } from '@nestjs/common';
import { Incidents } from '../../incidents/public.js';
import { type Database } from '../../platform/db/database.js';
import { brokenRule, nextShare, STEP_PAUSE_MS } from '../algorithm/brake.js';
import { type Campaign } from '../campaign.js';
import { POLICIES_CONFIG, type Policy } from '../policy.js';
import { campaignFacts } from '../reasons.js';
import { CampaignStore } from './campaign.store.js';
import { OutcomeReadModel } from './outcome.read-model.js';

/** Lets campaigns out step by step, and pauses those that break a rule of their policy. */
@Injectable()
export class Ramps {
  constructor(
    @Inject(POLICIES_CONFIG) private readonly policies: readonly Policy[],
    private readonly campaigns: CampaignStore,
    private readonly outcomes: OutcomeReadModel,
    private readonly incidents: Incidents,
  ) {}

  /** Looks at every campaign that goes out under a ramp or a rule; returns how many it changed. */
  async advance(database: Database, now: Date): Promise<number> {
    const watched = this.policies.filter(({ ramp, stopWhen }) => ramp !== undefined || stopWhen !== undefined);
    if (watched.length === 0) return 0;
    let changed = 0;
    for (const campaign of await this.campaigns.going(
      database,
      watched.map(({ name }) => name),
    )) {
      const policy = watched.find(({ name }) => name === campaign.policy);
      if (policy && (await this.look(database, campaign, policy, now))) changed++;
    }
    return changed;
  }

  private async look(database: Database, campaign: Going, { ramp, stopWhen }: Policy, now: Date): Promise<boolean> {
    const outcome = await this.outcomes.of(database, campaign.id);
    const stop = brokenRule(stopWhen, outcome);
    if (stop) return this.stop(database, campaign, { code: 'stopped_by_rule', ...stop }, now);
    const rests = now.getTime() - campaign.shareAt.getTime() >= STEP_PAUSE_MS;
    if (!ramp || campaign.share >= 1 || outcome.open > 0 || !rests) return false;
    await database.transaction((tx) => this.campaigns.setShare(tx, campaign.id, nextShare(ramp, campaign.share), now));
    return true;
  }

  private async stop(
    database: Database,
    { id, incidentId }: Going,
    reason: Campaign['reason'],
    now: Date,
  ): Promise<boolean> {
    return database.transaction(async (tx) => {
      const change = { from: ['approved'], to: 'paused', reason, actor: 'forewarn', pausedBy: 'rule' } as const;
      if (!(await this.campaigns.setState(tx, id, change, now))) return false;
      const fact = { kind: 'campaign_paused', ...campaignFacts(id, reason) } as const;
      await this.incidents.append(tx, incidentId, 'forewarn', fact, now);
      return true;
    });
  }
}

/** A campaign that goes out, and how far. */
type Going = Pick<Campaign, 'id' | 'incidentId' | 'policy'> & { readonly share: number; readonly shareAt: Date };
