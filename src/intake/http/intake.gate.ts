import { Injectable } from '@nestjs/common';
import { readProjectKey } from '../../events/project-key.js';
import { allowsOrigin } from '../../projects/project-key.js';
import { type OpenedProject } from '../../projects/project.js';
import { Projects } from '../../projects/project.registry.js';
import { type Sender } from '../sender.js';
import { headerText, type IntakeRequest, Refusal } from './intake-request.js';
import { KeyLimiter } from './key.limiter.js';

type ReadKey = ReturnType<typeof readProjectKey>;

/** Checks the key of a request, whatever its protocol. */
@Injectable()
export class IntakeGate {
  constructor(
    private readonly projects: Projects,
    private readonly limiter: KeyLimiter,
  ) {}

  /**
   * Who sends, as far as it is known before the body is read; undefined where only the body can name a key. Waits only where the projects do.
   * @throws Refusal, or rejects with it
   */
  early(request: IntakeRequest): Sender | undefined | Promise<Sender> {
    const auth = keyOf(request, undefined);
    return !auth.ok && auth.missing ? undefined : this.admitted(request, this.opened(request, auth));
  }

  /**
   * The project that the request's key opens, and who sends; takes one event of the key's limit.
   * @param dsn as the body names it
   * @throws Refusal, or rejects with it; the same answer for a wrong key and a wrong project, so that neither can be guessed
   */
  sender(request: IntakeRequest, dsn?: unknown): Sender | Promise<Sender> {
    return this.admitted(request, this.open(request, dsn));
  }

  /**
   * Opens a project by every key that the request names, which must agree.
   * @throws Refusal, or rejects with it
   */
  open(request: IntakeRequest, dsn?: unknown): OpenedProject | Promise<OpenedProject> {
    return this.opened(request, keyOf(request, dsn));
  }

  private opened(request: IntakeRequest, auth: ReadKey): OpenedProject | Promise<OpenedProject> {
    if (!auth.ok) throw new Refusal(auth.status, auth.status === 403 ? 'unauthorized' : 'malformed', auth.reason);
    const opened = this.projects.open(auth.key);
    return opened instanceof Promise ? opened.then((one) => checked(request, one)) : checked(request, opened);
  }

  private admitted(request: IntakeRequest, opened: OpenedProject | Promise<OpenedProject>): Sender | Promise<Sender> {
    return opened instanceof Promise ? opened.then((one) => this.counted(request, one)) : this.counted(request, opened);
  }

  /** Who sends with this key; takes one event of its limit. @throws Refusal */
  private counted(request: IntakeRequest, { project, key }: OpenedProject): Sender {
    const source = this.projects.sourceOf(key.id, request.address);
    const wait = this.limiter.take(key, source);
    if (wait > 0) {
      const reason = `more events than the limit of this key or address; send again in ${wait} s`;
      throw new Refusal(429, 'limited', reason, project.id, wait);
    }
    return { id: project.id, keyId: key.id, trust: key.kind === 'server' ? 'server' : 'claimed', source };
  }
}

/** @throws Refusal where the key opens nothing, another project, or is not for pages of this origin */
function checked(request: IntakeRequest, opened: OpenedProject | undefined): OpenedProject {
  if (!opened || (request.projectId !== undefined && String(opened.project.id) !== request.projectId)) {
    throw new Refusal(403, 'unauthorized', 'the key does not open this project; take the DSN from GET /v1/projects');
  }
  const { project, key } = opened;
  const origin = headerText(request.headers.origin);
  if (origin !== undefined && !allowsOrigin(key.origins, origin))
    throw new Refusal(403, 'unauthorized', 'the key may not be used by pages of this origin', project.id);
  return opened;
}

function keyOf({ query, headers, projectId }: IntakeRequest, dsn: unknown): ReadKey {
  return readProjectKey({
    query: query.sentry_key,
    sentryAuth: headerText(headers['x-sentry-auth']),
    authorization: headerText(headers.authorization),
    dsn,
    projectId,
  });
}
