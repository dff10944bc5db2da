/** A message as the provider lists it. */
export interface ListedSms {
  readonly providerId: string;
  /** Null or empty where the account has the provider drop texts. */
  readonly body: string | null;
  readonly createdAt: Date;
}

/**
 * Time by which the provider's clock may date a message earlier than our own, in milliseconds. Both are kept by NTP and listed times are whole
 * seconds, so this is generous; what keeps it safe is that each text holds a link made for one recipient.
 */
export const CLOCK_SKEW_MS = 60_000;

/** Result of looking for our message in a list of one recipient's: the earliest match, or the reason why there is none. */
export type MatchResult =
  | { readonly kind: 'found'; readonly providerId: string }
  | { readonly kind: 'absent' }
  /** A message of the time in question has no text to compare. */
  | { readonly kind: 'unreadable' };

/**
 * Finds our message among those listed for its recipient since the attempt began. Texts are compared by their letters and digits,
 * because providers fold quotes and dashes ("smart encoding") and put a sentence before the texts of trial accounts.
 */
export function findSms(text: string, attemptedAt: Date, listed: readonly ListedSms[]): MatchResult {
  const since = attemptedAt.getTime() - CLOCK_SKEW_MS;
  const candidates = listed
    .filter((message) => message.createdAt.getTime() >= since)
    .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
  const match = candidates.find((message) => message.body !== null && sameText(text, message.body));
  if (match) return { kind: 'found', providerId: match.providerId };
  return candidates.some((message) => !message.body) ? { kind: 'unreadable' } : { kind: 'absent' };
}

function sameText(ours: string, theirs: string): boolean {
  if (ours === theirs) return true;
  const wanted = letters(ours);
  return wanted !== '' && letters(theirs).endsWith(wanted);
}

function letters(text: string): string {
  return text.normalize('NFKC').replace(/[^\p{L}\p{N}]+/gu, '');
}
