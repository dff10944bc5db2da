import {
  type Channel,
  type Consents,
  type ConsentSource,
  type Purpose,
  PURPOSES,
  type RecordedWord,
} from './customer.js';

/**
 * Reasons why a message may or may not be sent: the customer's own yes or no; that they never said anything; a duty to tell them, whatever they
 * want to hear; or that they told their provider to let nothing through.
 */
export const PERMISSION_REASONS = ['said_yes', 'said_no', 'never_asked', 'legal_duty', 'stopped_at_provider'] as const;

/** Whether a customer may be written to on a channel for a purpose, why, and by which word of theirs. */
export interface Permission {
  readonly allowed: boolean;
  readonly reason: (typeof PERMISSION_REASONS)[number];
  /** Who told us of the word that decides; null where there is none. */
  readonly source: ConsentSource | null;
  /** Since when it holds. */
  readonly since: Date | null;
}

/**
 * Says whether a customer may be written to. Silence is a no to messages about the service and to marketing, and each needs its own yes. Legal
 * messages need none, and no customer can waive a duty that the law puts on us: a no to them says only where they are not to come first (`source` is
 * set then). A stop at the provider counts, since carriers enforce it for every message.
 */
export function mayWrite(consents: Consents, channel: Channel, purpose: Purpose): Permission {
  const word = consents.find((one) => one.channel === channel && one.purpose === purpose);
  if (purpose === 'legal' && !word?.granted) return dutyToTell(consents, channel, word);
  if (word) {
    const stopped = !word.granted && word.source === 'provider';
    const reason = word.granted ? 'said_yes' : stopped ? 'stopped_at_provider' : 'said_no';
    return { allowed: word.granted, reason, source: word.source, since: word.at };
  }
  return { allowed: false, reason: 'never_asked', source: null, since: null };
}

function dutyToTell(consents: Consents, channel: Channel, refused: RecordedWord | undefined): Permission {
  const stop = consents.find((one) => one.channel === channel && one.source === 'provider' && !one.granted);
  if (stop) return { allowed: false, reason: 'stopped_at_provider', source: stop.source, since: stop.at };
  return { allowed: true, reason: 'legal_duty', source: refused?.source ?? null, since: refused?.at ?? null };
}

/**
 * Purposes that a word is about which names none. Who unsubscribes by the link of a message wants neither news about the service nor marketing;
 * who tells the provider to stop gets nothing at all.
 */
export function purposesOf(source: ConsentSource, granted: boolean): readonly Purpose[] {
  if (granted || source === 'api' || source === 'import') return ['service'];
  return source === 'provider' ? PURPOSES : ['service', 'marketing'];
}

/** The last word on each channel and purpose of a ledger that runs from the oldest to the newest. */
export function lastWords(ledger: readonly RecordedWord[]): Consents {
  return [...new Map(ledger.map((one) => [`${one.channel} ${one.purpose}`, one])).values()];
}

/** Whether a source only hands on what a customer is said to have said. */
export function isHandedOn(source: ConsentSource): boolean {
  return source === 'api' || source === 'import';
}
