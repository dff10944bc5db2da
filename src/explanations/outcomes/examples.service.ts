import { Injectable } from '@nestjs/common';
import { type Sql } from '../../platform/db/database.js';
import { examplesFrom } from '../algorithm/match/confirmed-examples.js';
import { type Confirmed } from './outcome.js';
import { OutcomeStore } from './outcome.store.js';

/** Standing of a customer's words: an example, one that waits for another customer to say the same, or taken out by a person. */
export const EXAMPLE_STATES = ['inUse', 'waiting', 'removed'] as const;
type ExampleState = (typeof EXAMPLE_STATES)[number];

/** Customer's words with their standing. */
export interface Example extends Confirmed {
  readonly state: ExampleState;
}

/** Customers' own words that teach which incident is meant. */
@Injectable()
export class Examples {
  constructor(private readonly store: OutcomeStore) {}

  /** Lists the words that helped with these incidents and with earlier ones of their areas, newest first. */
  async of(sql: Sql, incidentIds: readonly number[]): Promise<Example[]> {
    const said = await this.store.confirmed(sql, incidentIds);
    const inUse = new Map<number, ReadonlySet<string>>();
    for (const incidentId of new Set(said.map((one) => one.incidentId))) {
      const own = said.filter((one) => one.incidentId === incidentId && one.removedBy === null).toReversed();
      inUse.set(incidentId, new Set(examplesFrom(own.map(confirmation))));
    }
    return said
      .filter(({ outcome }) => outcome === 'helped')
      .map((one) => {
        const taken = inUse.get(one.incidentId)?.has(one.text) ? 'inUse' : 'waiting';
        return { ...one, state: one.removedBy === null ? taken : 'removed' };
      });
  }
}

function confirmation({ text, customerId, outcome }: Confirmed) {
  return { text, customerId: customerId === null ? null : String(customerId), helped: outcome === 'helped' };
}
