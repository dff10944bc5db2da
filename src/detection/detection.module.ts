import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { IssuesModule } from '../issues/issues.module.js';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { DetectStage } from './detect.stage.js';
import { DetectionStore } from './detection.store.js';
import { Detections } from './public.js';

/** NOTICE: verdicts on series. */
@Module({
  imports: [IssuesModule],
  providers: [DetectionStore, DetectStage, Detections],
  exports: [Detections],
})
export class DetectionModule implements OnApplicationBootstrap {
  constructor(
    private readonly runner: StageRunner,
    private readonly detect: DetectStage,
  ) {}

  onApplicationBootstrap(): void {
    this.runner.register(this.detect);
  }
}
