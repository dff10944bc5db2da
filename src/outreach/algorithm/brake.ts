import { type Policy } from '../policy.js';

/** Outcome of a campaign so far. */
export interface CampaignOutcome {
  /** Messages that providers took or refused for good. */
  readonly tried: number;
  readonly failed: number;
  /** Customers who opted out after their message. */
  readonly optedOut: number;
  /** Customers who reported their message as unwanted. */
  readonly complained: number;
  /** Messages of the present share that are not final. */
  readonly open: number;
}

/** Rule that stops a campaign, with the share it came to. */
export interface Stop {
  readonly measure: 'failed' | 'optedOut' | 'complained';
  readonly share: number;
  readonly limit: number;
}

/** Cases below which no rule stops: one failure of one message is 100 %. A judgement; two dead numbers in a first step of ten must not stop it. */
const LEAST_CASES = 3;
/**
 * Time between two steps of a ramp after the last message of a step is final, milliseconds, in which receipts and opt-outs come in. A judgement: most
 * receipts of SMS come within a minute; at double a wave of three steps takes eight minutes more.
 */
export const STEP_PAUSE_MS = 120_000;

/** The first rule that the outcome breaks; undefined while none is. */
export function brokenRule(rules: Policy['stopWhen'], outcome: CampaignOutcome): Stop | undefined {
  const { tried } = outcome;
  if (!rules || tried === 0) return undefined;
  for (const measure of ['failed', 'optedOut', 'complained'] as const) {
    const [cases, limit] = [outcome[measure], rules[measure]];
    if (limit !== undefined && cases >= LEAST_CASES && cases / tried > limit)
      return { measure, share: cases / tried, limit };
  }
  return undefined;
}

/** The share that comes after this one; all once there is no further step. */
export function nextShare(ramp: readonly number[], share: number): number {
  return ramp.find((one) => one > share) ?? 1;
}
