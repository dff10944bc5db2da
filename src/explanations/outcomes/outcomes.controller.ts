import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { Incidents } from '../../incidents/public.js';
import { CurrentCaller, Needs } from '../../platform/auth/needs.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { type Caller } from '../../platform/auth/role.js';
import { Database } from '../../platform/db/database.js';
import { notFound, Problem } from '../../platform/errors.js';
import { type Answer, Answers, AnswersNothing, listAnswer, moment } from '../../platform/http/answers.js';
import { rowId } from '../../platform/http/page.js';
import { askingFields, matchAnswer } from '../answers/bot.answers.js';
import { EXAMPLE_STATES, type Example, Examples } from './examples.service.js';
import { Matching } from './matching.service.js';
import { OUTCOMES } from './outcome.js';
import { OutcomeStore } from './outcome.store.js';
import { Outcomes } from './outcomes.service.js';

const scope = z.strictObject({ project: z.string().max(100).optional().describe('Slug; all projects when left out.') });
const question = z.strictObject({ text: z.string().trim().min(1).max(2000), ...askingFields });
const report = z.strictObject({ answerId: z.string().min(1).max(200), outcome: z.enum(OUTCOMES) });

const outcomeAnswer = z
  .object({ answerId: z.string(), incidentId: z.string(), outcome: z.enum(OUTCOMES) })
  .meta({ id: 'BotOutcome' });
const exampleAnswer = z
  .object({
    id: z.string(),
    incidentId: z.string(),
    text: z.string().describe('A customer’s own words, without secrets and addresses.'),
    locale: z.string().nullable(),
    at: moment,
    state: z.enum(EXAMPLE_STATES).describe('`waiting`: no other customer has said the same yet.'),
    removedBy: z.string().nullable(),
  })
  .meta({ id: 'Example' });
const exampleList = listAnswer(exampleAnswer);

/** `POST /v1/bot/match` and `/v1/bot/outcomes`, and the examples that come of them. */
@Controller('v1')
export class OutcomesController {
  constructor(
    private readonly matching: Matching,
    private readonly outcomes: Outcomes,
    private readonly examples: Examples,
    private readonly store: OutcomeStore,
    private readonly incidents: Incidents,
    private readonly database: Database,
  ) {}

  @Post('bot/match')
  @Needs('bot')
  @OfProject('query')
  @HttpCode(200)
  @Answers('Find the explanation that a customer’s words are about', matchAnswer)
  async match(
    @Query({ schema: scope }) { project }: z.output<typeof scope>,
    @Body({ schema: question }) { text, ...asking }: z.output<typeof question>,
  ): Promise<Answer<typeof matchAnswer>> {
    if (project !== undefined && asking.project !== undefined && project !== asking.project)
      throw new Problem(403, 'forbidden', `project: this is about ${project} alone.`);
    return this.matching.match(text, { ...asking, project: project ?? asking.project });
  }

  /** The same again changes nothing; the last word about an answer counts. */
  @Post('bot/outcomes')
  @Needs('bot')
  @OfProject('query')
  @HttpCode(200)
  @Answers('Report what became of an answer', outcomeAnswer)
  async outcome(
    @Query({ schema: scope }) { project }: z.output<typeof scope>,
    @Body({ schema: report }) { answerId, outcome }: z.output<typeof report>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof outcomeAnswer>> {
    return { answerId, outcome, ...(await this.outcomes.report(answerId, outcome, caller.name, project)) };
  }

  @Get('incidents/:id/examples')
  @Needs('agent')
  @OfProject('incident')
  @Answers('List customers’ words that stand for an incident, its area’s among them', exampleList)
  async list(@Param('id') id: string): Promise<Answer<typeof exampleList>> {
    const incident = await this.incidents.find(this.database, rowId('incident', id));
    if (!incident) throw notFound('incident', id);
    return { items: (await this.examples.of(this.database, [incident.id])).map(shape) };
  }

  @Delete('incidents/:id/examples/:exampleId')
  @Needs('ops')
  @OfProject('incident')
  @HttpCode(204)
  @AnswersNothing('Take words out of the examples of an incident')
  async remove(
    @Param('id') id: string,
    @Param('exampleId') exampleId: string,
    @CurrentCaller() caller: Caller,
  ): Promise<void> {
    const [incident, example] = [rowId('incident', id), rowId('example', exampleId)];
    if (!(await this.database.transaction((tx) => this.store.remove(tx, incident, example, caller.name))))
      throw notFound('example', exampleId);
  }
}

function shape({ id, incidentId, text, locale, at, state, removedBy }: Example) {
  return { id: String(id), incidentId: String(incidentId), text, locale, at, state, removedBy };
}
