import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { BasicToo, Needs } from '../../platform/auth/needs.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { AnswersNothing } from '../../platform/http/answers.js';
import { type Webhook, webhookSchema } from './alert.js';
import { Alerts } from './alerts.service.js';

/**
 * `POST /hooks/alertmanager`: the webhook receiver. Alertmanager drops what we answer with 4xx and sends again what we
 * answer with 5xx, so an invalid body gets 400 and an absent database 503.
 */
@Controller('hooks')
export class AlertmanagerController {
  constructor(
    private readonly alerts: Alerts,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Post('alertmanager')
  @Needs('alerts')
  @BasicToo()
  @AnswersNothing('Take a notification from Alertmanager')
  @HttpCode(204)
  async notify(@Body({ schema: webhookSchema }) body: Webhook): Promise<void> {
    await this.database.transaction(async (tx) => this.alerts.take(tx, body, this.clock.now()));
  }
}
