import { Injectable } from '@nestjs/common';
import { MessageQueue } from '../../outreach/public.js';
import { type Stage, type StageResult } from '../../platform/stages/stage.js';

/**
 * Takes back what dead workers held: what they had claimed waits again, what they were sending is in doubt. Two statements over an
 * index, so that it is never late; a second run finds nothing.
 */
@Injectable()
export class LeasesStage implements Stage {
  readonly name = 'leases';
  readonly pauseMs = 2000;
  readonly limitMs = 30_000;

  constructor(private readonly queue: MessageQueue) {}

  async runOnce(now: Date): Promise<StageResult> {
    const { released, doubted } = await this.queue.expireLeases(now);
    return { worked: released + doubted, more: false };
  }
}
