import { Controller, Get, Query } from '@nestjs/common';
import { z } from 'zod';
import { Needs } from '../../platform/auth/needs.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { Clock } from '../../platform/clock.js';
import { duration, slug } from '../../platform/config/schema.js';
import { Database } from '../../platform/db/database.js';
import { type Answer, Answers, count } from '../../platform/http/answers.js';
import { Projects } from '../../projects/project.registry.js';
import { calibrate, type CalibrationBand, together } from '../algorithm/calibration.v1.js';
import { CalibrationReadModel } from './calibration.read-model.js';

const calibrationQuery = z.object({
  project: slug.optional().describe('Slug of a project; all of them where it is left out.'),
  within: duration.prefault('90d').describe('Age of the oldest expectation that counts.'),
});
const interval = z.tuple([z.number(), z.number()]).nullable().describe('Null below two incidents.');
const counted = z.object({
  incidents: count,
  customers: count.describe('Customers who were called at risk.'),
  expected: z.number().describe('Mean of the hit rates that were expected when they were called so.'),
  measured: z.number().describe('Share of them who were hit in as much time again as the incident had lasted.'),
  interval,
});
const calibrationAnswer = z
  .object({
    all: counted.nullable().describe('Null where nothing can be judged yet.'),
    items: z
      .array(counted.extend({ from: z.number(), to: z.number(), words: z.string() }))
      .describe('By tenths of the expected rate.'),
    tooShort: count.describe('Incidents that ended before their expectation fell due, and so say nothing.'),
    words: z.string(),
  })
  .meta({ id: 'Calibration' });

/** `GET /v1/reports/calibration`: whether those called at risk were hit as often as was said. */
@Controller('v1/reports')
export class CalibrationController {
  constructor(
    private readonly readModel: CalibrationReadModel,
    private readonly projects: Projects,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Get('calibration')
  @Needs('agent')
  @OfProject('query')
  @Answers('Compare the hit rates that were expected of customers at risk with those that came', calibrationAnswer)
  async calibration(
    @Query({ schema: calibrationQuery }) query: z.output<typeof calibrationQuery>,
  ): Promise<Answer<typeof calibrationAnswer>> {
    const now = this.clock.now();
    const project = this.projects.named(query.project)?.id;
    const since = new Date(now.getTime() - query.within);
    const { outcomes, tooShort } = await this.readModel.outcomes(this.database, project, since, now);
    const items = calibrate(outcomes).map((band) => ({
      ...short(band),
      from: band.from,
      to: band.to,
      words: inWords(band),
    }));
    if (outcomes.length === 0)
      return { all: null, items, tooShort, words: 'Nothing that was expected has fallen due yet.' };
    const all = together(outcomes);
    return { all: short(all), items, tooShort, words: inWords(all) };
  }
}

type Counted = Omit<CalibrationBand, 'from' | 'to'>;

/** Three decimals: what follows them is noise. */
function short({ incidents, customers, expected, measured, interval }: Counted): Answer<typeof counted> {
  const cut = (value: number) => Number(value.toFixed(3));
  return {
    incidents,
    customers,
    expected: cut(expected),
    measured: cut(measured),
    interval: interval && [cut(interval[0]), cut(interval[1])],
  };
}

/** `what was called 30 % was 27 % (200 customers, 2 incidents)` */
function inWords({ expected, measured, customers, incidents }: Counted): string {
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  return `what was called ${percent(expected)} was ${percent(measured)} (${customers} customers, ${incidents} incident${incidents === 1 ? '' : 's'})`;
}
