import { parentPort, workerData } from 'node:worker_threads';
import { separate } from '../intake/reader/separated-body.js';
import { bodiesOf, reportOf, type ThreadOrder } from '../intake/reader/thread-messages.js';
import { compileRules, type GroupingRule } from '../grouping/rules/rules.js';
import { factsOf } from '../grouping/facts.js';
import { FINGERPRINTS_IN_USE } from '../grouping/fingerprints.js';

/** Arguments of the thread. */
export interface ReadingSetup {
  readonly rules: readonly GroupingRule[];
}

/* The thread that reads bodies of every protocol: takes orders, answers each with a report. */
const grouping = { versions: FINGERPRINTS_IN_USE, rules: compileRules((workerData as ReadingSetup).rules) };

parentPort?.on('message', (order: ThreadOrder) => {
  parentPort?.postMessage(reportOf(bodiesOf(order).map((raw) => separate(raw, (event) => factsOf(event, grouping)))));
});
