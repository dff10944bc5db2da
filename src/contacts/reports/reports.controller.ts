import { Controller, Get, Query } from '@nestjs/common';
import { z } from 'zod';
import { Incidents } from '../../incidents/public.js';
import { Needs } from '../../platform/auth/needs.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { notFound } from '../../platform/errors.js';
import { type Answer, Answers, count } from '../../platform/http/answers.js';
import { Projects } from '../../projects/project.registry.js';
import { DEFLECTION_METHODS, deflectionOf } from '../algorithm/deflection.js';
import { idText } from '../record/contact-fields.js';
import { type Period, ReportReadModel } from './report.read-model.js';

/** A month of the calendar, in UTC. */
const month = z.string().regex(/^20\d\d-(0[1-9]|1[0-2])$/, 'must be a month like 2026-11');
const deflectionQuery = z
  .strictObject({
    incident: idText.optional(),
    month: month.optional(),
    hours: z.coerce.number().int().min(1).max(720).default(72),
  })
  .refine((one) => one.incident === undefined || one.month === undefined, 'give incident or month, not both');
const feedbackQuery = z.strictObject({
  month: month.optional(),
  project: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(20),
});

const group = z.object({ customers: count, contacts: count });
const deflectionAnswer = z
  .object({
    hours: count.describe('Hours from when a customer was to be told in which their contacts count.'),
    told: group.describe('Whoever was meant to be told, sent or not.'),
    heldOut: group.nullable().describe('Null where nobody was held out.'),
    method: z.enum(DEFLECTION_METHODS),
    avoided: z
      .object({
        perHundred: z.number().describe('Contacts avoided per hundred customers told; below 0 there were more.'),
        interval: z.tuple([z.number(), z.number()]).describe('95 % interval.'),
      })
      .nullable(),
    requiredHeldOut: count.nullable().describe('Customers to hold out in order to see that contacts are halved.'),
    words: z.string(),
    warning: z.string().nullable(),
    proactive: z.object({
      incidents: count.describe('Incidents about which somebody was told or made contact.'),
      toldFirst: count.describe('Of those, told before the first contact.'),
      contacts: count,
      contactsAfterTold: count.describe('Of those, by customers who had been told.'),
    }),
  })
  .meta({ id: 'Deflection' });
const feedbackAnswer = z.object({
  items: z.array(
    z.object({
      project: z.string(),
      area: z.string().nullable(),
      release: z.string().nullable().describe('Release in which most of the events began.'),
      incidents: count,
      customers: count.describe('Customers hit, of each incident anew.'),
      contacts: count,
      score: z.number().describe('Customers times severity (1, 3, 9), times 1 plus contacts for each customer.'),
    }),
  ),
  nextCursor: z.null(),
});

/** `GET /v1/reports/…`: whether telling customers helped, and what hurts them most. */
@Controller('v1/reports')
export class ReportsController {
  constructor(
    private readonly reports: ReportReadModel,
    private readonly incidents: Incidents,
    private readonly projects: Projects,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Get('deflection')
  @Needs('agent')
  @Answers('Measure the contacts that telling customers avoided', deflectionAnswer)
  async deflection(
    @Query({ schema: deflectionQuery }) query: z.output<typeof deflectionQuery>,
  ): Promise<Answer<typeof deflectionAnswer>> {
    const { incident, hours } = query;
    if (incident !== undefined && !(await this.incidents.find(this.database, incident)))
      throw notFound('incident', String(incident));
    const period = { ...monthOf(query.month, this.clock.now()), incidentId: incident ?? null };
    const told = await this.reports.counts(this.database, period, hours);
    const proactive = await this.reports.proactive(this.database, period);
    return { hours, ...deflectionOf(told, hours), proactive };
  }

  @Get('product-feedback')
  @Needs('agent')
  @Answers('List what hurts customers most, by area and release', feedbackAnswer)
  async feedback(
    @Query({ schema: feedbackQuery }) query: z.output<typeof feedbackQuery>,
  ): Promise<Answer<typeof feedbackAnswer>> {
    const period = monthOf(query.month, this.clock.now());
    const project = this.projects.named(query.project)?.id ?? null;
    const rows = await this.reports.hurt(this.database, period, project, query.limit);
    return {
      items: rows.map(({ weight, ...row }) => ({
        ...row,
        score: Number((weight * (1 + row.contacts / Math.max(1, row.customers))).toFixed(1)),
      })),
      nextCursor: null,
    };
  }
}

/** The month of this name, or the one that is running, in UTC. */
function monthOf(name: string | undefined, now: Date): Period {
  const [year = now.getUTCFullYear(), nth = now.getUTCMonth() + 1] = name?.split('-').map(Number) ?? [];
  const begin = (at: number) => new Date(Date.UTC(year, at - 1, 1));
  return { incidentId: null, from: begin(nth), to: begin(nth + 1) };
}
