import { Injectable } from '@nestjs/common';
import { Problem } from '../platform/errors.js';

/** A customer whom an agent gives to a person, or who asks for one. */
export interface PassedOn {
  readonly customer?: string;
  readonly project?: string;
  readonly directory?: string;
  readonly locale?: string;
  /** Customer and incident where they are known by more than names, as on a customer's own page. */
  readonly about?: { readonly customerId: number; readonly incidentId: number };
  /** Name of the channel on which they are; `chat` where it is left out. */
  readonly channel?: string;
  /** Why, or what was said so far. */
  readonly text?: string;
  /** Name of the token that asks. */
  readonly by: string;
}

/** A hand-over as the agent sees it, with the line that the customer is to see. */
export interface Passed {
  readonly id: string;
  readonly state: string;
  readonly line: string;
  readonly repeated: boolean;
}

/** Whether a person must take over (`required`) or is on offer, with the line that the customer is to see. */
export interface HandoverAdvice {
  readonly handover: 'required' | 'offered' | null;
  readonly line: string | null;
}

/** Facts by which that is said: the customer's words, whether something fits them, and their language. */
export interface Asked {
  readonly text: string;
  readonly matched: boolean;
  readonly locale: string | null;
}

/** Place where agents hand customers to a person. Hand-overs belong to a later room, which registers how to make one. */
@Injectable()
export class HandOverDesk {
  private take: (passed: PassedOn) => Promise<Passed> = () =>
    Promise.reject(new Problem(503, 'busy', 'Hand-overs are not taken yet; try again in a moment.'));

  private say: (asked: Asked) => HandoverAdvice = () => ({ handover: null, line: null });

  /** Names who takes hand-overs, and who says when one is needed. */
  register(take: (passed: PassedOn) => Promise<Passed>, say: (asked: Asked) => HandoverAdvice): void {
    this.take = take;
    this.say = say;
  }

  /** Says whether a person must take over. */
  advise(asked: Asked): HandoverAdvice {
    return this.say(asked);
  }

  /** Hands a customer to a person. @throws Problem for who or what does not exist, or too many of one customer */
  pass(passed: PassedOn): Promise<Passed> {
    return this.take(passed);
  }
}
