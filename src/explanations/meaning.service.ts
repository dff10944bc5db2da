import { Injectable } from '@nestjs/common';
import { Matching } from './outcomes/matching.service.js';

/** An incident that words are about; `score` from 0 to 1. */
export interface Meant {
  readonly incidentId: number;
  readonly score: number;
}

/** Says what customers' words are about, by meaning and across languages. */
@Injectable()
export class Meaning {
  constructor(private readonly matching: Matching) {}

  /**
   * Finds the incident of these that the words are surely about; undefined where no one is sure. Takes milliseconds, and connections of its own: call
   * it outside of a transaction.
   */
  async of(text: string, locale: string | null, incidentIds: readonly number[]): Promise<Meant | undefined> {
    return this.matching.meant(text, locale, incidentIds);
  }
}
