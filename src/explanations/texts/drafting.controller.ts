import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { z } from 'zod';
import { Incidents } from '../../incidents/public.js';
import { Needs } from '../../platform/auth/needs.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { Projects } from '../../projects/project.registry.js';
import { Database } from '../../platform/db/database.js';
import { notFound, Problem } from '../../platform/errors.js';
import { type Answer, Answers } from '../../platform/http/answers.js';
import { rowId } from '../../platform/http/page.js';
import { type Explanation } from '../explanation.js';
import { Explanations } from '../public.js';
import { TEXTS_CONFIG, type TextsConfig } from '../texts-config.js';
import { ExplanationStore } from './explanation.store.js';
import { NamedPersons } from './named-persons.read-model.js';
import { type Brief, Writer } from './writer.service.js';

const draftBody = z
  .strictObject({ from: z.string().max(40).optional().describe('Language of an approved text to translate.') })
  .default({});
const proposalAnswer = z
  .object({
    incidentId: z.string(),
    locale: z.string(),
    from: z.string().nullable().describe('Language that it was translated from; null where no text is approved.'),
    reviewState: z.literal('draft'),
    author: z.literal('machine'),
    title: z.string(),
    body: z.string(),
    workaround: z.string().nullable(),
    nextUpdate: z.string().nullable(),
    fixed: z.string(),
  })
  .meta({ id: 'ExplanationProposal' });

/** `POST /v1/incidents/{id}/explanations/{locale}/draft`: a machine's proposal, which nobody sees but who asked. */
@Controller('v1/incidents/:id/explanations/:locale/draft')
export class DraftingController {
  constructor(
    @Inject(TEXTS_CONFIG) private readonly texts: TextsConfig,
    private readonly store: ExplanationStore,
    private readonly explanations: Explanations,
    private readonly incidents: Incidents,
    private readonly writer: Writer,
    private readonly persons: NamedPersons,
    private readonly projects: Projects,
    private readonly database: Database,
  ) {}

  @Post()
  @Needs('ops')
  @OfProject('incident')
  @HttpCode(200)
  @Answers('Have words proposed by the endpoint for drafting; nothing is kept or published', proposalAnswer)
  async draft(
    @Param('id') id: string,
    @Param('locale') locale: string,
    @Body({ schema: draftBody }) { from }: z.output<typeof draftBody>,
  ): Promise<Answer<typeof proposalAnswer>> {
    const incident = await this.incidents.find(this.database, rowId('incident', id));
    if (!incident) throw notFound('incident', id);
    if (!this.texts.has(locale))
      throw new Problem(400, 'invalid', `locale: there are ${[...this.texts.keys()].join(', ')}.`);
    const approved = (await this.store.current(this.database, [incident.id])).filter(
      (row) => row.reviewState === 'approved' && row.locale !== locale,
    );
    const source = from === undefined ? approved[0] : approved.find((row) => row.locale === from);
    if (from !== undefined && !source)
      throw new Problem(409, 'conflict', `from: nobody has approved a text in "${from}" that could be translated.`);
    const brief: Brief = {
      locale,
      product: this.explanations.productOf(incident),
      area: this.explanations.areaOf(incident, locale),
      draft: await this.explanations.draftFor(this.database, incident, locale),
      reviewed: source ? reviewed(source) : null,
    };
    const text = await this.writer.propose(brief, await this.namesIn(brief, incident.projectId));
    const marks = { reviewState: 'draft', author: 'machine' } as const;
    return { incidentId: String(incident.id), locale, from: source?.locale ?? null, ...marks, ...text };
  }

  /** Lists the names of customers that people wrote into the texts. */
  private async namesIn({ draft, reviewed: approved }: Brief, projectId: number): Promise<string[]> {
    const directoryId = this.projects.find(projectId)?.directory.id;
    const texts = [draft, approved].flatMap((words) =>
      words ? [words.title, words.body, words.workaround ?? '', words.nextUpdate ?? '', words.fixed ?? ''] : [],
    );
    return directoryId === undefined ? [] : this.persons.in(this.database, directoryId, texts);
  }
}

function reviewed({ locale, title, body, workaround, nextUpdate, fixed }: Explanation) {
  return { locale, title, body, workaround, nextUpdate, fixed };
}
