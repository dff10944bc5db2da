import { Body, Controller, Get, Put } from '@nestjs/common';
import { z } from 'zod';
import { CurrentCaller, Needs } from '../../platform/auth/needs.js';
import { type Caller } from '../../platform/auth/role.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { type Answer, Answers, count, moment } from '../../platform/http/answers.js';
import { MessageReadModel } from '../messages/message.read-model.js';
import { SendingSwitch } from './sending-switch.service.js';
import { SENDING, SwitchStore } from './switch.store.js';

const switchBody = z.strictObject({
  sending: z.enum(SENDING),
  reason: z.string().trim().min(1).max(500).nullish(),
});
const switchAnswer = z
  .object({
    sending: z.enum(SENDING).describe('held: everything is planned and nothing leaves.'),
    reason: z.string().nullable(),
    changedBy: z.string(),
    changedAt: moment,
    due: count.describe('Messages of approved campaigns that are due; under `held` they wait.'),
  })
  .meta({ id: 'OutreachSwitch' });

/** `GET/PUT /v1/outreach/switch`: the kill switch of the whole installation. */
@Controller('v1/outreach/switch')
export class SwitchController {
  constructor(
    private readonly store: SwitchStore,
    private readonly switches: SendingSwitch,
    private readonly lists: MessageReadModel,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Get()
  @Needs('ops')
  @Answers('Show whether messages go out', switchAnswer)
  async get(): Promise<Answer<typeof switchAnswer>> {
    const state = await this.store.read(this.database);
    return { ...state, due: await this.lists.countDue(this.database, this.clock.now()) };
  }

  @Put()
  @Needs('ops')
  @Answers('Hold all sending, or let it go on', switchAnswer)
  async put(
    @Body({ schema: switchBody }) { sending, reason }: z.output<typeof switchBody>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof switchAnswer>> {
    await this.switches.set(sending, reason ?? null, caller.name, this.clock.now());
    return this.get();
  }
}
