import { createHash } from 'node:crypto';
import type { GatewayReason, RefusalScope, SendResult } from '../gateway.js';

/** Meaning of a provider's failure, without the moment of the next attempt. */
export type Verdict =
  | { readonly kind: 'retry'; readonly reason: GatewayReason; readonly afterSeconds: number }
  | {
      readonly kind: 'rejected';
      readonly reason: GatewayReason;
      readonly scope: RefusalScope;
      readonly suppress?: boolean;
    }
  | { readonly kind: 'inDoubt'; readonly reason: GatewayReason };

/** Waits in seconds before the next attempt, by what kind of obstacle was met. */
export const WAIT = {
  /** A broken or refused connection: likely a restart at the other end. */
  connection: 15,
  /** A provider that says it is too busy and names no time of its own. */
  busy: 30,
  /** Greylisting and its kin; receivers commonly ask for one to fifteen minutes (RFC 6647, section 4.5). */
  deferred: 300,
  /** A phone that is off or a mailbox that is full does not change in minutes. */
  recipient: 2700,
} as const;

/** Waits are stretched by up to this share, so that the messages of one wave do not all come back in the same second. */
const SPREAD = 0.25;

/** Builds a retry verdict. */
export function retry(reason: GatewayReason, afterSeconds: number): Verdict {
  return { kind: 'retry', reason, afterSeconds };
}

/** Builds a refusal; `suppress` only where the address itself is dead or unwilling. */
export function rejected(reason: GatewayReason, scope: RefusalScope, suppress?: 'suppress'): Verdict {
  return suppress ? { kind: 'rejected', reason, scope, suppress: true } : { kind: 'rejected', reason, scope };
}

/** Builds a verdict that the provider may or may not have the message. */
export function inDoubt(reason: GatewayReason): Verdict {
  return { kind: 'inDoubt', reason };
}

/** Places a verdict in time. The wait is spread by the message's id, so the same input gives the same moment. */
export function resultOf(verdict: Verdict, messageId: string, now: Date, code?: string): SendResult {
  const withCode = code === undefined ? {} : { code };
  if (verdict.kind !== 'retry') return { ...verdict, ...withCode };
  const waitMs = verdict.afterSeconds * 1000 * (1 + SPREAD * shareOf(messageId));
  return {
    kind: 'retry',
    reason: verdict.reason,
    notBefore: new Date(now.getTime() + Math.round(waitMs)),
    ...withCode,
  };
}

/** A number in [0, 1) that depends on the id alone. */
function shareOf(messageId: string): number {
  return createHash('sha256').update(messageId).digest().readUInt32BE(0) / 2 ** 32;
}
