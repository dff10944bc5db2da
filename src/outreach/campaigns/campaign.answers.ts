import { z } from 'zod';
import { CHANNELS } from '../../customers/customer.js';
import { type Answer, count, maybeMoment, moment, pageAnswer } from '../../platform/http/answers.js';
import { CAMPAIGN_KINDS } from '../campaign.js';
import { CAMPAIGN_STATES, MESSAGE_STATES, PAUSED_BY } from '../states.js';

const kind = z.enum(CAMPAIGN_KINDS);
const audience = z.enum(['affected', 'atRisk']);
const channel = z.enum(CHANNELS).nullable();

/** A campaign as the API shows it. */
export const campaignAnswer = z
  .object({
    id: z.string(),
    incidentId: z.string(),
    policy: z.string(),
    kind,
    audience: audience.describe('Whom it goes to; a "fixed" goes to all who were told and says affected.'),
    wave: count.describe('1 is everybody known at first; later waves are those who came since.'),
    state: z.enum(CAMPAIGN_STATES),
    stateReason: z.string().describe('A code.'),
    stateWords: z.string(),
    pausedBy: z.enum(PAUSED_BY).nullable(),
    claimed: z
      .boolean()
      .describe(
        'True: only claims say that its customers were hit or are at risk, and the policy does not count those by itself.',
      ),
    planning: z
      .boolean()
      .describe('True while some of its customers have no message yet: a large audience is planned step by step.'),
    approveAfter: maybeMoment,
    approvedAt: maybeMoment,
    approvedBy: z.string().nullable(),
    sendAfter: maybeMoment.describe('Until then the approval can be taken back and nothing goes out.'),
    createdAt: moment,
  })
  .meta({ id: 'Campaign' });
export const campaignPage = pageAnswer(campaignAnswer);

/** A campaign with its messages counted. */
export const wholeCampaignAnswer = campaignAnswer.extend({
  trust: z.object({
    claimed: count,
    signed: count,
    server: count,
    sources: count.describe('Distinct senders that first claimed a hit of those who are only claimed.'),
  }),
  messages: z.array(z.object({ channel, state: z.enum(MESSAGE_STATES), reason: z.string().nullable(), count })),
});

const wordsAnswer = z.object({
  subject: z.string().nullish(),
  body: z.string().optional(),
  html: z
    .string()
    .nullish()
    .describe('What a mail has beside its text; null on channels without. Its links lead nowhere.'),
  approvedText: z
    .string()
    .nullish()
    .describe('The provider’s name of the approved text that it goes out as; null where the text is ours.'),
});
const sampleAnswer = wordsAnswer.extend({
  channel,
  locale: z.string(),
  notBefore: moment,
  together: wordsAnswer
    .extend({ incidentIds: z.array(z.string()) })
    .nullable()
    .describe(
      'The text in its place where it goes out together with what waits for the same customer about these incidents.',
    ),
});
export type PreviewSample = Answer<typeof sampleAnswer>;

/** A campaign as it would go out now. */
export const previewAnswer = wholeCampaignAnswer.extend({
  version: z.string().describe('Names what this preview shows; give it back with the approval.'),
  limits: z
    .record(z.string(), z.object({ perHour: count, perDay: count, takenInHour: count, takenInDay: count }))
    .describe('The ceilings of each channel and what was taken of them.'),
  drafts: z.array(z.string()).describe('Languages whose words no person has looked at.'),
  samples: z.array(sampleAnswer),
  dryRun: z
    .object({
      complete: z.boolean().describe('False: the sums are of the first 10,000 recipients; preview.csv lists all.'),
      recipients: count,
      accounts: count.describe('Accounts of which only the contact gets it, in place of their customers.'),
      texts: z.array(
        z.object({
          channel: z.enum(CHANNELS),
          locale: z.string(),
          customers: count,
          reviewState: z.string(),
          encoding: z.enum(['GSM-7', 'UCS-2']).nullable(),
          segments: count.describe('Parts that the provider bills for each; 0 for mail.'),
          approvedText: z.string().nullable().describe('The provider’s name of the text; null where it is ours.'),
        }),
      ),
      dropped: z.array(z.object({ reason: z.string(), words: z.string().nullable(), customers: count })),
      sendTimes: z.object({ first: moment, last: moment }).nullable(),
      currency: z.string().nullable(),
      sms: z.array(
        z.object({
          country: z.string().nullable(),
          messages: count,
          segments: count,
          cost: z.number().nullable().describe('Estimated; null where outreach.prices has no price.'),
        }),
      ),
    })
    .describe('Whom it would go to now, when and for how much, and who is left out.'),
});

/** A message as the API shows it. */
export const messageAnswer = z
  .object({
    id: z.string(),
    customer: z.object({ id: z.string(), externalId: z.string().nullable() }).nullable(),
    kind,
    audience: audience.describe('Why: they were hit, or they may be.'),
    round: count.describe('Counts the messages of this kind to the customer about the incident.'),
    mergedInto: z
      .string()
      .nullable()
      .describe('The message that was sent for this one, since it is about several incidents.'),
    turn: count.describe('2 on the next channel of the policy, where the first did not arrive.'),
    channel,
    locale: z.string(),
    state: z.enum(MESSAGE_STATES),
    stateReason: z.string().nullable().describe('A code.'),
    stateWords: z.string().nullable(),
    why: z.string().describe("Why this customer gets it, in the customer's language."),
    account: z
      .string()
      .nullable()
      .describe(
        'Account for which its contact is told: of the message to the contact, and of customers who are told by it.',
      ),
    address: z.string().nullable(),
    subject: z.string().nullable(),
    body: z.string().nullable(),
    gateway: z.string().nullable(),
    providerId: z.string().nullable(),
    providerCode: z.string().nullable(),
    attempts: count,
    nextAt: moment,
    sentAt: maybeMoment,
  })
  .meta({ id: 'Message' });
export const messagePage = pageAnswer(messageAnswer);

/** A message whose doubt a person ended. */
export const settledAnswer = z.object({
  id: z.string(),
  state: z.enum(MESSAGE_STATES),
  stateReason: z.string(),
  stateWords: z.string().nullable(),
});

/** A customer who was taken out of a campaign. */
export const takenOutAnswer = z.object({
  campaignId: z.string(),
  messageId: z.string(),
  state: z.enum(MESSAGE_STATES),
  stateReason: z.string(),
});
