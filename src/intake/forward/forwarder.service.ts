import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../../platform/clock.js';
import { LOGGER, type Logger } from '../../platform/logging/logger.js';
import { Metrics } from '../../platform/metrics.js';
import { Projects } from '../../projects/project.registry.js';
import { PROJECTS_CONFIG, type ProjectsConfig } from '../../projects/projects-config.js';
import { headerText, type IntakeRequest } from '../http/intake-request.js';
import { ForwardQueue } from './forward.queue.js';
import { FORWARDED } from './old-place.js';

/** Time that a stop leaves for what still waits, milliseconds. */
const STOP_MS = 2000;
/** Paths whose bodies the old place takes as well. */
const OPERATIONS: readonly string[] = ['envelope', 'store'];

/** Relays accepted bodies of Sentry SDKs to the place that a project's apps reported to before. Intake only hands over; sending goes by itself. */
@Injectable()
export class Forwarder implements OnModuleDestroy {
  private readonly queues: ReadonlyMap<string, ForwardQueue>;

  constructor(
    private readonly projects: Projects,
    clock: Clock,
    @Inject(PROJECTS_CONFIG) config: ProjectsConfig,
    @Inject(LOGGER) private readonly logger: Logger,
    metrics: Metrics,
  ) {
    const help = 'Bodies for the place that apps reported to before, by what became of them.';
    const bodies = metrics.counter('forward_bodies_total', help, ['project', 'result']);
    this.queues = new Map(
      config.flatMap(({ slug, forward }) => {
        if (!forward) return [];
        const queue = new ForwardQueue(forward, {
          ended: (result) => bodies.inc({ project: slug, result }),
          troubled: (code) => logger.warn({ project: slug, code }, 'the place to forward to takes nothing; it waits'),
        });
        return [[slug, queue] as const];
      }),
    );
    const gauge = (name: string, about: string, read: (queue: ForwardQueue) => number) =>
      metrics.gauge(name, about, ['project'], (one) => {
        for (const [project, queue] of this.queues) one.set({ project }, read(queue));
      });
    gauge('forward_waiting_bodies', 'Bodies that wait to be forwarded.', ({ waiting }) => waiting);
    gauge('forward_waiting_bytes', 'Bytes of them.', ({ bytes }) => bytes);
    gauge('forward_oldest_seconds', 'Age of the oldest of them.', ({ oldest }) =>
      oldest === undefined ? 0 : (clock.now().getTime() - oldest) / 1000,
    );
  }

  /** Takes the body of an accepted request along, where its project forwards. Never waits and never throws. */
  offer(projectId: number, request: IntakeRequest, body: Buffer): void {
    if (this.queues.size === 0) return;
    const { route, headers, receivedAt, address } = request;
    if (route.protocol.name !== 'Sentry' || !OPERATIONS.includes(route.operation)) return;
    // What was forwarded once goes no further, so that two installations cannot send to each other for ever.
    if (headers[FORWARDED] !== undefined) return;
    this.queues.get(this.projects.find(projectId)?.slug ?? '')?.add({
      operation: route.operation,
      contentType: headerText(headers['content-type']),
      encoding: headerText(headers['content-encoding']),
      userAgent: headerText(headers['user-agent']),
      address,
      receivedAt,
      body,
    });
  }

  /** Sends what waits, as long as a stop can wait; the rest counts as dropped. */
  async onModuleDestroy(): Promise<void> {
    const left = await Promise.all([...this.queues].map(async ([slug, queue]) => [slug, await queue.close(STOP_MS)]));
    for (const [project, bodies] of left)
      if (bodies !== 0) this.logger.warn({ project, bodies }, 'bodies were not forwarded before the stop');
  }
}
