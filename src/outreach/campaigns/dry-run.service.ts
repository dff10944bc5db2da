import { Inject, Injectable } from '@nestjs/common';
import { type Channel } from '../../customers/customer.js';
import { CustomerDirectory } from '../../customers/public.js';
import { Explanations } from '../../explanations/public.js';
import { Incidents } from '../../incidents/public.js';
import { type Sql } from '../../platform/db/database.js';
import { costByCountry, countryOf, type DryRunLine, priceOf } from '../algorithm/dry-run.js';
import { measureSms } from '../algorithm/sms-length.js';
import { type Campaign, type Message } from '../campaign.js';
import { Composer } from '../messages/composer.service.js';
import { MessageReadModel } from '../messages/message.read-model.js';
import { OUTREACH_CONFIG, type OutreachConfig } from '../outreach-config.js';
import { messageWords } from '../reasons.js';

/** Recipients that are read at a time, and at most for the sums; the CSV holds all. */
const PAGE = 500;
const MOST_SUMMED = 10_000;
const NIL = '00000000-0000-0000-0000-000000000000';

/** Text of one channel and language, with its review state and its length. */
interface TextSize {
  readonly channel: Channel;
  readonly locale: string;
  readonly customers: number;
  readonly reviewState: string;
  readonly encoding: 'GSM-7' | 'UCS-2' | null;
  readonly segments: number;
  /** The provider's name of the approved text that it goes out as; null where the text is ours. */
  readonly approvedText: string | null;
}

/** Lists what a campaign would send now: to whom, when, for how much, and who is left out and why. Reads what is planned, and sends nothing. */
@Injectable()
export class DryRuns {
  constructor(
    @Inject(OUTREACH_CONFIG) private readonly config: OutreachConfig,
    private readonly lists: MessageReadModel,
    private readonly composer: Composer,
    private readonly directory: CustomerDirectory,
    private readonly explanations: Explanations,
    private readonly incidents: Incidents,
  ) {}

  /** The sums of a campaign, of its first 10,000 recipients. */
  async summary(sql: Sql, campaign: Campaign) {
    const texts = new Map<string, TextSize>();
    const { lines, isWhole } = await this.lines(sql, campaign, texts, MOST_SUMMED);
    const going = lines.filter(({ state }) => state === 'pending');
    const times = going.map(({ notBefore }) => notBefore.getTime());
    const dropped = new Map<string, number>();
    for (const { state, reason } of lines)
      if (state === 'suppressed' || reason === 'not_hit')
        dropped.set(reason ?? '', (dropped.get(reason ?? '') ?? 0) + 1);
    return {
      complete: isWhole,
      recipients: going.length,
      accounts: new Set(going.flatMap(({ account }) => account ?? [])).size,
      texts: [...texts.values()],
      dropped: [...dropped].map(([reason, customers]) => ({
        reason,
        words: messageWords(reason as Parameters<typeof messageWords>[0]),
        customers,
      })),
      sendTimes:
        times.length === 0 ? null : { first: new Date(Math.min(...times)), last: new Date(Math.max(...times)) },
      currency: this.config.prices?.currency ?? null,
      sms: costByCountry(lines),
    };
  }

  /** Every recipient. */
  async all(sql: Sql, campaign: Campaign): Promise<DryRunLine[]> {
    return (await this.lines(sql, campaign, new Map(), Number.MAX_SAFE_INTEGER)).lines;
  }

  private async lines(sql: Sql, campaign: Campaign, texts: Map<string, TextSize>, most: number) {
    const lines: DryRunLine[] = [];
    const incident = await this.incidents.find(sql, campaign.incidentId);
    for (let after = NIL; lines.length < most;) {
      const page = await this.lists.ofCampaign(sql, campaign.id, after, PAGE);
      const ids = page.flatMap(({ customerId }) => customerId ?? []);
      const names = await this.directory.externalIds(sql, ids);
      const people = new Map((await this.directory.recipients(sql, ids)).map((one) => [one.customerId, one]));
      const waiting = page.filter(({ state }) => state === 'pending');
      const voided = incident ? await this.composer.voided(sql, incident, waiting) : new Set();
      for (const message of page) {
        const isVoid = voided.has(message.id);
        const goes = message.state === 'pending' && !isVoid;
        const size = goes ? await this.size(sql, campaign, message, texts) : undefined;
        const country =
          message.channel === 'sms' ? countryOf(people.get(message.customerId ?? 0)?.addresses.sms) : null;
        const segments = size?.segments ?? 0;
        lines.push({
          customer: names.get(message.customerId ?? 0) ?? `#${message.customerId ?? 'erased'}`,
          channel: message.channel,
          country,
          locale: message.locale,
          account: message.account,
          state: isVoid ? 'cancelled' : message.state,
          reason: isVoid ? 'not_hit' : message.stateReason,
          notBefore: message.nextAt,
          segments,
          cost: goes && message.channel === 'sms' ? priceOf(this.config.prices, country, segments) : null,
        });
      }
      if (page.length < PAGE) return { lines, isWhole: true };
      after = page.at(-1)?.id ?? after;
    }
    return { lines, isWhole: false };
  }

  /** The length of a channel's text in a language: that of its first message, since they differ by a name and a time alone. */
  private async size(sql: Sql, campaign: Campaign, message: Message, texts: Map<string, TextSize>) {
    const { channel, locale } = message;
    const key = `${channel} ${locale}`;
    const known = texts.get(key);
    if (known) texts.set(key, { ...known, customers: known.customers + 1 });
    if (known || channel === null) return known;
    const words = await this.composer.preview(sql, campaign, message);
    const incident = await this.incidents.find(sql, campaign.incidentId);
    const written = incident && (await this.explanations.forReader(sql, [incident], locale, null)).get(incident.id);
    const length = channel === 'sms' && words ? measureSms(words.body) : undefined;
    const made = {
      channel,
      locale,
      customers: 1,
      reviewState: written?.reviewState ?? 'draft',
      encoding: length?.encoding ?? null,
      segments: length?.segments ?? 0,
      approvedText: words?.approvedText ?? null,
    };
    texts.set(key, made);
    return made;
  }
}
