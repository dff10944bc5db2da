import { type Recipient } from '../../customers/customer.js';
import { type OpenContact } from '../open-contacts.registry.js';

/** Answers that messages claimed together share, each asked for once. Lives as long as the transaction that asks. */
export class Looked {
  private readonly answers = new Map<string, Promise<unknown>>();

  /**
   * @param recipients those of all messages, by customer
   * @param unlinked customers from whom a name was taken since their messages were planned
   * @param contacts what they are in contact about now
   */
  constructor(
    readonly recipients: ReadonlyMap<number, Recipient> = new Map(),
    readonly unlinked: ReadonlySet<number> = new Set(),
    private readonly contacts: readonly OpenContact[] = [],
  ) {}

  /** True if a customer is in contact about an incident now. */
  isInContact(customerId: number, incidentId: number): boolean {
    return this.contacts.some((one) => one.customerId === customerId && one.incidentId === incidentId);
  }

  /** The answer to a question, asked only the first time; `key` names what is asked and about what. */
  once<T>(key: string, ask: () => Promise<T>): Promise<T> {
    let answer = this.answers.get(key) as Promise<T> | undefined;
    if (!answer) {
      answer = ask();
      this.answers.set(key, answer);
    }
    return answer;
  }
}
