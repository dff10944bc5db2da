import { Module } from '@nestjs/common';
import { HealthController } from './health.controller.js';
import { OpenApiController } from './openapi.controller.js';
import { ApiDescription } from './openapi.service.js';

/** WATCH: health, metrics, and the description of the API. */
@Module({ controllers: [HealthController, OpenApiController], providers: [ApiDescription] })
export class OpsModule {}
