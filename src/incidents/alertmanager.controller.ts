import { Body, Controller, Headers, HttpCode, Post } from '@nestjs/common';
import { Public } from '../platform/auth/auth.guard.js';
import { covers } from '../platform/auth/role.js';
import { TokenStore } from '../platform/auth/token.store.js';
import { Clock } from '../platform/clock.js';
import { Database } from '../platform/db/database.js';
import { Problem } from '../platform/errors.js';
import { type Webhook, webhookSchema } from './alert.js';
import { Alerts } from './alerts.service.js';

/**
 * `POST /hooks/alertmanager`: the webhook receiver. Alertmanager drops what is answered 4xx and sends again what is answered 5xx, so a
 * body that can never be taken is 400 and an absent database 503.
 */
@Controller('hooks')
export class AlertmanagerController {
  constructor(
    private readonly alerts: Alerts,
    private readonly tokens: TokenStore,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Post('alertmanager')
  @Public()
  @HttpCode(204)
  async notify(
    @Headers('authorization') authorization: string | undefined,
    @Body({ schema: webhookSchema }) body: Webhook,
  ): Promise<void> {
    await this.mayNotify(authorization);
    await this.database.transaction(async (tx) => this.alerts.take(tx, body, this.clock.now()));
  }

  /** A token with the role ops: as bearer, or as the password of basic auth, which some senders know alone. JSON bodies cannot be forged by a form. */
  private async mayNotify(authorization = ''): Promise<void> {
    const [scheme = '', value = ''] = authorization.split(' ');
    const basic = Buffer.from(value, 'base64').toString('utf8');
    const token = scheme.toLowerCase() === 'basic' ? basic.slice(basic.indexOf(':') + 1) : value;
    const caller = token === '' ? undefined : await this.tokens.find(token);
    if (!caller)
      throw new Problem(
        401,
        'unauthorized',
        'This needs a token: set http_config.authorization.credentials of the receiver.',
      );
    if (!covers(caller.role, 'ops'))
      throw new Problem(403, 'forbidden', `This needs a token with role ops; this one has ${caller.role}.`);
  }
}
