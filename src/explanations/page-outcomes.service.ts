import { Injectable } from '@nestjs/common';
import { type Tx } from '../platform/db/database.js';
import { OutcomeStore } from './outcomes/outcome.store.js';

/** Word of a customer on their page whether the explanation helped. */
export interface PageWord {
  readonly messageId: string;
  readonly incidentId: number;
  readonly customerId: number;
  readonly helped: boolean;
}

/** Takes what customers say on their pages about explanations; it stands beside what bots report. */
@Injectable()
export class PageOutcomes {
  constructor(private readonly store: OutcomeStore) {}

  /** Notes a word; the last one about a message counts. */
  async note(tx: Tx, { messageId, incidentId, customerId, helped }: PageWord, now: Date): Promise<void> {
    const outcome = helped ? 'helped' : 'not';
    const about = { incidentId, customerId, questionId: null, outcome, reportedBy: 'customer page' } as const;
    await this.store.report(tx, { answer: `page.${messageId}`, ...about }, now);
  }
}
