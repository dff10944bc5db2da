import { z } from 'zod';
import { type Spoken } from './spoken.js';

/** Request of a standard webhook of Dialogflow CX (WebhookRequest); what we do not read may be anything. */
export const dialogflowCall = z.looseObject({
  languageCode: z.string().max(35).optional(),
  text: z.string().max(5000).optional(),
  transcript: z.string().max(5000).optional(),
  fulfillmentInfo: z.looseObject({ tag: z.string().max(200).default('') }).optional(),
  sessionInfo: z.looseObject({ parameters: z.record(z.string(), z.unknown()).default({}) }).optional(),
});
type DialogflowCall = z.output<typeof dialogflowCall>;

/** Text of a session parameter; undefined for anything else. */
export function parameter({ sessionInfo }: DialogflowCall, name: string): string | undefined {
  const value = sessionInfo?.parameters[name];
  return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, 200) : undefined;
}

/** Fields as session parameters, and what the agent says. */
export function dialogflowAnswer({ text, fields }: Spoken) {
  return {
    fulfillmentResponse: {
      messages: text === null ? [] : [{ text: { text: [text] } }],
      mergeBehavior: 'APPEND' as const,
    },
    sessionInfo: { parameters: { ...fields } },
  };
}
