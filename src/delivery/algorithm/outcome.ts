import { assertNever } from '../../platform/errors.js';
import { type GatewayReason, type SendResult } from '../gateway.js';

/** Attempts after which a message is given up: with the waits below that is about half a day. */
export const MAX_ATTEMPTS = 8;
/** Longest wait between two attempts, milliseconds. */
const LONGEST_WAIT = 4 * 3_600_000;

/** New state of a message after an attempt. */
export type Settlement =
  | { readonly to: 'sent'; readonly providerId: string }
  | { readonly to: 'shown'; readonly reason: 'only_shown' }
  | { readonly to: 'pending'; readonly reason: GatewayReason; readonly nextAt: Date }
  | {
      readonly to: 'failed';
      readonly reason: GatewayReason;
      readonly pauseCampaign: boolean;
      readonly refuseAddress: boolean;
    }
  | { readonly to: 'in_doubt'; readonly reason: GatewayReason; readonly nextAt: Date };

/**
 * Turns a gateway's answer into what happens to the message. A refusal of our whole setup does not use the message up:
 * it waits while its campaign is paused.
 * @param attempt which attempt this was, from 1
 */
export function settle(result: SendResult, attempt: number, now: Date): Settlement {
  switch (result.kind) {
    case 'sent':
      return { to: 'sent', providerId: result.providerId };
    case 'shown':
      return { to: 'shown', reason: 'only_shown' };
    case 'retry':
      if (attempt >= MAX_ATTEMPTS)
        return { to: 'failed', reason: result.reason, pauseCampaign: false, refuseAddress: false };
      return { to: 'pending', reason: result.reason, nextAt: stretched(result.notBefore, attempt, now) };
    case 'rejected':
      return {
        to: 'failed',
        reason: result.reason,
        pauseCampaign: result.scope === 'setup',
        refuseAddress: result.suppress === true,
      };
    case 'inDoubt':
      return { to: 'in_doubt', reason: result.reason, nextAt: now };
    default:
      return assertNever(result);
  }
}

/** The gateway's wait, doubled with each attempt. */
function stretched(notBefore: Date, attempt: number, now: Date): Date {
  const wait = Math.max(1000, notBefore.getTime() - now.getTime()) * 2 ** (attempt - 1);
  return new Date(now.getTime() + Math.min(wait, LONGEST_WAIT));
}
