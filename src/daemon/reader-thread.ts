import { parentPort, workerData } from 'node:worker_threads';
import { summarise } from '../intake/reader/body-summary.js';
import { type ReadingOrder } from '../intake/reader/reading-thread.js';
import { compileRules, type GroupingRule } from '../grouping/rules/rules.js';
import { factsOf } from '../grouping/facts.js';
import { FINGERPRINTS_IN_USE } from '../grouping/fingerprints.js';

/** What the thread is started with. */
export interface ReadingSetup {
  readonly rules: readonly GroupingRule[];
}

/* The thread that reads bodies: takes orders, answers each with the JSON text of its summaries, in order. */
const grouping = { versions: FINGERPRINTS_IN_USE, rules: compileRules((workerData as ReadingSetup).rules) };

parentPort?.on('message', ({ requests, bodies }: ReadingOrder) => {
  let from = 0;
  const summaries = requests.map(({ length, ...request }) => {
    const body = Buffer.from(bodies, from, length);
    from += length;
    return summarise({ ...request, body }, (event) => factsOf(event, grouping)) ?? null;
  });
  parentPort?.postMessage(JSON.stringify(summaries));
});
