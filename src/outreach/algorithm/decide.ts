import { type Trust } from '../../projects/project-key.js';
import { type AudienceKind } from '../../audience/audience.js';
import { mayWrite } from '../../customers/consent.js';
import { type Channel, type Recipient, type Purpose } from '../../customers/customer.js';
import { type HitEvidence } from '../../issues/issue.js';
import { assertNever } from '../../platform/errors.js';
import { type Policy } from '../policy.js';
import { type CampaignReason, type MessageReason } from '../reasons.js';
import { type NumberRefusal, refusedNumber } from './number-rules.js';

/** Reasons why a customer of the audience has no channel; a later one says more. */
export const SUPPRESSED_REASONS = [
  'no_contact_point',
  'no_consent',
  'country_not_listed',
  'number_costs_extra',
  'address_refused',
  'no_approved_text',
] as const satisfies readonly MessageReason[];
export type SuppressedReason = (typeof SUPPRESSED_REASONS)[number];

/** Channel and address of a message, or the reason why it has none. */
export type ChannelChoice =
  { readonly channel: Channel; readonly address: string } | { readonly suppressed: SuppressedReason };

/** Facts of a message that decide about its channel. */
export interface ChannelRules {
  /** Countries whose numbers may be written to; undefined allows all. */
  readonly countries?: readonly string[];
  /** Class of the message. */
  readonly purpose?: Purpose;
  /** Whether a channel carries the message: a provider may take approved texts only. Left out: each does. */
  readonly carries?: (channel: Channel) => boolean;
}

/**
 * The first channel in the policy's order with an address that works, a recorded consent and a text.
 * Without consent there is no message: silence is never taken for a yes. What the law obliges to tell needs none; it comes on a channel to which the
 * customer said no only where there is no other.
 */
export function chooseChannel(
  recipient: Recipient,
  channels: readonly Channel[],
  { countries, purpose = 'service', carries = () => true }: ChannelRules = {},
): ChannelChoice {
  let reason: SuppressedReason = 'no_contact_point';
  let unwanted: ChannelChoice | undefined;
  for (const channel of channels) {
    const address = recipient.addresses[channel];
    if (address === undefined) continue;
    const may = mayWrite(recipient.consents, channel, purpose);
    if (!may.allowed) reason = worse(reason, 'no_consent');
    else if (channel in recipient.suppressed) reason = worse(reason, 'address_refused');
    else {
      const refused = addressRefusal(channel, address, countries);
      if (refused === undefined && carries(channel)) {
        if (may.reason !== 'legal_duty' || may.source === null) return { channel, address };
        unwanted ??= { channel, address };
      } else reason = worse(reason, refused ?? 'no_approved_text');
    }
  }
  return unwanted ?? { suppressed: reason };
}

/** Why an address of a channel is not written to, whatever the customer agreed to. */
function addressRefusal(
  channel: Channel,
  address: string,
  countries: readonly string[] | undefined,
): NumberRefusal | undefined {
  switch (channel) {
    case 'sms':
      return refusedNumber(address, countries);
    case 'email':
      return undefined;
    default:
      return assertNever(channel);
  }
}

/** The reason that says most: one that was decided about the customer beats one that is merely missing. */
function worse(a: SuppressedReason, b: SuppressedReason): SuppressedReason {
  return SUPPRESSED_REASONS.indexOf(b) > SUPPRESSED_REASONS.indexOf(a) ? b : a;
}

/** An approval that holds for an incident: the later waves go with it while no more customers than these are written to. */
export interface Grant {
  readonly upTo: number;
  /** Name of a token, or `policy`. */
  readonly by: string;
}

/** State of a campaign at its start, and the moment from which it approves itself. */
export interface ApprovalDecision {
  readonly state: 'approved' | 'awaiting_approval';
  readonly reason: CampaignReason;
  readonly approveAfter?: Date;
  /** Whose approval it is; left out where a policy approves by itself. */
  readonly by?: string;
}

/**
 * True if evidence of this trust lets a campaign of the policy go out without a person. A claim never does so for customers at risk, whatever the
 * policy believes: who claims a few hits would choose who is written to. Where a person approves anyway, all counts.
 */
export function countsByItself(
  { trust, approval }: Pick<Policy, 'trust' | 'approval'>,
  audience: AudienceKind,
  of: Trust,
): boolean {
  if (audience === 'at_risk' && of === 'claimed' && approval !== 'required') return false;
  return trust.includes(of);
}

/**
 * From how many sources an hour's claims must come to say what is usual, how many customers one source must name, and how many times as many as
 * the others name on average. Ten others give an average that one office cannot move; twenty customers are a large office behind one address, ten
 * times the average of browsers (one or two) as well. At half a school with one address waits for a person, at double a script with 40 accounts
 * does not.
 */
