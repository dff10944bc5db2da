import { Controller, Get, Param } from '@nestjs/common';
import { z } from 'zod';
import { Incidents } from '../../incidents/public.js';
import { Needs } from '../../platform/auth/needs.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { Database } from '../../platform/db/database.js';
import { notFound } from '../../platform/errors.js';
import { type Answer, Answers, count } from '../../platform/http/answers.js';
import { rowId } from '../../platform/http/page.js';
import { CausesStore } from './causes.store.js';

const interval = z.tuple([z.number(), z.number()]).describe('Bounds that hold in 95 of 100 incidents.');
const causeAnswer = z
  .object({
    cause: z.record(z.string(), z.string()).describe('Trait and value; two values of one trait are joined by a comma.'),
    text: z.string(),
    affected: count.describe('Affected who match, of `ofAffected`.'),
    ofAffected: count,
    active: count.describe('Active customers who match, of `ofActive`.'),
    ofActive: count,
    lift: z.number().describe('Share of the affected divided by share of the active.'),
    interval,
    words: z.string(),
  })
  .meta({ id: 'Cause' });
const causesAnswer = z
  .object({
    items: z.array(causeAnswer).describe('Best first; empty where nothing is shared beyond chance.'),
    atRisk: z
      .object({
        size: count.describe('Customers who match a cause and were not hit when this was stated.'),
        expectedHitRate: z
          .number()
          .describe('Share of them who will be hit in as much time again as the hits took so far.'),
        interval,
        measured: z
          .object({ hit: count, of: count, restHit: count, ofRest: count })
          .nullable()
          .describe('Of all who were ever called at risk, and of the other active customers, who was hit afterwards.'),
      })
      .nullable()
      .describe('Null where nothing is shared, so that nobody can be said to be at risk.'),
  })
  .meta({ id: 'Causes' });

/** `GET /v1/incidents/{id}/causes`: what the affected share and others do not, and who is at risk because of it. */
@Controller('v1/incidents')
export class CausesController {
  constructor(
    private readonly incidents: Incidents,
    private readonly store: CausesStore,
    private readonly database: Database,
  ) {}

  @Get(':id/causes')
  @Needs('agent')
  @OfProject('incident')
  @Answers('Say what the affected share, and how many are at risk', causesAnswer)
  async find(@Param('id') id: string): Promise<Answer<typeof causesAnswer>> {
    const incident = await this.incidents.find(this.database, rowId('incident', id));
    if (!incident) throw notFound('incident', id);
    const found = await this.store.find(this.database, incident.id);
    if (!found?.atRisk) return { items: found?.causes ?? [], atRisk: null };
    const measured = (await this.store.measure(this.database, incident.id)) ?? null;
    return { items: found.causes, atRisk: { ...found.atRisk, measured } };
  }
}
