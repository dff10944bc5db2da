import { type Trust } from '../projects/project-key.js';

/**
 * Age above which we do not believe what a claim says of its time, milliseconds: a phone that was without a network overnight keeps its times, and
 * nobody's browser moves the beginning of a fault to last month. Chosen by judgement, not measured: half of it loses a night, double of it gives a
 * stranger another day.
 */
const OLDEST_CLAIM_MS = 24 * 3_600_000;

/** When something counts as having happened, epoch milliseconds: as it says, or when it came if it is an old claim. */
export function heldTime(saidAt: number, receivedAt: number, trust: Trust = 'claimed'): number {
  return trust === 'claimed' && saidAt < receivedAt - OLDEST_CLAIM_MS ? receivedAt : saidAt;
}
