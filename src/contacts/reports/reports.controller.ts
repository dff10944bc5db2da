import { Controller, Get, Inject, Query } from '@nestjs/common';
import { z } from 'zod';
import { Incidents } from '../../incidents/public.js';
import { Needs } from '../../platform/auth/needs.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { notFound } from '../../platform/errors.js';
import { type Answer, Answers, count } from '../../platform/http/answers.js';
import { OUTREACH_CONFIG, type OutreachConfig } from '../../outreach/outreach-config.js';
import { Projects } from '../../projects/project.registry.js';
import { DEFLECTION_METHODS, type Deflection, deflectionOf } from '../algorithm/deflection.js';
import { ProductFeedback } from '../product-feedback.service.js';
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
    cost: z.object({
      avoided: z
        .object({ currency: z.string(), amount: z.number(), interval: z.tuple([z.number(), z.number()]) })
        .nullable()
        .describe(
          'What the contacts avoided would have cost, at `outreach.prices.contact` each; null without a price.',
        ),
      messages: z
        .array(z.object({ currency: z.string(), amount: z.number(), messages: count }))
        .describe('What providers billed for messages about these incidents, as far as they said so.'),
    }),
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
      lostUse: count.describe(
        'Of the customers hit, those whose use has fallen off against their own usual, as of the last hour.',
      ),
      score: z
        .number()
        .describe(
          'Customers times severity (1, 3, 9), times 1 plus contacts a customer, times 1 plus the share of lost use.',
        ),
    }),
  ),
  nextCursor: z.null(),
});

/** `GET /v1/reports/…`: whether telling customers helped, and what hurts them most. */
@Controller('v1/reports')
export class ReportsController {
  constructor(
    @Inject(OUTREACH_CONFIG) private readonly config: OutreachConfig,
    private readonly reports: ReportReadModel,
    private readonly hurts: ProductFeedback,
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
    const deflection = deflectionOf(told, hours);
    const messages = await this.reports.billed(this.database, period);
    return { hours, ...deflection, cost: { avoided: savedBy(deflection, this.config.prices), messages }, proactive };
  }

  @Get('product-feedback')
  @Needs('agent')
  @Answers('List what hurts customers most, by area and release', feedbackAnswer)
  async feedback(
    @Query({ schema: feedbackQuery }) query: z.output<typeof feedbackQuery>,
  ): Promise<Answer<typeof feedbackAnswer>> {
    const period = monthOf(query.month, this.clock.now());
    const project = this.projects.named(query.project)?.id ?? null;
    return { items: await this.hurts.worst(this.database, period, query.limit, project), nextCursor: null };
  }
}

/** Prices the contacts that were avoided, over all who were told. */
function savedBy({ avoided, told }: Deflection, prices: OutreachConfig['prices']) {
  if (!avoided || prices?.contact === undefined) return null;
  const each = (prices.contact * told.customers) / 100;
  const amount = (perHundred: number) => Number((perHundred * each).toFixed(2)) + 0;
  const [low, high] = avoided.interval;
  return {
    currency: prices.currency,
    amount: amount(avoided.perHundred),
    interval: [amount(low), amount(high)] as [number, number],
  };
}

/** The month of this name, or the one that is running, in UTC. */
function monthOf(name: string | undefined, now: Date): Period {
  const [year = now.getUTCFullYear(), nth = now.getUTCMonth() + 1] = name?.split('-').map(Number) ?? [];
  const begin = (at: number) => new Date(Date.UTC(year, at - 1, 1));
  return { incidentId: null, from: begin(nth), to: begin(nth + 1) };
}
