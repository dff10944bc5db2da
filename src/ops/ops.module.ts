import { Module } from '@nestjs/common';
import { HealthController } from './health/health.controller.js';
import { OpenApiController } from './api-description/openapi.controller.js';
import { ApiDescription } from './api-description/openapi.service.js';

/** WATCH: health, metrics, and the description of the API. */
@Module({ controllers: [HealthController, OpenApiController], providers: [ApiDescription] })
export class OpsModule {}
