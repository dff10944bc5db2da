import { Inject, Injectable } from '@nestjs/common';
import { Explanations } from '../../explanations/public.js';
import { Incidents } from '../../incidents/public.js';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { assertNever, Problem } from '../../platform/errors.js';
import { judgeVersion, previewVersion } from '../algorithm/preview-version.js';
import { type Campaign, type Message } from '../campaign.js';
import { Composer } from '../messages/composer.service.js';
import { ApprovedTexts } from '../messages/approved-texts.service.js';
import { sectionOf } from '../messages/channel-texts.js';
import { MessageReadModel } from '../messages/message.read-model.js';
import { POLICIES_CONFIG, type Policy } from '../policy.js';
import { type PreviewSample } from './campaign.answers.js';
import { CompanionReadModel } from './companion.read-model.js';

const SAMPLES = 5;
const NIL = '00000000-0000-0000-0000-000000000000';

/** Nothing was approved; like the answer of success it says which messages were let go, which are none. */
class ApprovalRefused extends Problem {
  override readonly members = { messages: [] };
}

/** Previews of campaigns, and the check that a campaign still is what a person saw. */
@Injectable()
export class CampaignPreviews {
  constructor(
    @Inject(POLICIES_CONFIG) private readonly policies: readonly Policy[],
    private readonly companions: CompanionReadModel,
    private readonly lists: MessageReadModel,
    private readonly composer: Composer,
    private readonly incidents: Incidents,
    private readonly explanations: Explanations,
    private readonly approved: ApprovedTexts,
  ) {}

  /** Names what would be sent now: how many customers wait for it, and the words in every language of theirs. */
  async version(sql: Sql, campaign: Campaign): Promise<string> {
    const incident = await this.incidents.find(sql, campaign.incidentId);
    const texts: unknown[] = [campaign.id, campaign.asked];
    for (const locale of await this.lists.localesOf(sql, campaign.id)) {
      const words = incident && (await this.explanations.forReader(sql, [incident], locale, null)).get(incident.id);
      const section = sectionOf(campaign);
      const approved = incident && this.approved.find('sms', { section, locale, incident });
      texts.push(locale, words, this.explanations.textsOf(locale)[section], ...(approved ? [approved] : []));
    }
    return previewVersion(await this.lists.countWaiting(sql, campaign.id), texts);
  }

  /** Languages of a campaign whose words no person has looked at. */
  async drafts(sql: Sql, campaign: Campaign): Promise<string[]> {
    const incident = await this.incidents.find(sql, campaign.incidentId);
    if (!incident) return [];
    const drafts: string[] = [];
    for (const locale of await this.lists.localesOf(sql, campaign.id)) {
      const words = (await this.explanations.forReader(sql, [incident], locale, null)).get(incident.id);
      if (words?.reviewState === 'draft') drafts.push(locale);
    }
    return drafts;
  }

  /**
   * One message of each channel and language as its customer would read it, up to five, with the text in its place where it would speak for messages
   * about other incidents as well.
   */
  async samples(sql: Sql, campaign: Campaign): Promise<PreviewSample[]> {
    const page = await this.lists.ofCampaign(sql, campaign.id, NIL, 200);
    const waiting = page.filter((message) => message.state === 'pending');
    const incident = await this.incidents.find(sql, campaign.incidentId);
    const voided = incident ? await this.composer.voided(sql, incident, waiting) : new Set();
    const samples: PreviewSample[] = [];
    for (const message of onePerKind(waiting.filter(({ id }) => !voided.has(id))).slice(0, SAMPLES)) {
      const text = await this.composer.preview(sql, campaign, message);
      const { channel, locale, nextAt: notBefore } = message;
      samples.push({ channel, locale, notBefore, ...text, together: await this.together(sql, campaign, message) });
    }
    return samples;
  }

  private async together(sql: Sql, campaign: Campaign, message: Message): Promise<PreviewSample['together']> {
    const mine = this.policies.find(({ name }) => name === campaign.policy);
    if (message.batchId === null || !mine?.merge) return null;
    const alike = this.policies.filter((one) => one.merge && one.class === mine.class).map(({ name }) => name);
    const others = await this.companions.incidents(sql, message, alike);
    if (others.length === 0) return null;
    const text = await this.composer.preview(sql, campaign, message, others);
    return text ? { incidentIds: others.map(String), ...text } : null;
  }

  /** True if a campaign still is what the preview of this version showed. */
  async isStill(tx: Tx, campaign: Campaign, version: string): Promise<boolean> {
    return judgeVersion(version, await this.version(tx, campaign)).kind === 'same';
  }

  /**
   * Makes sure that a campaign is what the approving person looked at; the campaign must be locked.
   * @throws Problem 400 without a version that can be read, 409 when texts changed or it grew by more than a little
   */
  async assertSeen(tx: Tx, campaign: Campaign, seen: string | undefined): Promise<void> {
    const path = `GET /v1/campaigns/${campaign.id}/preview`;
    if (seen === undefined)
      throw new ApprovalRefused(400, 'invalid', `version: say what you looked at; ${path} gives it.`);
    const verdict = judgeVersion(seen, await this.version(tx, campaign));
    switch (verdict.kind) {
      case 'same':
        return;
      case 'unreadable':
        throw new ApprovalRefused(400, 'invalid', `version: is not one that ${path} gave.`);
      case 'changed':
        throw new ApprovalRefused(409, 'conflict', `The texts changed since you looked. See ${path} and approve that.`);
      case 'grown':
        throw new ApprovalRefused(
          409,
          'conflict',
          `You looked at ${verdict.seen} messages, now there are ${verdict.now}. See ${path} and approve that.`,
        );
      default:
        assertNever(verdict);
    }
  }
}

function onePerKind(messages: readonly Message[]): Message[] {
  return [...new Map(messages.map((message) => [`${message.channel} ${message.locale}`, message])).values()];
}
