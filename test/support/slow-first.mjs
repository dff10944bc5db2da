import sequencer from '@jest/test-sequencer';

// jest may hand over its CommonJS module as it is
const Sequencer = sequencer.default ?? sequencer;

/**
 * Specs that take longest, longest first: they mostly wait (for a lease, a redelivery, a compiler), which size does not tell. A run that knows
 * durations of a run before goes by those.
 */
const SLOW = [
  'test/stages/jetstream.spec.ts',
  'test/journeys/command-line.spec.ts',
  'test/journeys/first-hour.spec.ts',
  'test/journeys/killed.spec.ts',
  'test/journeys/chaos-delivery.spec.ts',
  'test/stages/campaign.spec.ts',
  'test/journeys/intake-durability.spec.ts',
  'test/channels.spec.ts',
];

/** Begins with the slow specs, so that none of them is left alone at the end while the other workers have nothing to do. */
export default class SlowFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).toSorted((a, b) => rank(a) - rank(b));
  }
}

/** Place among the slow ones; behind them all for any other, and for one whose duration is known. */
function rank(test) {
  const at = test.duration === undefined ? SLOW.findIndex((path) => test.path.endsWith(`/${path}`)) : -1;
  return at < 0 ? SLOW.length : at;
}
