import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { z } from 'zod';
import { detectionSchema } from '../../detection/detection-config.js';
import { Projects } from '../../projects/project.registry.js';
import { Needs } from '../../platform/auth/needs.js';
import { Clock } from '../../platform/clock.js';
import { duration } from '../../platform/config/schema.js';
import { Problem } from '../../platform/errors.js';
import { type Answer, Answers, count, maybeMoment, moment } from '../../platform/http/answers.js';
import { HungUp } from '../../platform/http/hang-up.js';
import { Backtest, summaryOf } from './backtest.service.js';
import { SEVERITIES } from '../incident.js';

const request = z.strictObject({
  project: z.string().optional(),
  from: z.iso.datetime({ offset: true }),
  to: z.iso.datetime({ offset: true }),
  detection: detectionSchema.optional(),
  quietFor: duration.optional(),
  policy: z.strictObject({ severity: z.array(z.enum(SEVERITIES)).min(1).optional() }).optional(),
});

const backtestAnswer = z.object({
  opened: count,
  told: count.describe('Customers who would have been written to, one of two incidents counted twice.'),
  firstCustomerAt: maybeMoment,
  firstAlertAt: maybeMoment,
  words: z.string(),
  incidents: z.array(
    z.object({
      project: z.string(),
      issues: z.array(z.string()),
      severity: z.enum(SEVERITIES),
      firstCustomerAt: moment,
      firstAlertAt: moment,
      lastCustomerAt: moment,
      customers: count,
      told: count,
      reasons: z.array(z.string()),
    }),
  ),
});

/** `POST /v1/backtest`: tells what other thresholds or another policy would have done with the stored history. */
@Controller('v1/backtest')
export class BacktestController {
  constructor(
    private readonly backtest: Backtest,
    private readonly projects: Projects,
    private readonly clock: Clock,
  ) {}

  @Post()
  @Needs('ops')
  @HttpCode(200)
  @Answers('Replay stored history under other thresholds', backtestAnswer)
  async run(
    @Body({ schema: request }) body: z.output<typeof request>,
    @HungUp() signal: AbortSignal,
  ): Promise<Answer<typeof backtestAnswer>> {
    const named = this.projects.named(body.project);
    const projects = named ? [named] : this.projects.list();
    const [from, to] = [new Date(body.from), new Date(body.to)];
    if (from >= to) throw new Problem(400, 'invalid', 'to: must be after from.');
    const incidents = [];
    for (const { id: projectId, slug } of projects) {
      const asked = {
        projectId,
        from,
        to,
        now: this.clock.now(),
        detection: body.detection ?? {},
        quietFor: body.quietFor,
        severities: body.policy?.severity,
      };
      for (const one of await this.backtest.run(asked, { signal })) incidents.push({ project: slug, ...one });
    }
    return { incidents, ...summaryOf(incidents) };
  }
}
