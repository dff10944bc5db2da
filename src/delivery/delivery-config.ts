import { z } from 'zod';
import { type Channel, CHANNELS } from '../customers/customer.js';
import { LOOPBACK, secretText as secret, signingSecret, slug } from '../platform/config/schema.js';
import { GATEWAY_REASONS } from './gateway.js';
import { templateProblem } from './http/http-template.js';

const channel = z.enum(CHANNELS);
const perSecond = z.number().positive().max(10_000).optional();

/** A URL whose host is fixed, so that no message can choose where it goes; https, unless the host is this machine or the file says otherwise. */
const target = z
  .string()
  .max(2000)
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
    'must be a URL that starts with https://',
  )
  .refine((text) => !/^[a-z]+:\/\/[^/]*\{\{/i.test(text), 'must not have a placeholder before its path')
  .refine((text) => !/^https?:\/\/[^/?#]*@/i.test(text), 'must not hold a user or password; use headers');
const template = z
  .string()
  .max(20_000)
  .superRefine((text, context) => {
    const problem = templateProblem(text);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  });
const path = z.string().regex(/^[\w-]+(\.[\w-]+)*$/, 'must be names with dots between them, like data.messageId');
const outcome = z.union([
  z.strictObject({ retry: z.enum(GATEWAY_REASONS) }),
  z.strictObject({
    refused: z.enum(GATEWAY_REASONS),
    suppress: z.boolean().default(false),
    stop: z.boolean().default(false),
  }),
]);

const smtp = z.strictObject({
  kind: z.literal('smtp'),
  name: slug,
  url: secret,
  from: z.string().min(3).max(400),
  perSecond,
});
const twilio = z.strictObject({
  kind: z.literal('twilio'),
  name: slug,
  accountSid: z.string(),
  authToken: secret,
  messagingServiceSid: z.string().optional(),
  from: z.string().optional(),
  baseUrl: target.optional(),
  perSecond,
});
const http = z
  .strictObject({
    kind: z.literal('http'),
    name: slug,
    channel,
    url: target,
    method: z.enum(['POST', 'PUT', 'GET']).default('POST'),
    headers: z.record(z.string().regex(/^[\w-]+$/), secret.pipe(template)).default({}),
    /** Text of the body; `json` beside it says how values are written into it. */
    body: z.string().max(20_000).optional(),
    encoding: z.enum(['json', 'form', 'text']).default('json'),
    /** True: the provider knows a message by its id and takes it once, so that one in doubt may be sent again. */
    idempotent: z.boolean().default(false),
    /** True: plain http to another machine is allowed. */
    insecure: z.boolean().default(false),
    answer: z
      .strictObject({
        id: path.optional(),
        status: path.optional(),
        ok: z.array(z.union([z.string(), z.number(), z.boolean()])).optional(),
        codes: z.record(z.string(), outcome).default({}),
      })
      .prefault({})
      .refine(({ status, ok }) => (status === undefined) === (ok === undefined), 'status and ok are needed together'),
    perSecond,
  })
  .superRefine(({ url, body, encoding }, context) => {
    const problems = {
      url: templateProblem(url),
      body: body === undefined ? undefined : templateProblem(body, encoding === 'json'),
    };
    for (const [path, message] of Object.entries(problems))
      if (message) context.addIssue({ code: 'custom', path: [path], message });
  });
const webhook = z.strictObject({
  kind: z.literal('webhook'),
  name: slug,
  channel,
  url: target,
  /** The first signs; both are named in the signature while one is rotated. */
  secrets: z.array(signingSecret).min(1).max(2),
  insecure: z.boolean().default(false),
  perSecond,
});

/** The `delivery` section: further ways out, and in which order those of a channel are used. */
export const deliverySchema = z
  .strictObject({
    gateways: z
      .array(z.discriminatedUnion('kind', [smtp, twilio, http, webhook]))
      .max(20)
      .default([]),
    /** Names by channel, the first that works is used; `smtp` and `twilio` are those of the environment. Left out: those, then as listed. */
    order: z
      .strictObject({ sms: z.array(slug).min(1).optional(), email: z.array(slug).min(1).optional() } satisfies Record<
        Channel,
        z.ZodType
      >)
      .prefault({}),
    /** Calls a second of the gateways of the environment, in each process. */
    perSecond: z.strictObject({ smtp: perSecond, twilio: perSecond }).prefault({}),
  })
  .superRefine(({ gateways, order }, context) => {
    const names = ['smtp', 'twilio', ...gateways.map(({ name }) => name)];
    const problem = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    gateways.forEach((one, at) => {
      if (names.indexOf(one.name) !== at + 2 || one.name === 'outbox')
        problem(['gateways', at, 'name'], `"${one.name}" is taken`);
      if (
        'insecure' in one &&
        !one.insecure &&
        one.url.startsWith('http:') &&
        !LOOPBACK.test(new URL(one.url).hostname)
      )
        problem(['gateways', at, 'url'], 'must start with https://; insecure: true allows plain http');
    });
    for (const [name, list] of Object.entries(order))
      list.forEach((one, at) => {
        if (!names.includes(one)) problem(['order', name, at], `there is no gateway "${one}"`);
      });
  });

export type DeliveryConfig = z.output<typeof deliverySchema>;
export type GatewayConfig = DeliveryConfig['gateways'][number];
export type HttpGatewayConfig = z.output<typeof http>;
export type WebhookGatewayConfig = z.output<typeof webhook>;

/** Injection token of the `delivery` section. */
export const DELIVERY_CONFIG = Symbol('delivery-config');

/** The channel of a gateway. */
export function channelOf(gateway: GatewayConfig): Channel {
  switch (gateway.kind) {
    case 'smtp':
      return 'email';
    case 'twilio':
      return 'sms';
    default:
      return gateway.channel;
  }
}
