import { z } from 'zod';
import { LOOPBACK, secretText, signingSecret } from '../platform/config/schema.js';

const url = z
  .string()
  .max(2000)
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
    'must be a URL that starts with https://',
  );

/** A URL to which a customer's data may go with a token: plain `http://` only on this machine. */
const deskUrl = url.refine(
  (text) => !URL.canParse(text) || new URL(text).protocol === 'https:' || LOOPBACK.test(new URL(text).hostname),
  'must start with https://, since the token and customers’ data travel with it',
);
const id = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

/** Desks that a hand-over can be told to, each a folder in `desks/`. */
export const DESKS = ['webhook', 'chatwoot', 'zendesk'] as const;
export type DeskKind = (typeof DESKS)[number];

/**
 * The `handOvers` section: the desk where people take hand-overs. Without one they wait in `GET /v1/hand-overs` alone. `perHour` bounds how many
 * one customer can cause; three by judgement, not measured: half leaves one who calls back unheard, double lets one customer hold a small team.
 */
export const handOversSchema = z
  .strictObject({
    webhook: z.strictObject({ url, secret: signingSecret }).optional(),
    /** `account` and `inbox` are Chatwoot's ids; the inbox is of the kind "API" and takes customers who are not in a conversation. */
    chatwoot: z.strictObject({ url: deskUrl, account: id, inbox: id, token: secretText }).optional(),
    /** `user` is the mail address of the agent whose API token it is. */
    zendesk: z.strictObject({ url: deskUrl, user: z.email(), token: secretText }).optional(),
    perHour: z.number().int().min(1).max(1000).default(3),
  } satisfies Readonly<Record<DeskKind | 'perHour', z.ZodType>>)
  .refine((one) => DESKS.filter((kind) => one[kind]).length <= 1, {
    message: `must name one desk alone: ${DESKS.join(', ')}`,
  });
export type HandOversConfig = z.output<typeof handOversSchema>;

/** True where hand-overs are told to a desk, and do not only wait in the API. */
export function hasDesk(config: HandOversConfig): boolean {
  return DESKS.some((kind) => config[kind] !== undefined);
}

/** Injection token of the `handOvers` section. */
export const HAND_OVERS_CONFIG = Symbol('hand-overs-config');
