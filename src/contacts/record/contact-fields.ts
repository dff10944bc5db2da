import { z } from 'zod';
import { readPhone } from '../../customers/algorithm/cells.js';
import { moment } from '../../platform/http/answers.js';
import { MATCHED_BY } from '../contact.js';

const name = z.string().trim().min(1).max(200);

/** Longest text of a contact, characters; a long mail is cut by its channel. */
const LONGEST = 10_000;

/** A customer's own words. */
export const words = z.string().trim().min(1).max(LONGEST);

/** Name of a channel. */
export const channelName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,39}$/, 'must be a short name in small letters, like chat, phone, email, sms or feedback');

/** Language tag. */
export const localeTag = z
  .string()
  .regex(/^[a-zA-Z]{2,8}([-_][a-zA-Z0-9]{1,8}){0,6}$/, 'must be a language tag like en, zh-CN or pt-BR');

/** Fields that say who makes contact. */
export const senderFields = {
  customer: name.optional().describe('The app’s own id of the customer.'),
  email: name.optional().describe('An e-mail address of the customer.'),
  phone: z
    .string()
    .max(100)
    .transform((text, context) => {
      const read = readPhone(text);
      if ('value' in read) return read.value;
      context.addIssue({ code: 'custom', message: read.problem });
      return z.NEVER;
    })
    .optional()
    .describe('With the country code.'),
  project: z.string().max(100).optional().describe('Slug.'),
  directory: z.string().max(200).optional().describe('List of customers that the names are of.'),
};

/** Parameter that says which list of customers is meant. */
export const directoryField = z.string().max(200).optional();

/** A row id in a body or query. */
export const idText = z
  .string()
  .regex(/^[1-9]\d{0,14}$/, 'must be an id')
  .transform(Number);

/** A contact as answers show it beside others. */
export const shortContactAnswer = z.object({
  id: z.string(),
  channel: z.string(),
  externalId: z.string(),
  incidentId: z.string().nullable(),
  text: z.string(),
  at: moment,
});

/** A contact as answers show it. */
export const contactAnswer = shortContactAnswer
  .extend({
    customer: z.string().nullable().describe('Id of the customer; null where nobody, or a stranger, has the names.'),
    project: z.string().nullable(),
    matchedBy: z.enum(MATCHED_BY).nullable(),
    score: z.number().nullable().describe('Likeness of the words to those about the incident, 0 to 1.'),
    locale: z.string().nullable(),
    reportedBy: z.string(),
  })
  .meta({ id: 'Contact' });
