import { createHash } from 'node:crypto';
import { z } from 'zod';
import { SEVERITIES } from '../incidents/incident.js';
import { LOOPBACK, secretProblem, secretText, signingSecret } from '../platform/config/schema.js';

/** Places that the team reads, by the form that they take. */
export const TEAM_KINDS = ['slack', 'feishu', 'dingtalk', 'wecom', 'webhook', 'mail'] as const;
export type TeamKind = (typeof TEAM_KINDS)[number];

/** News that the team may hear. */
export const TEAM_EVENTS = ['opened', 'approvalWaiting', 'deliveryFailing', 'resolved'] as const;
export type TeamEvent = (typeof TEAM_EVENTS)[number];

const MOST_RECIPIENTS = 10;

const place = z
  .strictObject({
    kind: z.enum(TEAM_KINDS),
    /** URL that is posted to; of `mail` the addresses, as `mailto:oncall@shop.example,lead@shop.example`. */
    url: secretText,
    on: z
      .array(z.enum(TEAM_EVENTS))
      .min(1)
      .default([...TEAM_EVENTS]),
    /** Lowest severity of incidents that are told. */
    severity: z.enum(SEVERITIES).default('minor'),
    /** Signs: needed for `webhook`; `dingtalk` and `feishu` have one where the robot asks for signatures. */
    secret: secretText.optional(),
    /** `mail` alone: each Monday what hurt customers most in the week before; yes unless it says no. */
    weekly: z.boolean().optional(),
    /** True: plain http to another machine is allowed. */
    insecure: z.boolean().default(false),
  })
  .superRefine(({ kind, url, secret, insecure, weekly }, context) => {
    if (weekly !== undefined && kind !== 'mail')
      context.addIssue({ code: 'custom', message: `does nothing with ${kind}`, path: ['weekly'] });
    const urlProblem = kind === 'mail' ? mailProblemOf(url) : problemOf(url, insecure);
    if (urlProblem) secretProblem(context, urlProblem, ['url']);
    if (kind === 'webhook' && !signingSecret.safeParse(secret).success)
      secretProblem(context, 'must be whsec_ and at least 24 bytes in base64', ['secret']);
    if (secret !== undefined && ['slack', 'wecom', 'mail'].includes(kind))
      secretProblem(context, `does nothing with ${kind}`, ['secret']);
  });

function problemOf(text: string, insecure: boolean): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) return 'must be a URL that starts with https://';
  if (url.username !== '' || url.password !== '') return 'must not hold a user or password';
  if (url.protocol === 'http:' && !insecure && !LOOPBACK.test(url.hostname))
    return 'must start with https://; insecure: true allows plain http';
  return undefined;
}

function mailProblemOf(url: string): string | undefined {
  const addresses = recipientsOf(url);
  if (addresses.length === 0 || addresses.length > MOST_RECIPIENTS)
    return `must be mailto: and one to ${MOST_RECIPIENTS} addresses with commas between`;
  return addresses.every((one) => z.email().safeParse(one).success) ? undefined : 'holds something that is no address';
}

/** Addresses of a `mailto:` URL; none of anything else. */
export function recipientsOf(url: string): string[] {
  if (!url.startsWith('mailto:')) return [];
  const addresses = url.slice('mailto:'.length).split(',');
  return addresses.map((one) => one.trim()).filter((one) => one !== '');
}

/** The `team` section: who hears of incidents, and of what waits for a person. */
export const teamSchema = z
  .array(place)
  .max(10)
  .superRefine((list, context) => {
    list.forEach(({ url }, at) => {
      if (list.findIndex((one) => one.url === url) < at)
        secretProblem(context, 'is the same as above; put what it shall hear into one entry', [at, 'url']);
    });
  })
  .default([]);

export type TeamConfig = z.output<typeof teamSchema>;
export type TeamPlace = TeamConfig[number];

/** A place's name in rows: it is another place when its URL is another, and the URL stays secret. */
export function placeName({ kind, url }: Pick<TeamPlace, 'kind' | 'url'>): string {
  return `${kind}:${createHash('sha256').update(url).digest('hex').slice(0, 16)}`;
}

/** Injection token of the `team` section. */
export const TEAM_CONFIG = Symbol('team-config');
