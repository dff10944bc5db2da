import { Injectable } from '@nestjs/common';
import { type Tx } from '../platform/db/database.js';
import { type DetectionRow, DetectionStore } from './detection.store.js';

/** Verdicts for the step that acts on them. */
@Injectable()
export class Detections {
  constructor(private readonly store: DetectionStore) {}

  /** Takes verdicts that nobody has acted on; they come again unless the transaction commits after `markHandled`. */
  async claim(tx: Tx, limit: number): Promise<DetectionRow[]> {
    return this.store.claim(tx, limit);
  }

  /** Marks verdicts as acted on. */
  async markHandled(tx: Tx, ids: readonly number[], now: Date): Promise<void> {
    await this.store.markHandled(tx, ids, now);
  }
}
