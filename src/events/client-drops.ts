/** Tells an app's developers, in a sentence, what they can change so that drops of this reason end. */
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
