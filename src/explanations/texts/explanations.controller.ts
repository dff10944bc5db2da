import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Post, Put, Res } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { z } from 'zod';
import { type Incident } from '../../incidents/incident.js';
import { Incidents } from '../../incidents/public.js';
import { CurrentCaller, Needs } from '../../platform/auth/needs.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { type Caller } from '../../platform/auth/role.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { notFound, Problem } from '../../platform/errors.js';
import { type Answer, Answers, count, listAnswer, maybeMoment, moment } from '../../platform/http/answers.js';
import { rowId } from '../../platform/http/page.js';
import { type Explanation, type ExplanationUpdate } from '../explanation.js';
import { explanationFields, words } from './explanation-fields.js';
import { ExplanationStore } from './explanation.store.js';
import { Explanations } from '../public.js';
import { TEXTS_CONFIG, type TextsConfig } from '../texts-config.js';

const putBody = z.strictObject({
  title: explanationFields.title.optional(),
  body: explanationFields.body.optional(),
  workaround: explanationFields.workaround.nullish(),
  nextUpdate: explanationFields.nextUpdate.nullish(),
  fixed: explanationFields.fixed.optional(),
  version: count.optional().describe('Version that was looked at, like `If-Match`; 0 where there was none.'),
});
const updateBody = z.strictObject({
  texts: z
    .record(z.string(), words(1000))
    .refine((texts) => Object.keys(texts).length > 0, 'needs a text in at least one language'),
  nextUpdateAt: z.iso.datetime({ offset: true }).nullable().default(null),
});

const explanationAnswer = z
  .object({
    incidentId: z.string(),
    locale: z.string(),
    version: count,
    reviewState: z.enum(['draft', 'approved']),
    title: z.string(),
    body: z.string(),
    workaround: z.string().nullable(),
    nextUpdate: z.string().nullable(),
    fixed: z.string().nullable(),
    author: z.string(),
    createdAt: moment,
  })
  .meta({ id: 'Explanation' });
const explanationList = listAnswer(explanationAnswer);
const updateAnswer = z
  .object({
    id: z.string(),
    incidentId: z.string(),
    at: moment,
    author: z.string(),
    texts: z.record(z.string(), z.string()),
    nextUpdateAt: maybeMoment,
  })
  .meta({ id: 'ExplanationUpdate' });
const updateList = listAnswer(updateAnswer);

/** Somebody else wrote a version meanwhile; says which one is in force. */
class VersionConflict extends Problem {
  override readonly members;

  constructor(version: number) {
    super(409, 'conflict', `This is not the version that you looked at; version ${version} is in force.`);
    this.members = { version };
  }
}

