import { Injectable } from '@nestjs/common';
import { type SentryCredentials, readSentryAuth } from '../../events/sentry/sentry-auth.js';
import { decodeBody } from './content-encoding.js';
import { headerText, type IntakeRequest, Refusal } from './intake-reply.js';
import { type Outcome } from '../outcome.js';
import { type Project } from '../../projects/project.js';
import { Projects } from '../../projects/project.registry.js';
import { MAX_WIRE_BODY } from './request.bodies.js';

/** Largest decompressed body, bytes: as on the wire, so that a small request cannot become a large one. Events are far below; attachments are discarded anyway. */
export const MAX_BODY = MAX_WIRE_BODY;

/** Checks that stand before every kind of intake: the key, and the body's encoding. */
@Injectable()
export class IntakeGate {
  constructor(private readonly projects: Projects) {}

  /**
   * @param decode how the body is encoded, beside what its header says
   * @throws Refusal when the body cannot be decompressed or is too large; of the project that is named outside of it
   */
  async decode(request: IntakeRequest, decode = decodeBody): Promise<Buffer> {
    const decoded = decode(request.body, headerText(request.headers['content-encoding']), MAX_BODY);
    if (decoded.ok) return decoded.body;
    const outcome: Record<400 | 413 | 415, Outcome> = { 400: 'malformed', 413: 'too_large', 415: 'unsupported' };
    const project = await this.project(request).catch((error: unknown) => {
      if (!(error instanceof Refusal)) throw error;
    });
    throw new Refusal(decoded.status, outcome[decoded.status], decoded.reason, project?.id);
  }

  /**
   * The project that the request's key opens.
   * @throws Refusal; the same answer for a wrong key and a wrong project, so that neither can be guessed
   */
  async project(request: IntakeRequest, dsn?: unknown): Promise<Project> {
    const given: SentryCredentials = {
      query: request.query.sentry_key,
      sentryAuth: headerText(request.headers['x-sentry-auth']),
      authorization: headerText(request.headers.authorization),
      dsn,
      projectId: request.projectId,
    };
    const auth = readSentryAuth(given);
    if (!auth.ok) throw new Refusal(auth.status, auth.status === 403 ? 'unauthorized' : 'malformed', auth.reason);
    const project = await this.projects.byPublicKey(auth.key);
    if (!project || (request.projectId !== undefined && String(project.id) !== request.projectId)) {
      throw new Refusal(403, 'unauthorized', 'the key does not open this project; take the DSN from GET /v1/projects');
    }
    return project;
  }
}
