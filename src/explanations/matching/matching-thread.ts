import { parentPort, workerData } from 'node:worker_threads';
import { localMatcher, type MatchingOrder, type MatchingSetup } from './create-matcher.js';
import { answerCalls } from './thread-calls.js';

/* The thread that compares: holds the index and the Chinese dictionary. The sentence model has a thread of its own, so that it holds up no question. */
const matcher = localMatcher(workerData as MatchingSetup, 'thread');
answerCalls(parentPort, async (order: MatchingOrder) => {
  if ('kinds' in order) return matcher.kindOf(order.text, order.kinds);
  if ('query' in order) return matcher.match(order.query);
  await matcher.index(order.entries);
  return undefined;
});
