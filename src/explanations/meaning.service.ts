import { Inject, Injectable } from '@nestjs/common';
import { type Kinds, MATCHER, type Matcher, type NearestKind } from './matcher.js';
import { Matching } from './outcomes/matching.service.js';

/** An incident that words are about; `score` from 0 to 1. */
export interface Meant {
  readonly incidentId: number;
  readonly score: number;
}

/** Says what customers' words are about, by meaning and across languages. */
@Injectable()
export class Meaning {
  constructor(
    private readonly matching: Matching,
    @Inject(MATCHER) private readonly matcher: Matcher,
  ) {}

  /**
   * Finds the incident of these that the words are surely about; undefined where no one is sure. Takes milliseconds, and connections of its own: call
   * it outside of a transaction.
   */
  async of(text: string, locale: string | null, incidentIds: readonly number[]): Promise<Meant | undefined> {
    return this.matching.meant(text, locale, incidentIds);
  }

  /** Finds the kind of sentence that words are nearest to; null where there are none. Seconds at the first call, while the model loads. */
  async kindOf<Kind extends string>(text: string, kinds: Kinds<Kind>): Promise<NearestKind<Kind> | null> {
    return (await this.matcher.kindOf(text, kinds)) as NearestKind<Kind> | null;
  }
}
