import { mayWrite } from '../../customers/consent.js';
import { type Channel, CHANNELS, type Purpose, type RecordedWord, type Recipient } from '../../customers/customer.js';

/** Days for which a customer can ask for quiet. Chosen by judgement. */
export const PAUSES = [7, 30] as const;
const DAY_MS = 86_400_000;

/** Kinds of messages that a customer chooses on their page; what the law asks for is no choice. */
const CHOSEN = ['service', 'marketing'] as const satisfies readonly Purpose[];
type Chosen = (typeof CHOSEN)[number];

/** Messages that a customer gets on a channel now. */
export interface Preference {
  readonly channel: Channel;
  readonly purposes: readonly { readonly purpose: Chosen; readonly allowed: boolean }[];
}

/** A word that a customer gives on their page. */
export interface Choice {
  readonly channel: Channel;
  readonly purpose: Chosen;
  readonly granted: boolean;
}

/**
 * Lists what a customer can choose: each channel with an address, and marketing only where they were asked before. A channel that they stopped at
 * the provider is left out, since only the provider can open it again.
 */
export function preferencesOf({ addresses, consents }: Pick<Recipient, 'addresses' | 'consents'>): Preference[] {
  return CHANNELS.flatMap((channel) => {
    const stopped = mayWrite(consents, channel, 'service').reason === 'stopped_at_provider';
    if (addresses[channel] === undefined || stopped) return [];
    const purposes = CHOSEN.flatMap((purpose) => {
      const { allowed, reason } = mayWrite(consents, channel, purpose);
      return purpose === 'marketing' && reason === 'never_asked' ? [] : [{ purpose, allowed }];
    });
    return [{ channel, purposes }];
  });
}

/** Words that differ from what holds now; `isOn` says which boxes were ticked. */
export function changesOf(
  preferences: readonly Preference[],
  isOn: (channel: Channel, purpose: Chosen) => boolean,
): Choice[] {
  return preferences.flatMap(({ channel, purposes }) =>
    purposes.flatMap(({ purpose, allowed }) => {
      const granted = isOn(channel, purpose);
      return granted === allowed ? [] : [{ channel, purpose, granted }];
    }),
  );
}

/** Consent that an unsubscribe by a link took away on a channel, to be given back. @param ledger oldest first */
export function undoOf(ledger: readonly RecordedWord[], channel: Channel): Choice[] {
  return CHOSEN.flatMap((purpose) => {
    const words = ledger.filter((one) => one.channel === channel && one.purpose === purpose);
    const last = words.at(-1);
    if (!last || last.granted || last.source !== 'unsubscribe_link') return [];
    const before = words.findLast(({ granted, source }) => granted || source !== 'unsubscribe_link');
    return before?.granted ? [{ channel, purpose, granted: true }] : [];
  });
}

/** End of a pause of so many days; null ends one, undefined is no length that is offered. */
export function pauseEnd(days: number, now: Date): Date | null | undefined {
  if (days === 0) return null;
  return PAUSES.some((one) => one === days) ? new Date(now.getTime() + days * DAY_MS) : undefined;
}
