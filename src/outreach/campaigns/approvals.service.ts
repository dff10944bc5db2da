import { Inject, Injectable } from '@nestjs/common';
import { Incidents } from '../../incidents/public.js';
import { Database, type Tx } from '../../platform/db/database.js';
import { Problem } from '../../platform/errors.js';
import { wake } from '../../platform/stages/wake.js';
import { needsSecondPerson } from '../algorithm/decide.js';
import { type Campaign } from '../campaign.js';
import { ToldStore } from '../messages/told.store.js';
import { MessageReadModel } from '../messages/message.read-model.js';
import { OUTREACH_CONFIG, type OutreachConfig } from '../outreach-config.js';
import { POLICIES_CONFIG, type Policy } from '../policy.js';
import { campaignFacts, type CampaignReason } from '../reasons.js';
import { CampaignStore } from './campaign.store.js';
import { GrantStore } from './grant.store.js';
import { CampaignPreviews } from './preview.service.js';

/** Word of a person about a campaign. */
export interface PersonsWord {
  /** Name of their token. */
  readonly by: string;
  readonly note: string | undefined;
}

/**
 * Approvals by people, and how long they hold: for the later waves of the incident up to the blast limit that the person saw, and for its end. Above
 * `twoPersonsAbove` the first approval waits for a second one, by another token, of the same preview.
 */
@Injectable()
export class Approvals {
  constructor(
    @Inject(POLICIES_CONFIG) private readonly policies: readonly Policy[],
    @Inject(OUTREACH_CONFIG) private readonly config: OutreachConfig,
    private readonly campaigns: CampaignStore,
    private readonly grants: GrantStore,
    private readonly told: ToldStore,
    private readonly lists: MessageReadModel,
    private readonly previews: CampaignPreviews,
    private readonly incidents: Incidents,
    private readonly database: Database,
  ) {}

  /**
   * Lets a campaign go out that still is what the preview of this version showed, or notes the first of two approvals.
   * @throws Problem 400 or 409, and then nothing goes out
   */
  async approve(id: number, version: string | undefined, { by, note }: PersonsWord, now: Date): Promise<void> {
    await this.database.transaction(async (tx) => {
      const campaign = await this.locked(tx, id, 'awaiting_approval', 'approved');
      await this.previews.assertSeen(tx, campaign, version);
      if (await this.isFirstOfTwo(tx, campaign, version ?? '', by, now)) return;
      const reason: CampaignReason = { code: 'by_person', note: note ?? null };
      const sendAfter = new Date(now.getTime() + this.config.undo);
      const change = { from: ['awaiting_approval'], to: 'approved', reason, actor: by, sendAfter } as const;
      await this.campaigns.setState(tx, id, change, now);
      await this.grant(tx, campaign, by, now);
      const fact = { kind: 'campaign_approved', ...campaignFacts(id, reason) } as const;
      await this.incidents.append(tx, campaign.incidentId, by, fact, now);
      await wake(tx, 'dispatch', 'campaign');
    });
  }

  /**
   * Takes an approval back before its first message.
   * @throws Problem 409 when that time is over
   */
  async undo(id: number, { by, note }: PersonsWord, now: Date): Promise<void> {
    await this.database.transaction(async (tx) => {
      const campaign = await this.locked(tx, id, 'approved', 'awaiting_approval');
      if (!campaign.sendAfter || now >= campaign.sendAfter)
        throw new Problem(
          409,
          'conflict',
          `The time in which the approval could be taken back is over. POST /v1/campaigns/${id}/pause holds what has not gone out.`,
        );
      const reason: CampaignReason = { code: 'approval_undone', note: note ?? null };
      const change = { from: ['approved'], to: 'awaiting_approval', reason, actor: by } as const;
      await this.campaigns.setState(tx, id, change, now);
      await this.campaigns.setFirst(tx, id, null, null);
      if (campaign.audience === 'affected' && campaign.kind !== 'returned') await this.grants.withdraw(tx, campaign);
      const fact = { kind: 'campaign_undone', ...campaignFacts(id, reason) } as const;
      await this.incidents.append(tx, campaign.incidentId, by, fact, now);
    });
  }

  /** Lets later waves and the end of the incident go with this approval, up to as many customers as the approving person saw, or the blast limit. */
  async grant(tx: Tx, { incidentId, kind, audience, claimed, policy }: Campaign, by: string, now: Date): Promise<void> {
    // The words to those at risk, and those of a return, are others than those to the affected, so one approval does not hold for all.
    if (audience === 'at_risk' || kind === 'returned') return;
    const seen = await this.told.countNotices(tx, incidentId, claimed);
    const limit = this.policies.find(({ name }) => name === policy)?.blastLimit ?? 0;
    await this.grants.give(tx, { incidentId, claimed, policy }, { upTo: Math.max(seen, limit), by }, now);
  }

  private async isFirstOfTwo(tx: Tx, campaign: Campaign, version: string, by: string, now: Date): Promise<boolean> {
    const { id, incidentId } = campaign;
    const policy = this.policies.find(({ name }) => name === campaign.policy);
    const isPlanned = campaign.audienceSeq >= campaign.frozenSeq;
    const customers = (await this.lists.countWaiting(tx, id)) + (isPlanned ? 0 : campaign.frozenRest);
    if (!policy || !needsSecondPerson(policy, customers)) return false;
    const first = await this.campaigns.first(tx, id);
    const stands = first && (await this.previews.isStill(tx, campaign, first.version));
    if (stands && first.by !== by) return false;
    if (stands)
      throw new Problem(
        409,
        'conflict',
        `${by} approved this already. ${customers} customers need a second person, with another token.`,
      );
    const reason: CampaignReason = { code: 'second_person', first: by, customers };
    await this.campaigns.setFirst(tx, id, by, version);
    await this.campaigns.await(tx, id, { state: 'awaiting_approval', reason });
    const fact = { kind: 'campaign_approved_once', ...campaignFacts(id, reason) } as const;
    await this.incidents.append(tx, incidentId, by, fact, now);
    return true;
  }

  private async locked(tx: Tx, id: number, state: Campaign['state'], to: Campaign['state']): Promise<Campaign> {
    const isThere = await this.campaigns.lockIn(tx, id, [state]);
    const campaign = await this.campaigns.find(tx, id);
    if (isThere && campaign) return campaign;
    throw new Problem(
      409,
      'conflict',
      `Campaign ${id} is ${campaign?.state ?? 'gone'}; only ${state} can become ${to}.`,
    );
  }
}
