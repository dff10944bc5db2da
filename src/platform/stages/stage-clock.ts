import { Injectable } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { HOURLY_STAGES } from './stage.js';
import { StageRunner } from './stage-runner.js';

/** Wakes the stages that run once an hour. A quarter past: jobs of other systems start on the hour. */
@Injectable()
export class StageClock {
  constructor(private readonly runner: StageRunner) {}

  @Cron('15 * * * *', { timeZone: 'UTC' })
  wakeHourly(): void {
    for (const name of HOURLY_STAGES) this.runner.wake(name);
  }
}
