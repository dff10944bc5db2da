import { asList, asObject, type Json, natural, text } from './read-values.js';
import { readTimestamp } from './time.js';

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

/** Lists of a report (develop.sentry.dev, "Client Reports"): SDKs use the first, relays in between the others. */
const LISTS = ['discarded_events', 'rate_limited_events', 'filtered_events', 'filtered_sampling_events'];

/** Reads a `client_report` item; entries without a reason, category or quantity are left out. */
export function readClientReport(raw: Json, receivedAt: number): ClientReport {
  const drops: ClientDrop[] = [];
  for (const name of LISTS) {
    for (const item of asList(raw[name]) ?? []) {
      const drop = drops.length < MAX_DROPS ? readDrop(asObject(item)) : undefined;
      if (drop) drops.push(drop);
    }
  }
  return { at: readTimestamp(raw.timestamp, receivedAt), drops };
}

/** What an app's developers can change so that the drops of this reason end, in a sentence; undefined for unknown reasons. */
export function dropFix(reason: string): string | undefined {
  return Object.hasOwn(FIXES, reason) ? FIXES[reason] : undefined;
}

const BLOCKED = 'The app could not deliver its reports; check the network between the app and Forewarn.';
const OVERFLOW = 'The SDK had more reports than it can hold; raise its queue or cache size (transport options).';
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
  const quantity = natural(raw?.quantity) ?? 0;
  if (reason === undefined || category === undefined || quantity === 0) return undefined;
  return { reason, category, quantity, ofErrors: category === 'error' || category === 'default' };
}
