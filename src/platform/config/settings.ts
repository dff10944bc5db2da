import { createPrivateKey } from 'node:crypto';
import { resolve } from 'node:path';
import { z } from 'zod';
import { StartError } from '../errors.js';
import { nearest } from './yaml-problems.js';

/** Roles of a process; a small installation has all of them in one process. */
export const ROLES = ['intake', 'digest', 'stages', 'api'] as const;
export type ProcessRole = (typeof ROLES)[number];

const url = (protocols: readonly string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    message: `must be a URL that starts with ${protocols.map((p) => `${p}//`).join(' or ')}`,
  });

const natsUrls = z
  .string()
  .refine((text) => text.split(',').every((one) => url(['nats:', 'tls:']).safeParse(one.trim()).success), {
    message: 'must be one or several URLs, separated by commas, that start with nats:// or tls://',
  });

const roles = z
  .string()
  .transform((text) => text.split(',').map((part) => part.trim()))
  .pipe(z.array(z.enum(ROLES)).min(1));

/** Different characters that a secret needs: a random one of 16 hex digits has fewer about once in 1,200 times, a repeated letter or syllable always. */
const DISTINCT = 7;
const secret = z
  .string()
  .min(16, 'must have at least 16 characters')
  .refine((text) => new Set(text).size >= DISTINCT, `must have at least ${DISTINCT} different characters`);

const environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65535).default(8080),
  METRICS_PORT: z.coerce.number().int().min(0).max(65535).optional(),
  HOST: z.string().default('0.0.0.0'),
  PUBLIC_URL: url(['http:', 'https:']).optional(),
  DATABASE_URL: url(['postgres:', 'postgresql:']).optional(),
  NATS_URL: natsUrls.optional(),
  SMTP_URL: url(['smtp:', 'smtps:']).optional(),
  MAIL_FROM: z.string().optional(),
  MAIL_BOUNCES_TO: z
    .string()
    .regex(
      /^[a-z0-9._-]{1,11}@[^\s@<>,;"]{1,253}$/i,
      'must be one address with at most 11 characters before the @, like bounces@mail.shop.example',
    )
    .optional(),
  MAIL_BOUNCES_PORT: z.coerce.number().int().min(0).max(65535).optional(),
  MAIL_DKIM_KEY: z.string().refine(isPrivateKey, 'must be a private key in PEM, RSA or Ed25519').optional(),
  MAIL_DKIM_SELECTOR: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i, 'must be a DNS name, like forewarn2026')
    .optional(),
  MAIL_DKIM_DOMAIN: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i, 'must be a DNS name, like shop.example')
    .optional(),
  TWILIO_ACCOUNT_SID: z
    .string()
    .regex(/^AC[0-9a-f]{32}$/i, 'must be AC and 32 hex digits')
    .optional(),
  TWILIO_AUTH_TOKEN: z.string().optional(),
  TWILIO_AUTH_TOKEN_SECOND: z.string().optional(),
  TWILIO_MESSAGING_SERVICE_SID: z
    .string()
    .regex(/^MG[0-9a-f]{32}$/i, 'must be MG and 32 hex digits')
    .optional(),
  TWILIO_FROM: z.string().optional(),
  TWILIO_BASE_URL: url(['http:', 'https:']).optional(),
  EMBEDDINGS_KEY: z.string().min(1).optional(),
  DRAFTING_KEY: z.string().min(1).optional(),
  CHATWOOT_URL: url(['http:', 'https:']).optional(),
  CHATWOOT_BOT_TOKEN: z.string().min(1).optional(),
  ALERTMANAGER_URL: url(['http:', 'https:']).optional(),
  FOREWARN_ROLES: roles.default([...ROLES]),
  FOREWARN_DATA_DIR: z.string().default('.forewarn'),
  FOREWARN_CONFIG: z.string().optional(),
  TRUST_PROXY: z.coerce.number().int().min(0).max(10).default(0),
  FOREWARN_ADMIN_TOKEN: secret.optional(),
  FOREWARN_SENDING: z.enum(['live', 'held']).default('live'),
  LOG_FORMAT: z.enum(['json', 'pretty']).default('json'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});