const LOPSIDED = { otherSources: 10, customers: 20, times: 10 };

/** Whether one source names unusually many customers beside the others: then no claim counts by itself, whatever the policy believes. */
export function isLopsided({ claimed, sources, widestSource }: HitEvidence): boolean {
  const others = sources - 1;
  if (others < LOPSIDED.otherSources || widestSource < LOPSIDED.customers) return false;
  return widestSource > (LOPSIDED.times * Math.max(1, claimed - widestSource)) / others;
}

/** The decision about customers whom only evidence says were hit, or are at risk, that does not count by itself. */
export function waitForPerson(audience: AudienceKind, customers: number): ApprovalDecision {
  const code = audience === 'at_risk' ? 'untrusted_at_risk' : 'untrusted_evidence';
  return { state: 'awaiting_approval', reason: { code, customers } };
}

/**
 * Whether a campaign may go out by itself.
 * @param customers all customers of the incident who would have been written to with this campaign
 * @param grant the approval that the incident has already
 */
export function decideApproval(policy: Policy, customers: number, now: Date, grant?: Grant): ApprovalDecision {
  if (grant) return byGrant(grant, customers);
  if (policy.class === 'legal')
    return { state: 'awaiting_approval', reason: { code: 'legal_duty', rule: policy.rule ?? '' } };
  if (policy.approval === 'required') return { state: 'awaiting_approval', reason: { code: 'policy_requires_person' } };
  if (customers > policy.blastLimit)
    return {
      state: 'awaiting_approval',
      reason: { code: 'over_blast_limit', customers, limit: policy.blastLimit },
    };
  if (policy.approval === 'automatic') return { state: 'approved', reason: { code: 'automatic' } };
  return {
    state: 'awaiting_approval',
    reason: { code: 'approves_itself' },
    approveAfter: new Date(now.getTime() + policy.approval.after),
  };
}

/** True if `decideApproval` depends on how many customers there are. */
export function asksHowMany({ class: purpose, approval }: Pick<Policy, 'class' | 'approval'>, grant?: Grant): boolean {
  return grant !== undefined || (purpose !== 'legal' && approval !== 'required');
}

/** Whether an approval that was given before covers so many customers. */
export function byGrant({ upTo, by }: Grant, customers: number): ApprovalDecision {
  if (customers <= upTo) return { state: 'approved', by, reason: { code: 'approved_before', by } };
  return { state: 'awaiting_approval', reason: { code: 'beyond_approval', customers, limit: upTo } };
}

/** Whether a second person must approve so many customers; always for what the law obliges to tell, since no opt-out stops it. */
export function needsSecondPerson(policy: Pick<Policy, 'class' | 'twoPersonsAbove'>, customers: number): boolean {
  const { twoPersonsAbove } = policy;
  return policy.class === 'legal' || (twoPersonsAbove !== undefined && customers > twoPersonsAbove);
}

/** Facts of an incident that policies match on. */
export interface Matchable {
  /** Slug. */
  readonly project: string;
  readonly severity: string;
  readonly area: string | null;
}

/**
 * The policies that decide about an incident, in order: those whose every key matches, up to the first that takes all customers. An incident without
 * an area matches no policy that asks for one.
 */
export function policiesFor(policies: readonly Policy[], incident: Matchable): Policy[] {
  const matching = policies.filter(({ match }) => {
    const fits = (wanted: readonly string[] | undefined, is: string | null) =>
      wanted === undefined || (is !== null && wanted.includes(is));
    return (
      fits(match.project, incident.project) &&
      fits(match.severity, incident.severity) &&
      fits(match.area, incident.area)
    );
  });
  const last = matching.findIndex(({ match }) => match.customers === undefined);
  return last < 0 ? matching : matching.slice(0, last + 1);
}

/** Facts of a customer that policies match on. */
export interface MatchableCustomer {
  /** Undefined where nothing is known of them. */
  readonly health: string | undefined;
  /** Attributes of the directory. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** True if a policy takes a customer: one whom every key of `match.customers` fits. */
export function takesCustomer({ match }: Pick<Policy, 'match'>, { health, attributes }: MatchableCustomer): boolean {
  if (!match.customers) return true;
  const { health: bands, attributes: wanted } = match.customers;
  if (bands && !bands.some((one) => one === health)) return false;
  return Object.entries(wanted).every(([name, values]) => {
    const value = Object.hasOwn(attributes, name) ? attributes[name] : null;
    return (
      (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') &&
      values.includes(String(value))
    );
  });
}

/** Names of the other policies. */
export function othersOf(policies: readonly Policy[], policy: Policy): string[] {
  return policies.filter((one) => one !== policy).map(({ name }) => name);
}