/** `GET/PUT /v1/incidents/{id}/explanations[/{locale}]` and `GET/POST …/updates`. */
@Controller('v1/incidents/:id')
export class ExplanationsController {
  constructor(
    @Inject(TEXTS_CONFIG) private readonly texts: TextsConfig,
    private readonly store: ExplanationStore,
    private readonly explanations: Explanations,
    private readonly incidents: Incidents,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  @Get('explanations')
  @Needs('agent')
  @OfProject('incident')
  @Answers('List the explanations of an incident', explanationList)
  async list(@Param('id') id: string): Promise<Answer<typeof explanationList>> {
    const incident = await this.incident(id);
    return { items: (await this.store.current(this.database, [incident.id])).map(shape) };
  }

  @Get('explanations/:locale')
  @Needs('agent')
  @OfProject('incident')
  @Answers('Show the explanation in one language; the ETag is its version', explanationAnswer)
  async show(
    @Param('id') id: string,
    @Param('locale') locale: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Answer<typeof explanationAnswer>> {
    const incident = await this.incident(id);
    const current = await this.current(incident, locale);
    if (!current) throw notFound('explanation in', locale.slice(0, 40));
    void reply.header('etag', `"${current.version}"`);
    return shape(current);
  }

  @Get('explanations/:locale/versions')
  @Needs('agent')
  @OfProject('incident')
  @Answers('List the versions of an explanation in one language, newest first', explanationList)
  async versions(@Param('id') id: string, @Param('locale') locale: string): Promise<Answer<typeof explanationList>> {
    const incident = await this.incident(id);
    return { items: (await this.store.versions(this.database, incident.id, locale)).map(shape) };
  }

  /**
   * Replaces the text in one language. A person wrote it, so it counts as approved; what they leave out keeps the words of the template. With
   * `If-Match`, or `version`, a version that somebody else wrote meanwhile is not written over.
   */
  @Put('explanations/:locale')
  @Needs('ops')
  @OfProject('incident')
  @Answers('Write the explanation in one language', explanationAnswer)
  async put(
    @Param('id') id: string,
    @Param('locale') locale: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Body({ schema: putBody }) body: z.output<typeof putBody>,
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Answer<typeof explanationAnswer>> {
    const incident = await this.incident(id);
    this.assertConfigured(locale, 'locale');
    const now = this.clock.now();
    const draft = await this.explanations.draftFor(this.database, incident, locale);
    const { version: seen = seenVersion(ifMatch), ...written } = body;
    const given = Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined));
    const text = { ...draft, ...given, reviewState: 'approved', author: caller.name } as const;
    const version = (await this.current(incident, locale))?.version ?? 0;
    if (seen !== undefined && seen !== version) throw new VersionConflict(version);
    const saved = await this.database.transaction(async (tx) => {
      const row = await this.store.append(tx, incident.id, locale, version + 1, text, now);
      if (row) await this.incidents.append(tx, incident.id, caller.name, { kind: 'explained', locale }, now);
      return row;
    });
    if (!saved) throw new VersionConflict(version + 1);
    void reply.header('etag', `"${saved.version}"`);
    return shape(saved);
  }

  @Get('updates')
  @Needs('agent')
  @OfProject('incident')
  @Answers('List the updates for customers, newest first', updateList)
  async updates(@Param('id') id: string): Promise<Answer<typeof updateList>> {
    const incident = await this.incident(id);
    return { items: (await this.store.updates(this.database, [incident.id])).map(updateShape) };
  }

  /** Adds news for customers, and promises when the next come. */
  @Post('updates')
  @Needs('ops')
  @OfProject('incident')
  @HttpCode(201)
  @Answers('Add an update for customers', updateAnswer)
  async post(
    @Param('id') id: string,
    @Body({ schema: updateBody }) body: z.output<typeof updateBody>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof updateAnswer>> {
    const incident = await this.incident(id);
    for (const locale of Object.keys(body.texts)) this.assertConfigured(locale, 'texts');
    const now = this.clock.now();
    const nextUpdateAt = body.nextUpdateAt === null ? null : new Date(body.nextUpdateAt);
    if (nextUpdateAt && nextUpdateAt <= now) throw new Problem(400, 'invalid', 'nextUpdateAt: must be in the future.');
    const update = { incidentId: incident.id, author: caller.name, texts: body.texts, nextUpdateAt };
    const saved = await this.database.transaction(async (tx) => {
      const row = await this.store.appendUpdate(tx, update, now);
      const fact = { kind: 'update_posted', locales: Object.keys(body.texts), nextUpdateAt } as const;
      await this.incidents.append(tx, incident.id, caller.name, fact, now);
      return row;
    });
    return updateShape(saved);
  }

  private assertConfigured(locale: string, field: string): void {
    if (this.texts.has(locale)) return;
    const known = [...this.texts.keys()].join(', ');
    throw new Problem(400, 'invalid', `${field}: "${locale.slice(0, 40)}" is not configured; there are ${known}.`);
  }

  private async current(incident: Incident, locale: string): Promise<Explanation | undefined> {
    return (await this.store.current(this.database, [incident.id])).find((row) => row.locale === locale);
  }

  private async incident(id: string): Promise<Incident> {
    const incident = await this.incidents.find(this.database, rowId('incident', id));
    if (!incident) throw notFound('incident', id);
    return incident;
  }
}

/** @throws Problem 400 for a header that is no version */
function seenVersion(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  const [, version] = /^\s*(?:W\/)?"?(\d{1,9})"?\s*$/.exec(ifMatch) ?? [];
  if (version === undefined) throw new Problem(400, 'invalid', 'If-Match: must be the version in quotes, like "3".');
  return Number(version);
}

function shape({ incidentId, ...rest }: Explanation) {
  return { incidentId: String(incidentId), ...rest };
}

function updateShape({ id, incidentId, ...rest }: ExplanationUpdate) {
  return { id: String(id), incidentId: String(incidentId), ...rest };
}