/** The process's settings from the environment. Holds secrets: never print it. */
export class Settings {
  readonly port: number;
  /** Port of its own for `/metrics`; undefined when it answers on the same port as the rest. */
  readonly metricsPort: number | undefined;
  /** Address to listen on; `127.0.0.1` for this machine alone, `::` for IPv6 too. */
  readonly host: string;
  /** Where customers, apps and providers reach us; without a trailing slash. Undefined until the port is known, when not set. */
  readonly publicUrl: string | undefined;
  readonly databaseUrl: string | undefined;
  /** One or several addresses, separated by commas; undefined means that this process digests what it takes in. */
  readonly natsUrl: string | undefined;
  readonly smtp: SmtpSettings | undefined;
  readonly twilio: TwilioSettings | undefined;
  readonly alertmanagerUrl: string | undefined;
  /** Key of the endpoint that `explanations.matching` names. */
  readonly embeddingsKey: string | undefined;
  /** Key of the endpoint that `explanations.drafting` names. */
  readonly draftingKey: string | undefined;
  /** Chatwoot that an agent bot of ours answers in. */
  readonly chatwoot: { readonly url: string; readonly token: string } | undefined;
  readonly roles: ReadonlySet<ProcessRole>;
  /** Absolute folder of the embedded database and of nothing else. */
  readonly dataDir: string;
  /** Absolute path of the YAML file; undefined means the one that comes with Forewarn. */
  readonly configPath: string | undefined;
  readonly adminToken: string | undefined;
  /** `held`: the start holds all sending of the installation, until somebody lets it go on. */
  readonly sending: 'live' | 'held';
  /** Proxies of ours that a request passes, whose part of `X-Forwarded-For` is believed. */
  readonly trustProxy: number;
  readonly logLevel: string;
  /** `pretty`: one short line for people; `json`: one object for programs. */
  readonly logFormat: 'json' | 'pretty';

  constructor(env: z.output<typeof environment>) {
    this.port = env.PORT;
    this.host = env.HOST;
    this.metricsPort = env.METRICS_PORT;
    this.publicUrl = env.PUBLIC_URL?.replace(/\/+$/, '');
    this.databaseUrl = env.DATABASE_URL;
    this.natsUrl = env.NATS_URL;
    this.smtp = smtpOf(env);
    this.twilio = twilioOf(env);
    this.alertmanagerUrl = env.ALERTMANAGER_URL?.replace(/\/+$/, '');
    this.embeddingsKey = env.EMBEDDINGS_KEY;
    this.draftingKey = env.DRAFTING_KEY;
    this.chatwoot =
      env.CHATWOOT_URL && env.CHATWOOT_BOT_TOKEN
        ? { url: env.CHATWOOT_URL.replace(/\/+$/, ''), token: env.CHATWOOT_BOT_TOKEN }
        : undefined;
    this.roles = new Set(env.FOREWARN_ROLES);
    this.dataDir = resolve(env.FOREWARN_DATA_DIR);
    this.configPath = env.FOREWARN_CONFIG ? resolve(env.FOREWARN_CONFIG) : undefined;
    this.trustProxy = env.TRUST_PROXY;
    this.adminToken = env.FOREWARN_ADMIN_TOKEN;
    this.sending = env.FOREWARN_SENDING;
    this.logLevel = env.LOG_LEVEL;
    this.logFormat = env.LOG_FORMAT;
  }
}

/** How mail goes out. */
export interface SmtpSettings {
  readonly url: string;
  readonly from: string;
  /** Address to which bounces go, each message with a mark of its own; without it they go to the sender. */
  readonly bouncesTo?: string;
  /** Port of our own mail server for what comes to that address; none where it is left out. */
  readonly bouncesPort?: number;
  /** Signs every mail; `domainName` is left out where it is that of the sender. */
  readonly dkim?: { readonly privateKey: string; readonly keySelector: string; readonly domainName?: string };
}

function smtpOf(env: z.output<typeof environment>): SmtpSettings | undefined {
  if (!env.SMTP_URL || !env.MAIL_FROM) return undefined;
  const { MAIL_DKIM_KEY: key, MAIL_DKIM_SELECTOR: keySelector, MAIL_DKIM_DOMAIN: domainName } = env;
  return {
    url: env.SMTP_URL,
    from: env.MAIL_FROM,
    bouncesTo: env.MAIL_BOUNCES_TO?.toLowerCase(),
    bouncesPort: env.MAIL_BOUNCES_PORT,
    ...(key && keySelector && { dkim: { privateKey: pemOf(key), keySelector, domainName } }),
  };
}

/** A PEM text as it is kept in one line of an environment file. */
function pemOf(text: string): string {
  return text.replaceAll('\\n', '\n');
}

function isPrivateKey(text: string): boolean {
  try {
    return ['rsa', 'ed25519'].includes(createPrivateKey(pemOf(text)).asymmetricKeyType ?? '');
  } catch {
    return false;
  }
}

/** How to reach Twilio. */
export interface TwilioSettings {
  readonly accountSid: string;
  readonly authToken: string;
  /** A token that Twilio signs with as well while tokens are rotated. */
  readonly secondAuthToken?: string;
  readonly messagingServiceSid?: string;
  readonly from?: string;
  readonly baseUrl?: string;
}

