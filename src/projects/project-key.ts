import { hash } from 'node:crypto';
import { z } from 'zod';

/**
 * Purpose of a key. `public` stands in browsers and phones, so that everybody has it and what it says is a claim; `server` is a secret of
 * the app's own servers; `signing` opens nothing: with it the app's servers sign the ids of customers.
 */
export const KEY_KINDS = ['public', 'server', 'signing'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

/** How a statement about a customer is known, weakest first. */
export const TRUSTS = ['claimed', 'signed', 'server'] as const;
export type Trust = (typeof TRUSTS)[number];

/** Picks the weaker of two. */
export function weakerTrust(one: Trust, other: Trust): Trust {
  return TRUSTS.indexOf(one) < TRUSTS.indexOf(other) ? one : other;
}

/** How much a key may bring, and one network address with it. Limits of a source hold for public keys only: a server has one address. */
export interface KeyLimits {
  /** Requests beyond it are answered 429; counted by each process for itself. */
  readonly eventsPerMinute: number;
  readonly sourceEventsPerMinute: number;
  /** New faults beyond it are counted in the catch-all. By the hour as `grouping.maxNewIssuesPerHour`, which a minute's worth could use up. */
  readonly newIssuesPerHour: number;
  readonly sourceNewIssuesPerHour: number;
  /** Events of customers whom nobody knows count beyond it without their customer; counted by each process for itself. */
  readonly newCustomersPerMinute: number;
  readonly sourceNewCustomersPerMinute: number;
}

/**
 * Limits that keys have by themselves, generous: SDKs do not send again what was refused, so a refusal loses evidence.
 * - Events: twice `projects.limits.eventsPerMinute`, from which on payloads are let go; 20,000 a second is more than one process commits
 *   (docs/benchmarks.md), so it stops loops and floods and nothing else. Half of it for a source, so that one address never uses up what a key
 *   may send. That is 10,000 a second, about what one process commits, since behind a proxy that is not named in `TRUST_PROXY` all apps are one source.
 * - New issues: for a key as many as `grouping.maxNewIssuesPerHour` lets the project open (5000), so there is no limit of its own. A fifth of
 *   that for a source, so that muting a project takes five addresses that were not seen
 *   before; at half an app that logs ids in its messages is cut on its first day, at double two addresses and a half are enough.
 * - New customers: one for each of 10,000 events a second, by a key as by a source: a server that reports with a public key has one address,
 *   and an outage brings all its customers at once. For a key that stands in browsers a hundredth is plenty: `forewarn key limit`.
 */
export const DEFAULT_LIMITS: KeyLimits = {
  eventsPerMinute: 1_200_000,
  sourceEventsPerMinute: 600_000,
  newIssuesPerHour: 1_000_000,
  sourceNewIssuesPerHour: 1000,
  newCustomersPerMinute: 600_000,
  sourceNewCustomersPerMinute: 600_000,
};

const limit = z.number().int().min(1).max(1_000_000_000);
/** Limits as people set them; what is left out stays, null goes back to the default. */
export const limitsSchema = z.strictObject({
  eventsPerMinute: limit.nullish(),
  sourceEventsPerMinute: limit.nullish(),
  newIssuesPerHour: limit.nullish(),
  sourceNewIssuesPerHour: limit.nullish(),
  newCustomersPerMinute: limit.nullish(),
  sourceNewCustomersPerMinute: limit.nullish(),
});
export type LimitsChange = z.output<typeof limitsSchema>;

/** Limits in force: the defaults, but for what was set. */
export function limitsOf(set: LimitsChange): KeyLimits {
  return { ...DEFAULT_LIMITS, ...withoutNulls(set) };
}

/** Keeps the limits that were set and leaves out those that return to the default. */
export function withoutNulls(set: LimitsChange): Partial<KeyLimits> {
  return Object.fromEntries(Object.entries(set).filter(([, value]) => typeof value === 'number'));
}

/** `https://shop.example`, or with any subdomain `https://*.shop.example`; no path. */
const ORIGIN = /^https?:\/\/(\*\.)?[a-z0-9.-]{1,253}(:\d{1,5})?$/;
/** Web origins from which a public key may be used; empty means any. */
export const originsSchema = z
  .array(
    z.string().toLowerCase().regex(ORIGIN, 'must be an origin such as https://shop.example or https://*.shop.example'),
  )
  .max(100);

/** A key that works, as requests need it. */
export interface ProjectKey {
  readonly id: number;
  readonly kind: KeyKind;
  readonly origins: readonly string[];
  readonly limits: KeyLimits;
}

/** The SHA-256 of a server key. It carries 128 random bits, so a slow hash would add nothing. */
export function keyHash(key: string): Buffer {
  return hash('sha256', key.toLowerCase(), 'buffer');
}

/** Whether a browser's page of this origin may use a key with these origins. */
export function allowsOrigin(origins: readonly string[], origin: string): boolean {
  if (origins.length === 0) return true;
  const asked = origin.toLowerCase();
  return origins.some((one) => {
    const star = one.indexOf('*.');
    if (star < 0) return one === asked;
    return asked.startsWith(one.slice(0, star)) && asked.endsWith(one.slice(star + 1)) && asked.length > one.length - 1;
  });
}
