import { Controller, Get, Header, Query, Req, Res } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isSigned } from '../../events/signature.js';
import { SEVERITIES } from '../../incidents/incident.js';
import { Public } from '../../platform/auth/needs.js';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { Problem } from '../../platform/errors.js';
import { type Answer, Answers as AnswersWith, AnswersText, moment } from '../../platform/http/answers.js';
import { Throttle } from '../../platform/http/throttle.js';
import { Brands } from '../../projects/brands.service.js';
import { type Project } from '../../projects/project.js';
import { Projects } from '../../projects/project.registry.js';
import { Answers } from '../answers/answers.service.js';
import { ApprovalRecord } from '../approval-record.service.js';
import { Explanations } from '../public.js';
import { INAPP_SCRIPT } from './inapp.script.js';

/** Times a minute that one customer is answered, and that one address may come with a wrong signature. The script asks once. */
const ASKED = 30;

const inAppQuery = z.object({
  customer: z.string().min(1).max(200),
  signature: z.string().max(128).describe('Hex HMAC-SHA256 of the customer’s id with a signing key of the project.'),
  locale: z.string().max(35).optional(),
  project: z.string().max(63).optional(),
});
const inAppAnswer = z.object({
  items: z.array(
    z.object({
      incidentId: z.string(),
      version: z.number().describe('Of the words.'),
      severity: z.enum(SEVERITIES),
      concern: z.enum(['hit', 'atRisk']),
      since: moment,
      locale: z.string(),
      reviewState: z.enum(['draft', 'approved']),
      title: z.string(),
      body: z.string(),
      workaround: z.string().nullable(),
      nextUpdate: z.string().nullable(),
    }),
  ),
  colour: z.string(),
  help: z.string().nullable(),
  close: z.string().describe('Label of the button that closes a banner.'),
});

/** `GET /v1/inapp` and its script: what is wrong for one customer now, in the app itself; needs no address and no consent, and costs nothing. */
@Controller()
export class InAppController {
  private readonly customers = new Throttle(ASKED);
  private readonly strangers = new Throttle(ASKED);

  constructor(
    private readonly answers: Answers,
    private readonly explanations: Explanations,
    private readonly approvals: ApprovalRecord,
    private readonly database: Database,
    private readonly projects: Projects,
    private readonly brands: Brands,
    private readonly clock: Clock,
  ) {}

  @Get('v1/inapp')
  @AnswersWith('Say what is wrong for a signed customer now', inAppAnswer)
  @Public()
  async banner(
    @Query({ schema: inAppQuery }) { customer, signature, locale, project: slug }: z.output<typeof inAppQuery>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Answer<typeof inAppAnswer>> {
    void reply.header('vary', 'origin');
    const asked = slug === undefined ? this.projects.list() : [this.projects.named(slug)];
    const project = asked.find(({ id }) => isSigned({ id: customer, signature }, this.projects.signingSecrets(id)));
    if (!project) throw this.refusal(request);
    this.allowOrigin(project, request, reply);
    if (!this.customers.allows(`${project.id} ${customer}`, this.clock.now())) throw tooMany();
    const asker = await this.answers.asker({ customer, project: project.slug, locale });
    const { colour, help } = this.brands.of(project.id);
    const shown = this.answers.items(asker).filter(({ state, concern }) => state === 'active' && concern !== 'unknown');
    const drafts = shown
      .filter(({ reviewState }) => reviewState === 'draft')
      .map(({ incidentId }) => Number(incidentId));
    const approved = await this.approvals.of(this.database, drafts);
    const items = shown.flatMap(({ concern, state: _, ...item }) => {
      if (concern === 'unknown' || (item.reviewState === 'draft' && !approved.has(Number(item.incidentId)))) return [];
      const { incidentId, version, severity, since, reviewState, title, body, workaround, nextUpdate } = item;
      const words = { title, body, workaround, nextUpdate, locale: item.locale, reviewState };
      return [{ incidentId, version, severity, concern, since, ...words }];
    });
    return { items, colour, help, close: this.explanations.textsOf(asker.locale).parts.close };
  }

  @Get('inapp.js')
  @AnswersText('Show the banner in an app', 'text/javascript')
  @Public()
  @Header('content-type', 'text/javascript; charset=utf-8')
  @Header('cache-control', 'public, max-age=3600')
  @Header('cross-origin-resource-policy', 'cross-origin')
  script(): string {
    return INAPP_SCRIPT;
  }

  /** Lets pages of the project's origins read the answer: those of its public keys. */
  private allowOrigin(project: Project, { headers: { origin } }: FastifyRequest, reply: FastifyReply): void {
    if (origin === undefined) return;
    if (!this.projects.allowsOrigin(project.id, origin))
      throw new Problem(403, 'forbidden', 'No public key of the project may be used from this origin.');
    void reply.header('access-control-allow-origin', origin);
  }

  private refusal({ ip }: FastifyRequest): Problem {
    if (!this.strangers.allows(ip, this.clock.now())) return tooMany();
    const words = 'signature: no signing key of the project made it for this customer.';
    return new Problem(401, 'unauthorized', words);
  }
}

function tooMany(): Problem {
  return new Problem(429, 'too-many', 'Asked too often; ask once a minute.');
}