function twilioOf(env: z.output<typeof environment>): TwilioSettings | undefined {
  if (!env.TWILIO_ACCOUNT_SID || !env.TWILIO_AUTH_TOKEN) return undefined;
  return {
    accountSid: env.TWILIO_ACCOUNT_SID,
    authToken: env.TWILIO_AUTH_TOKEN,
    secondAuthToken: env.TWILIO_AUTH_TOKEN_SECOND,
    messagingServiceSid: env.TWILIO_MESSAGING_SERVICE_SID,
    from: env.TWILIO_FROM,
    baseUrl: env.TWILIO_BASE_URL?.replace(/\/+$/, ''),
  };
}

/** Settings that only make sense together; each missing one is named. */
function togetherProblems(env: Record<string, string | undefined>): string[] {
  const problems: string[] = [];
  if (env.SMTP_URL && !env.MAIL_FROM)
    problems.push('MAIL_FROM: is needed with SMTP_URL, for example "Shop <care@shop.example>"');
  for (const name of ['MAIL_BOUNCES_TO', 'MAIL_DKIM_KEY'])
    if (env[name] && !env.SMTP_URL) problems.push(`${name}: does nothing without SMTP_URL`);
  if (env.MAIL_BOUNCES_PORT && !env.MAIL_BOUNCES_TO)
    problems.push('MAIL_BOUNCES_PORT: does nothing without MAIL_BOUNCES_TO');
  if (!env.MAIL_DKIM_KEY !== !env.MAIL_DKIM_SELECTOR)
    problems.push('MAIL_DKIM_KEY and MAIL_DKIM_SELECTOR: set both or neither');
  if (env.MAIL_DKIM_DOMAIN && !env.MAIL_DKIM_KEY) problems.push('MAIL_DKIM_DOMAIN: does nothing without MAIL_DKIM_KEY');
  if (env.TWILIO_AUTH_TOKEN_SECOND && !env.TWILIO_AUTH_TOKEN)
    problems.push('TWILIO_AUTH_TOKEN_SECOND: does nothing without TWILIO_AUTH_TOKEN');
  const sid = env.TWILIO_ACCOUNT_SID;
  const token = env.TWILIO_AUTH_TOKEN;
  if (sid && !token) problems.push('TWILIO_AUTH_TOKEN: is needed with TWILIO_ACCOUNT_SID');
  if (token && !sid) problems.push('TWILIO_ACCOUNT_SID: is needed with TWILIO_AUTH_TOKEN');
  if ((env.CHATWOOT_URL === undefined) !== (env.CHATWOOT_BOT_TOKEN === undefined))
    problems.push('CHATWOOT_URL, CHATWOOT_BOT_TOKEN: are needed together');
  if (sid && token && !env.TWILIO_MESSAGING_SERVICE_SID === !env.TWILIO_FROM) {
    problems.push('TWILIO_MESSAGING_SERVICE_SID or TWILIO_FROM: set exactly one of them');
  }
  const roles = env.FOREWARN_ROLES?.split(',').map((role) => role.trim()) ?? [];
  if (roles.includes('digest') && !roles.includes('intake') && !env.NATS_URL)
    problems.push('NATS_URL: is needed with the role digest without the role intake');
  return problems;
}

/**
 * Reads the environment; an empty value counts as not set.
 * @throws StartError that lists every problem at once, without the values (they may be secrets).
 */
export function readSettings(env: Record<string, string | undefined>): Settings {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(present);
  const problems = togetherProblems(present);
  if (!parsed.success)
    problems.unshift(...parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
  if (!parsed.success || problems.length > 0) {
    throw new StartError(`The settings in the environment are wrong:\n  ${problems.join('\n  ')}`);
  }
  return new Settings(parsed.data);
}

/** Variables that Kubernetes gives a container for a service named `forewarn`; nobody set them. */
const SERVICE_LINK = /^FOREWARN_(?:SERVICE_(?:HOST|PORT)|PORT)(?:_|$)/;

/** A sentence on each variable that looks like a setting of ours and is none, such as a mistyped one; their values are not looked at. */
export function unknownSettings(env: Record<string, string | undefined>): string[] {
  const known = Object.keys(environment.shape);
  const unknown = Object.keys(env).filter(
    (name) => name.startsWith('FOREWARN_') && !known.includes(name) && !SERVICE_LINK.test(name),
  );
  return unknown.map((name) => {
    const meant = nearest(name, known);
    const hint = meant === undefined ? 'docs/configuration.md lists those that there are' : `did you mean ${meant}?`;
    return `${name} is no setting of Forewarn and does nothing; ${hint}`;
  });
}
