import { type AppEvent } from '../../events/event.js';
import { type Facts } from '../../grouping/facts.js';
import { type Fingerprinter } from '../../grouping/fingerprinter.js';
import { type GroupingKey } from '../../grouping/grouping-key.js';

/**
 * Makes the facts of an event, or says why they cannot be made: it then fails where one event can be set aside without the others.
 * @param known a key that was made of the event before its texts were scrubbed
 */
export function tryFacts(
  fingerprinter: Fingerprinter,
  event: AppEvent,
  known?: GroupingKey,
): { facts: Facts | undefined; fault?: unknown } {
  try {
    return { facts: fingerprinter.factsOf(event, known) };
  } catch (fault) {
    return { facts: undefined, fault };
  }
}
