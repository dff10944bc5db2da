import { Module } from '@nestjs/common';
import { HealthController } from './health.controller.js';

/** WATCH: health and metrics. */
@Module({ controllers: [HealthController] })
export class OpsModule {}
