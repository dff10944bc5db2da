import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { ProjectsModule } from '../projects/projects.module.js';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { DetectStage } from './detect/detect.stage.js';
import { DetectionStore } from './detect/detection.store.js';
import { DetectionsController } from './detect/detections.controller.js';
import { Detections } from './public.js';
import { RollupStage } from './rollup/rollup.stage.js';
import { RollupStore } from './rollup/rollup.store.js';
import { SeriesReadModel } from './read/series.read-model.js';
import { SeriesController } from './read/series.controller.js';
import { ShareReader } from './detect/share.reader.js';
import { StateStore } from './detect/state.store.js';
import { VerdictWriter } from './detect/verdict.writer.js';

/** NOTICE: makes verdicts on series. */
@Module({
  imports: [ProjectsModule],
  controllers: [DetectionsController, SeriesController],
  providers: [
    DetectionStore,
    SeriesReadModel,
    ShareReader,
    StateStore,
    VerdictWriter,
    RollupStore,
    DetectStage,
    RollupStage,
    Detections,
  ],
  exports: [Detections],
})
export class DetectionModule implements OnApplicationBootstrap {
  constructor(
    private readonly runner: StageRunner,
    private readonly detect: DetectStage,
    private readonly rollup: RollupStage,
  ) {}

  onApplicationBootstrap(): void {
    this.runner.register(this.detect);
    this.runner.register(this.rollup);
  }
}
