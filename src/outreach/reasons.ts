import { type CampaignFacts } from '../incidents/timeline.js';
import { assertNever } from '../platform/errors.js';
import { percent } from '../platform/percent.js';

/**
 * Every reason that a message can have for its state, with the words for people. Programs compare the codes; nothing compares the words.
 * The codes of gateways stand here, too, since they become the reason of the message.
 */
const MESSAGE_WORDS = {
  no_contact_point: 'there is no address for the channels of the policy',
  no_consent: 'the customer did not agree to be written to on this channel',
  told_by_contact: 'the contact of the account is told in place of the customer',
  no_account_contact: 'the account has no contact who can be reached, so the customer is told',
  address_refused: 'the provider refused the address for good',
  no_approved_text:
    'the provider approved no text of this kind in the language of the customer (outreach.approvedTexts)',
  in_contact: 'the customer is in contact with support about it already',
  cap: 'the customer has been written to as often as the policy allows',
  erased: 'the customer was erased',
  not_hit: 'what hit the customer turned out to be somebody else’s, when a name was unlinked',
  incident_gone: 'the incident is not there any more',
  customer_paused: 'the customer asked for a pause; it is decided anew when the pause ends',
  customer_stopped: 'the customer asked to hear no more of this incident',
  resolved: 'the incident ended first',
  came_back: 'the fault came back before its end was told',
  campaign_cancelled: 'the campaign was cancelled',
  taken_out: 'a person took this customer out of the campaign',
  only_shown: 'no provider is set; the built-in outbox shows it and nobody got it',
  outbox_has_it: 'no provider is set; the built-in outbox shows it and nobody got it',
  no_receipt: 'no report came in time that the message on the channel before arrived',
  earlier_failed: 'the message on the channel before failed',
  arrived_after_all: 'the message on the channel before arrived after all',
  quiet_hours: 'it is night where the customer is',
  quiet_hours_zone_unknown: 'it may be night where the customer is, whose zone is not known',
  over_ceiling:
    'the installation has sent as many on this channel as its ceiling allows; it goes out when there is room',
  number_costs_extra: 'messages to this number cost extra (premium rate, shared cost, satellite)',
  country_not_listed: 'the country of the number is not listed in outreach.countries',
  worker_lost: 'the process ended while it was sending',
  provider_has_it: 'the provider lists it',
  provider_never_got_it: 'the provider never got it',
  link_opened: 'the customer opened its link',
  settled_sent: 'a person found it at the provider',
  settled_not_sent: 'a person found that the provider never got it',
  rate_limited: 'the provider asks for a slower pace',
  provider_unavailable: 'the provider could not be reached',
  deferred: 'the receiving side put it off',
  connection_lost: 'the connection ended before an answer',
  timeout: 'the provider did not answer in time',
  tls: 'no encrypted connection could be made',
  unreachable_recipient: 'the phone is off or out of reach',
  mailbox_full: 'the mailbox is full',
  invalid_recipient: 'the address does not exist or cannot receive this channel',
  opted_out: 'the recipient told the provider to stop',
  blocked: "the recipient's side refuses messages of this kind",
  filtered: 'refused because of what it says',
  too_large: 'it is too large',
  expired: 'its validity ended before it left',
  refused: 'the provider refused it',
  auth: 'the provider refuses our credentials',
  sender: 'the provider refuses our sender',
  region: 'our account may not send to that country',
  policy: 'refused for our reputation or by a rule about us',
  setup: 'the provider refuses our setup',
  provider_error: 'the provider failed while it had the message in hand',
} as const;
export type MessageReason = keyof typeof MESSAGE_WORDS;

/** All codes of messages. */
export const MESSAGE_REASONS = Object.keys(MESSAGE_WORDS) as MessageReason[];

/** A message's reason in words; null where there is none. */
export function messageWords(reason: MessageReason | null): string | null {
  return reason === null ? null : Object.hasOwn(MESSAGE_WORDS, reason) ? MESSAGE_WORDS[reason] : reason;
}

