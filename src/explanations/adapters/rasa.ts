import { z } from 'zod';
import { type Spoken } from './spoken.js';

/** Call of an action server (rasa-sdk, endpoint.py); what we do not read may be anything. */
export const rasaCall = z.looseObject({
  next_action: z.string().min(1).max(200),
  sender_id: z.string().max(200).optional(),
  tracker: z.looseObject({
    sender_id: z.string().max(200).optional(),
    slots: z.record(z.string(), z.unknown()).default({}),
    latest_message: z.looseObject({ text: z.string().max(5000).nullish() }).nullish(),
  }),
});
type RasaCall = z.output<typeof rasaCall>;

/** Actions that we run: answer in the words of an explanation, and report what became of it. */
export const RASA_ACTIONS = ['action_active_incident', 'action_report_outcome'] as const;

/** Text of a slot; undefined for anything else. */
export function slot({ tracker }: RasaCall, name: string): string | undefined {
  const value = tracker.slots[name];
  return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, 200) : undefined;
}

/** Fields as slots, and what the bot says. */
export function rasaAnswer({ text, fields }: Spoken) {
  return {
    events: Object.entries(fields).map(([name, value]) => ({ event: 'slot' as const, timestamp: null, name, value })),
    responses: text === null ? [] : [{ text }],
  };
}
