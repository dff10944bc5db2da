import { Injectable } from '@nestjs/common';
import { type SentryCredentials, readSentryAuth } from '../../events/sentry/sentry-auth.js';
import { decodeBody } from './content-encoding.js';
import { headerText, type IntakeRequest, Refusal } from './intake-reply.js';
import { type Outcome } from '../outcome.js';
import { allowsOrigin } from '../../projects/project-key.js';
import { Projects } from '../../projects/project.registry.js';
import { KeyLimiter } from './key.limiter.js';
import { MAX_WIRE_BODY } from './request.bodies.js';
import { type Sender } from '../sender.js';

/** Largest decompressed body, bytes: as on the wire, so that a small request cannot become a large one. Events are far below; attachments are discarded anyway. */
export const MAX_BODY = MAX_WIRE_BODY;

/** Checks that stand before every kind of intake: the key, and the body's encoding. */
@Injectable()
export class IntakeGate {
  constructor(
    private readonly projects: Projects,
    private readonly limiter: KeyLimiter,
  ) {}

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
   * The project that the request's key opens, and who sends.
   * @throws Refusal; the same answer for a wrong key and a wrong project, so that neither can be guessed
   */
  async project(request: IntakeRequest, dsn?: unknown): Promise<Sender> {
    const given: SentryCredentials = {
      query: request.query.sentry_key,
      sentryAuth: headerText(request.headers['x-sentry-auth']),
      authorization: headerText(request.headers.authorization),
      dsn,
      projectId: request.projectId,
    };
    const auth = readSentryAuth(given);
    if (!auth.ok) throw new Refusal(auth.status, auth.status === 403 ? 'unauthorized' : 'malformed', auth.reason);
    const opened = await this.projects.open(auth.key);
    if (!opened || (request.projectId !== undefined && String(opened.project.id) !== request.projectId)) {
      throw new Refusal(403, 'unauthorized', 'the key does not open this project; take the DSN from GET /v1/projects');
    }
    const { project, key } = opened;
    const origin = headerText(request.headers.origin);
    if (origin !== undefined && !allowsOrigin(key.origins, origin))
      throw new Refusal(403, 'unauthorized', 'the key may not be used by pages of this origin', project.id);
    const source = this.projects.sourceOf(key.id, request.address);
    const wait = this.limiter.take(key, source);
    if (wait > 0) {
      const reason = `more events than the limit of this key or address; send again in ${wait} s`;
      throw new Refusal(429, 'limited', reason, project.id, wait);
    }
    return { id: project.id, keyId: key.id, trust: key.kind === 'server' ? 'server' : 'claimed', source };
  }
}
