import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { ProjectsModule } from '../projects/projects.module.js';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { DetectStage } from './detect.stage.js';
import { DetectionStore } from './detection.store.js';
import { DetectionsController } from './detections.controller.js';
import { Detections } from './public.js';
import { RollupStage } from './rollup.stage.js';
import { RollupStore } from './rollup.store.js';
import { SeriesReadModel } from './series.read-model.js';
import { SeriesController } from './series.controller.js';
import { ShareReader } from './share.reader.js';
import { StateStore } from './state.store.js';
import { VerdictWriter } from './verdict.writer.js';

/** NOTICE: verdicts on series. */
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
