import { Body, Controller, Get, Inject, Param, Put, Query } from '@nestjs/common';
import { z } from 'zod';
import { CustomerDirectory } from '../../customers/public.js';
import { type Incident, INCIDENT_STATUSES, SEVERITIES } from '../../incidents/incident.js';
import { Incidents } from '../../incidents/public.js';
import { Issues } from '../../issues/public.js';
import { CurrentCaller, Needs } from '../../platform/auth/needs.js';
import { Projects } from '../../projects/project.registry.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { type Caller } from '../../platform/auth/role.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { notFound, Problem } from '../../platform/errors.js';
import { type Answer, Answers, count, listAnswer, moment } from '../../platform/http/answers.js';
import { rowId } from '../../platform/http/page.js';
import { fillProblem } from '../algorithm/render.js';
import { type Explanation } from '../explanation.js';
import { ExplanationStore } from './explanation.store.js';
import { Explanations } from '../public.js';
import { TEXTS_CONFIG, type TextsConfig } from '../texts-config.js';

const words = (longest: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .superRefine((text, context) => {
      const problem = fillProblem(text, ['since']);
      if (problem) context.addIssue({ code: 'custom', message: problem });
    });
const putBody = z.strictObject({
  title: words(200),
  body: words(2000),
  workaround: words(1000).nullable().default(null),
  nextUpdate: words(500).nullable().default(null),
});
const botQuery = z.object({
  customer: z.string().min(1).max(200).optional(),
  project: z.string().max(100).optional(),
  directory: z.string().max(200).optional(),
  locale: z.string().max(35).optional(),
});

const textAnswer = {
  locale: z.string(),
  reviewState: z.enum(['draft', 'approved']),
  title: z.string(),
  body: z.string(),
  workaround: z.string().nullable(),
  nextUpdate: z.string().nullable(),
};
const explanationAnswer = z
  .object({ incidentId: z.string(), ...textAnswer, version: count, author: z.string(), createdAt: moment })
  .meta({ id: 'Explanation' });
const evidenceAnswer = z.object({ events: count, firstAt: moment, lastAt: moment }).nullable();
const botAnswer = z
  .object({
    incidentId: z.string(),
    severity: z.enum(SEVERITIES),
    status: z.enum(INCIDENT_STATUSES),
    since: moment,
    hit: z.boolean().describe("True when the asking customer's own events belong to the incident."),
    evidence: evidenceAnswer,
    ...textAnswer,
  })
  .meta({ id: 'BotExplanation' });
const explanationList = listAnswer(explanationAnswer);
const botList = listAnswer(botAnswer);

/** `GET/PUT /v1/incidents/{id}/explanations[/{locale}]` and `GET /v1/bot/explanations`. */
@Controller('v1')
export class ExplanationsController {
  constructor(
    @Inject(TEXTS_CONFIG) private readonly texts: TextsConfig,
    private readonly store: ExplanationStore,
    private readonly projects: Projects,
    private readonly explanations: Explanations,
    private readonly incidents: Incidents,
    private readonly issues: Issues,
    private readonly directory: CustomerDirectory,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Get('incidents/:id/explanations')
  @Needs('agent')
  @OfProject('incident')
  @Answers('List the explanations of an incident', explanationList)
  async list(@Param('id') id: string): Promise<Answer<typeof explanationList>> {
    const incident = await this.incident(id);
    return { items: (await this.store.current(this.database, [incident.id])).map(shape) };
  }

  /** Replaces the text in one language; written by a person, so it counts as approved. */
  @Put('incidents/:id/explanations/:locale')
  @Needs('ops')
  @OfProject('incident')
  @Answers('Write the explanation in one language', explanationAnswer)
  async put(
    @Param('id') id: string,
    @Param('locale') locale: string,
    @Body({ schema: putBody }) body: z.output<typeof putBody>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof explanationAnswer>> {
    const incident = await this.incident(id);
    if (!this.texts.has(locale)) {
      throw new Problem(
        400,
        'invalid',
        `locale: "${locale}" is not configured; there are ${[...this.texts.keys()].join(', ')}.`,
      );
    }
    const now = this.clock.now();
    await this.database.transaction(async (tx) => {
      await this.store.append(tx, incident.id, locale, body, 'approved', caller.name, now);
      await this.incidents.append(tx, incident.id, caller.name, { kind: 'explained', locale }, now);
    });
    const rows = await this.store.current(this.database, [incident.id]);
    const written = rows.find((row) => row.locale === locale);
    if (!written) throw notFound('incident', id);
    return shape(written);
  }

  /** The active explanations, the customer's own first; nothing once an incident is resolved. */
  @Get('bot/explanations')
  @Needs('bot')
  @OfProject('query')
  @Answers('Say what a bot may tell now, the customer’s own incidents first', botList)
  async forBot(@Query({ schema: botQuery }) query: z.output<typeof botQuery>): Promise<Answer<typeof botList>> {
    const project = this.projects.named(query.project)?.id;
    const open = (await this.incidents.open(this.database)).filter(
      ({ projectId }) => project === undefined || projectId === project,
    );
    if (open.length === 0) return { items: [] };
    const id =
      query.customer === undefined
        ? undefined
        : await this.directory.findByExternalId(this.database, query.customer, query.directory);
    const [recipient] = id === undefined ? [] : await this.directory.recipients(this.database, [id]);
    const locale = this.explanations.localeFor(query.locale ?? recipient?.locale);
    const texts = await this.explanations.forReader(this.database, open, locale, recipient?.timeZone ?? null);
    const hits = id === undefined ? [] : await this.issues.hitsOf(this.database, id);
    const items = open.flatMap((incident) => {
      const own = hits.filter((hit) => incident.issueIds.includes(hit.issueId));
      const text = texts.get(incident.id);
      return text
        ? [{ ...summary(incident), hit: own.length > 0, evidence: summed(own), ...withoutVersion(text) }]
        : [];
    });
    return { items: items.sort((a, b) => Number(b.hit) - Number(a.hit)) };
  }

  private async incident(id: string): Promise<Incident> {
    const incident = await this.incidents.find(this.database, rowId('incident', id));
    if (!incident) throw notFound('incident', id);
    return incident;
  }
}

function summary(incident: Incident) {
  return {
    incidentId: String(incident.id),
    severity: incident.severity,
    status: incident.status,
    since: incident.startedAt,
  };
}

function withoutVersion<T extends { version: number }>({ version: _, ...rest }: T): Omit<T, 'version'> {
  return rest;
}

function summed(hits: readonly { events: number; firstAt: Date; lastAt: Date }[]): Answer<typeof evidenceAnswer> {
  const [first, ...rest] = hits;
  if (!first) return null;
  return rest.reduce(
    (sum, hit) => ({
      events: sum.events + hit.events,
      firstAt: hit.firstAt < sum.firstAt ? hit.firstAt : sum.firstAt,
      lastAt: hit.lastAt > sum.lastAt ? hit.lastAt : sum.lastAt,
    }),
    { events: first.events, firstAt: first.firstAt, lastAt: first.lastAt },
  );
}

function shape({ incidentId, ...rest }: Explanation) {
  return { incidentId: String(incidentId), ...rest };
}
