import { type Answer } from '../../platform/http/answers.js';
import { type contextAnswer } from '../context/context.answer.js';
import { type HandOverReason } from '../contact.js';

/** Hand-over as a desk is told of it. */
export interface ToldHandOver {
  readonly id: number;
  /** The same on every attempt. */
  readonly webhookId: string;
  readonly createdAt: Date;
  readonly channel: string;
  readonly reason: HandOverReason;
  /** The customer's own words, without secrets. */
  readonly text: string | null;
  readonly locale: string | null;
  readonly incidentId: number | null;
  readonly contact: {
    readonly id: number;
    readonly channel: string;
    readonly externalId: string;
    readonly at: Date;
  } | null;
  readonly customer: ToldCustomer | null;
  readonly context: Answer<typeof contextAnswer> | null;
}

/** Customer as a desk knows people. */
export interface ToldCustomer {
  readonly externalId: string | null;
  readonly name: string | null;
  readonly email: string | null;
  readonly phone: string | null;
}

/** A place where people take hand-overs. */
export interface Desk {
  /**
   * Tells of a hand-over. Called again after a failure and after a crash, so it must know by `webhookId` what it was told before.
   * @throws DeskFailure
   */
  tell(one: ToldHandOver, now: Date, signal: AbortSignal): Promise<void>;
}

/** Failure of a call, by a short code without any of the desk's own text. */
export class DeskFailure extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}
