import { asList, asObject, type Json, natural, text } from '../reading/read-values.js';
import { readTimestamp } from '../reading/time.js';
import { type ClientDrop, type ClientReport } from '../telemetry.js';

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

function readDrop(raw: Json | undefined): ClientDrop | undefined {
  const reason = text(raw?.reason, 64);
  const category = text(raw?.category, 32);
  const quantity = natural(raw?.quantity);
  if (reason === undefined || category === undefined || !quantity || quantity > MAX_QUANTITY) return undefined;
  return { reason, category, quantity, ofErrors: category === 'error' || category === 'default' };
}
