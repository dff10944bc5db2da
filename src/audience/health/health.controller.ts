import { Controller, Get, Query } from '@nestjs/common';
import { z } from 'zod';
import { CustomerDirectory } from '../../customers/public.js';
import { Needs } from '../../platform/auth/needs.js';
import { Database } from '../../platform/db/database.js';
import { Problem } from '../../platform/errors.js';
import { type Answer, Answers, count, moment } from '../../platform/http/answers.js';
import { HEALTH_BANDS } from '../algorithm/health.v1.js';
import { HealthStore } from './health.store.js';

const healthQuery = z.strictObject({
  band: z.enum(HEALTH_BANDS).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(40).optional(),
});
const calls = z.object({
  called: count.describe(
    'Customers who were called so and looked at again two weeks later; of the rest one in twenty.',
  ),
  silent: count.describe('Those of them who did not use the app in that time.'),
});
const healthAnswer = z.object({
  items: z.array(
    z.object({
      customerId: z.string(),
      externalId: z.string().nullable(),
      score: z.int().describe('100 is well.'),
      band: z.enum(HEALTH_BANDS),
      parts: z
        .object({ hits: z.number(), contacts: z.number(), use: z.number() })
        .describe('Points that each part took off.'),
      activeDays: z
        .object({ seen: z.number(), usual: z.number() })
        .nullable()
        .describe('Days of use in the last week, and as many as are usual; null where that is not known.'),
      scoredAt: moment,
    }),
  ),
  nextCursor: z.string().nullable(),
  calibration: z.object({ poor: calls, rest: calls }),
});

/** `GET /v1/customers/health`: who is likely to give up, worst first. */
@Controller('v1/customers/health')
export class HealthOfCustomersController {
  constructor(
    private readonly store: HealthStore,
    private readonly directory: CustomerDirectory,
    private readonly database: Database,
  ) {}

  @Get()
  @Needs('agent')
  @Answers('List customers by health, worst first', healthAnswer)
  async list(
    @Query({ schema: healthQuery }) { band, limit, cursor }: z.output<typeof healthQuery>,
  ): Promise<Answer<typeof healthAnswer>> {
    const after = cursor === undefined ? { score: -1, customerId: 0 } : readCursor(cursor);
    const bands = band === undefined ? HEALTH_BANDS : [band];
    const found = await this.store.worst(this.database, bands, after, limit);
    const ids = await this.directory.externalIds(
      this.database,
      found.map((one) => one.customerId),
    );
    const last = found.length === limit ? found.at(-1) : undefined;
    return {
      items: found.map((one) => ({
        ...one,
        customerId: String(one.customerId),
        externalId: ids.get(one.customerId) ?? null,
      })),
      nextCursor: last ? `${last.score}-${last.customerId}` : null,
      calibration: await this.store.calibration(this.database),
    };
  }
}

function readCursor(cursor: string): { score: number; customerId: number } {
  const [, score, customerId] = /^(\d{1,3})-(\d{1,15})$/.exec(cursor) ?? [];
  if (score === undefined) throw new Problem(400, 'invalid', 'cursor: is none that an answer gave.');
  return { score: Number(score), customerId: Number(customerId) };
}
