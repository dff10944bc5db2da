import { asList, asObject, type Json, natural, text } from '../reading/read-values.js';
import { readTimestamp } from '../reading/time.js';

/** What an SDK says it dropped before sending, by reason and category. */
export interface ClientDrop {
  /** The SDK's word, such as `event_processor`; open set. */
  readonly reason: string;
  /** Sentry's data category, such as `error` or `span`. */
  readonly category: string;
  readonly quantity: number;
  /** True: these were error reports, so customers may be missing from an issue's affected list. */
  readonly ofErrors: boolean;
}

/** One client report. */
export interface ClientReport {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly drops: readonly ClientDrop[];
}

/** Most entries read of one report; SDKs know some twenty reasons and as many categories. */
const MAX_DROPS = 200;
/** No SDK drops more than this between two reports; a larger number is an error or a lie, and would be told as customers missing. */
const MAX_QUANTITY = 10_000_000;

/** Lists of a report (develop.sentry.dev, "Client Reports"): SDKs use the first, relays in between the others. */
const LISTS = ['discarded_events', 'rate_limited_events', 'filtered_events', 'filtered_sampling_events'];

/**
 * Reads a `client_report` item; entries without a reason, category or plausible quantity are left out. Undefined when it has
 * no list, or nothing in them can be read.
 */
export function readClientReport(raw: Json, receivedAt: number): ClientReport | undefined {
  const lists = LISTS.map((name) => asList(raw[name])).filter((list) => list !== undefined);
  const items = lists.flat();
  const drops: ClientDrop[] = [];
  for (let i = 0; i < items.length && drops.length < MAX_DROPS; i++) {
    const drop = readDrop(asObject(items[i]));
    if (drop) drops.push(drop);
  }
  if (lists.length === 0 || (items.length > 0 && drops.length === 0)) return undefined;
  return { at: readTimestamp(raw.timestamp, receivedAt), drops };
}

/** What an app's developers can change so that the drops of this reason end, in a sentence. */
export function dropFix(reason: string): string {
  return (Object.hasOwn(FIXES, reason) ? FIXES[reason] : undefined) ?? UNKNOWN;
}

const BLOCKED = 'The app could not deliver its reports; check the network between the app and Forewarn.';
const OVERFLOW = 'The SDK had more reports than it can hold; raise its queue or cache size (transport options).';
const UNKNOWN =
  "The SDK dropped the event for a reason of its own; look the reason up in the SDK's documentation and let events through.";
const FIXES: Readonly<Record<string, string>> = {
  event_processor:
    "An integration in the SDK dropped the event, usually Dedupe, which takes one customer's error for another's; turn it " +
    "off: Sentry.init({ integrations: (all) => all.filter((i) => i.name !== 'Dedupe') }).",
  before_send: "The app's own beforeSend dropped the event; return the event there, at least when it has a user.",
  sample_rate: 'The SDK sends only a sample; set sampleRate to 1 for errors.',
  ignored: "The app's ignoreErrors or a similar filter dropped the event; remove the filter if customers are hit.",
  ratelimit_backoff: 'The SDK was told to wait and dropped what came meanwhile; raise the quota of this key.',
  backpressure: 'The SDK took itself for overloaded; turn off enableBackpressureHandling for errors.',
  network_error: BLOCKED,
  send_error: 'A report was refused, usually as too large; send less context (attachments, local variables, extra).',
  queue_overflow: OVERFLOW,
  cache_overflow: OVERFLOW,
  buffer_overflow: OVERFLOW,
  internal_sdk_error: 'The SDK failed inside; update it.',
};

function readDrop(raw: Json | undefined): ClientDrop | undefined {
  const reason = text(raw?.reason, 64);
  const category = text(raw?.category, 32);
  const quantity = natural(raw?.quantity);
  if (reason === undefined || category === undefined || !quantity || quantity > MAX_QUANTITY) return undefined;
  return { reason, category, quantity, ofErrors: category === 'error' || category === 'default' };
}