/** Why a campaign is in its state: a code and the facts that its words need. */
export type CampaignReason =
  | { readonly code: 'policy_requires_person' }
  | { readonly code: 'legal_duty'; readonly rule: string }
  | { readonly code: 'over_blast_limit'; readonly customers: number; readonly limit: number }
  | { readonly code: 'approved_before'; readonly by: string }
  | { readonly code: 'beyond_approval'; readonly customers: number; readonly limit: number }
  | { readonly code: 'second_person'; readonly first: string; readonly customers: number }
  | { readonly code: 'asked_again'; readonly hours: number }
  | { readonly code: 'goes_with_notice' }
  | { readonly code: 'untrusted_evidence'; readonly customers: number }
  | { readonly code: 'untrusted_at_risk'; readonly customers: number }
  | { readonly code: 'evidence_trusted' }
  | { readonly code: 'automatic' }
  | { readonly code: 'approves_itself' }
  | { readonly code: 'nobody_objected' }
  | { readonly code: 'by_person'; readonly note: string | null }
  | { readonly code: 'approval_undone'; readonly note: string | null }
  | { readonly code: 'incident_ended' }
  | { readonly code: 'all_final' }
  | { readonly code: 'next_channel' }
  | { readonly code: 'silence_began' }
  | { readonly code: 'silence_ended' }
  | {
      readonly code: 'stopped_by_rule';
      readonly measure: 'failed' | 'optedOut' | 'complained';
      readonly share: number;
      readonly limit: number;
    }
  | { readonly code: 'provider_refuses_setup'; readonly because: MessageReason };

const CAMPAIGN_CODES = [
  'policy_requires_person',
  'legal_duty',
  'over_blast_limit',
  'approved_before',
  'beyond_approval',
  'second_person',
  'asked_again',
  'goes_with_notice',
  'untrusted_evidence',
  'untrusted_at_risk',
  'evidence_trusted',
  'automatic',
  'approves_itself',
  'nobody_objected',
  'by_person',
  'approval_undone',
  'incident_ended',
  'all_final',
  'next_channel',
  'silence_began',
  'silence_ended',
  'stopped_by_rule',
  'provider_refuses_setup',
] as const satisfies readonly CampaignReason['code'][];

/**
 * A campaign's reason as stored: the code and its facts. A code that is not in the list comes from another release that shares the database;
 * it is shown as it stands.
 */
export function campaignReasonOf(code: string, facts: Readonly<Record<string, unknown>>): CampaignReason {
  const known = (CAMPAIGN_CODES as readonly string[]).includes(code);
  return known ? ({ code, ...facts } as CampaignReason) : { code: 'by_person', note: code };
}

const MEASURE_WORDS = {
  failed: 'of the messages failed',
  optedOut: 'of the customers opted out',
  complained: 'of the messages were reported as unwanted',
} as const;

/** A campaign's reason in words. */
export function campaignWords(reason: CampaignReason): string {
  switch (reason.code) {
    case 'legal_duty':
      return `the law obliges to tell (${reason.rule}), and two people approve it`;
    case 'policy_requires_person':
      return 'the policy asks for a person';
    case 'over_blast_limit':
      return `${reason.customers} customers are more than the blast limit of ${reason.limit}`;
    case 'approved_before':
      return `goes with the approval of this incident by ${reason.by}`;
    case 'beyond_approval':
      return `${reason.customers} customers are more than the ${reason.limit} that were approved for this incident`;
    case 'second_person':
      return `${reason.first} approved; ${reason.customers} customers need a second person, with another token`;
    case 'asked_again':
      return `waited for ${reason.hours} hours, so it has to be looked at anew`;
    case 'goes_with_notice':
      return 'goes to exactly those who were told, with the approval of what they were told';
    case 'untrusted_evidence':
      return `${reason.customers} customers are said to be hit by claims alone, which anybody with the public key can make`;
    case 'untrusted_at_risk':
      return `claims, which anybody with the public key can make, have a part in calling ${reason.customers} customers at risk`;
    case 'evidence_trusted':
      return 'better evidence came for all its customers, who are told by another wave';
    case 'automatic':
      return 'the policy approves by itself';
    case 'approves_itself':
      return 'approves itself unless somebody objects';
    case 'nobody_objected':
      return 'nobody objected in time';
    case 'by_person':
      return reason.note ?? 'a person decided so';
    case 'approval_undone':
      return reason.note ?? 'the approval was taken back';
    case 'incident_ended':
      return 'the incident ended first';
    case 'all_final':
      return 'every message is final';
    case 'next_channel':
      return 'some of its messages did not arrive, so the next channel is tried';
    case 'silence_began':
      return 'a silence holds it back';
    case 'silence_ended':
      return 'the silence ended';
    case 'stopped_by_rule': {
      return `${percent(reason.share)} ${MEASURE_WORDS[reason.measure]}, more than the ${percent(reason.limit)} of stopWhen`;
    }
    case 'provider_refuses_setup':
      return `the provider refuses our setup: ${messageWords(reason.because)}`;
    default:
      return assertNever(reason);
  }
}

/** Facts for a line of the timeline about a change of a campaign. */
export function campaignFacts(id: number, reason: CampaignReason): CampaignFacts {
  return { campaignId: String(id), reason: reason.code, words: campaignWords(reason) };
}
