import { z } from 'zod';
import { INCIDENT_STATUSES, SEVERITIES } from '../../incidents/incident.js';
import { count, listAnswer, maybeMoment, moment } from '../../platform/http/answers.js';
import { TRUSTS } from '../../projects/project-key.js';
import { CONCERNS } from './answers.service.js';

const name = z.string().trim().min(1).max(200);

/** Who asks, in the query of a list or the body of a question. */
export const askingFields = {
  customer: name.optional().describe('The app’s own id of the customer.'),
  email: name.optional().describe('An e-mail address of the customer.'),
  phone: name.optional().describe('With the country code.'),
  project: z.string().max(100).optional().describe('Slug; all projects when left out.'),
  directory: z
    .string()
    .max(200)
    .optional()
    .describe('List of customers that the names are of; needed where there are several.'),
  locale: z
    .string()
    .regex(/^[a-zA-Z]{2,8}([-_][a-zA-Z0-9]{1,8}){0,6}$/, 'must be a language tag like en, zh-CN or pt-BR')
    .optional()
    .describe('Language of the words; that of the customer when left out.'),
};

const evidenceAnswer = z
  .object({
    events: count,
    firstAt: moment,
    lastAt: moment,
    lastEventId: z.string(),
    issues: z.array(z.string()),
    trust: z.enum(TRUSTS).describe('How it is known that it was this customer.'),
  })
  .nullable();

const itemFields = {
  answerId: z.string().describe('Names this answer in `POST /v1/bot/outcomes`, for a week.'),
  incidentId: z.string(),
  project: z.string(),
  area: z.string().nullable(),
  areaName: z.string().nullable().describe('The area as customers of this language call it.'),
  severity: z.enum(SEVERITIES),
  status: z.enum(INCIDENT_STATUSES),
  since: moment,
  state: z.enum(['active', 'fixed']),
  fixedAt: maybeMoment,
  concern: z
    .enum(CONCERNS)
    .describe('`hit`: their own events say so. `atRisk`: they share what those it hit have in common.'),
  hit: z.boolean().describe("True when the asking customer's own events belong to the incident."),
  evidence: evidenceAnswer,
  told: z.array(z.object({ channel: z.string(), kind: z.string(), at: moment })),
  locale: z.string(),
  reviewState: z.enum(['draft', 'approved']).describe('`draft`: no person has looked at these words.'),
  version: count.describe('Version of the explanation; 0 where the template stands in.'),
  title: z.string(),
  body: z.string(),
  workaround: z.string().nullable(),
  nextUpdate: z.string().nullable(),
  nextUpdateAt: maybeMoment,
  updates: z
    .array(z.object({ at: moment, text: z.string(), locale: z.string() }))
    .describe('Newest first, five at most.'),
};

const itemAnswer = z.object(itemFields).meta({ id: 'BotExplanation' });

/** Answer to `GET /v1/bot/explanations`. */
export const explanationsAnswer = listAnswer(itemAnswer).extend({
  customer: z
    .enum(['known', 'unknown'])
    .describe('`unknown` when nobody, or more than one, has the names that were given.'),
});

const matchedAnswer = z
  .object({
    ...itemFields,
    score: z.number().describe('How well it fits, 0 to 1.'),
    why: z.object({
      hit: z.boolean(),
      words: z.number().describe('Likeness of the words, 0 to 1.'),
      meaning: z.number().nullable().describe('Likeness of the meaning, 0 to 1; null without embeddings.'),
    }),
  })
  .meta({ id: 'BotMatch' });

/** Answer to `POST /v1/bot/match`. */
export const matchAnswer = z.object({
  customer: explanationsAnswer.shape.customer,
  match: z.enum(['confident', 'possible', 'none']),
  handover: z
    .enum(['required', 'offered'])
    .nullable()
    .describe('`required`: they ask for a person; call `POST /v1/hand-overs`. `offered`: nothing fits, so offer one.'),
  line: z.string().nullable().describe('Line to show to the customer, in their language, where `handover` is set.'),
  items: z.array(matchedAnswer),
});
