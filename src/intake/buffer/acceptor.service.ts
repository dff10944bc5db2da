import { Inject, Injectable } from '@nestjs/common';
import { type EndedEvent } from '../../events/protocol.js';
import { Clock } from '../../platform/clock.js';
import { KeyLimiter } from '../http/key.limiter.js';
import { type Facts } from '../../grouping/facts.js';
import { type Trust, weakerTrust } from '../../projects/project-key.js';
import { TraceNames } from '../trace-names.service.js';
import { type Sender } from '../sender.js';
import { TrustKeeper } from './trust.keeper.js';
import { Projects } from '../../projects/project.registry.js';
import { PROJECTS_CONFIG, type ProjectsConfig } from '../../projects/projects-config.js';
import { EventBuffer } from '../event-buffer.js';
import { type QueuedEvent } from '../queued-event.js';
import { type UnclaimedEvent } from '../reader/body.readers.js';

const MINUTE = 60_000;

/** The last step of intake, the same for every protocol: gives each event its id, keeps to the project's quota, and hands over to the buffer. */
@Injectable()
export class Acceptor {
  private readonly quotas: ReadonlyMap<string, number>;
  /** Events of the current minute by project. */
  private minute = 0;
  private readonly taken = new Map<number, number>();

  constructor(
    private readonly buffer: EventBuffer,
    private readonly projects: Projects,
    private readonly limiter: KeyLimiter,
    private readonly trust: TrustKeeper,
    private readonly traces: TraceNames,
    private readonly clock: Clock,
    @Inject(PROJECTS_CONFIG) config: ProjectsConfig,
  ) {
    this.quotas = new Map(config.map(({ slug, limits }) => [slug, limits.eventsPerMinute]));
  }

  /** Resolves when the events are safe, with what became of each, in their order; `receivedAt` is epoch milliseconds. */
  async accept(sender: Sender, events: readonly UnclaimedEvent[], receivedAt: number): Promise<EndedEvent[]> {
    if (events.length === 0) return [];
    this.limiter.spend(sender, events.length - 1);
    const { id: projectId, keyId, source } = sender;
    const hasPayload = !this.isOverQuota(projectId, events.length, receivedAt);
    const queued = events.map((one): QueuedEvent => {
      const { fault, content } = one;
      const { facts, trust } = this.named(projectId, one.facts, this.trust.of(sender, one.signed), receivedAt);
      const eventId = one.eventId || this.newId();
      return { projectId, keyId, trust, source, eventId, receivedAt, hasPayload, facts, fault, content };
    });
    const outcomes = await this.buffer.submit(queued);
    return queued.map(({ eventId: id }, at) => {
      return { id, position: events[at]?.position ?? 0, outcome: outcomes[at] ?? 'accepted' };
    });
  }

  /** An event that names no customer is that of the one whom another span of its trace named before, as far as both are trusted. */
  private named(
    projectId: number,
    facts: Facts | undefined,
    trust: Trust,
    now: number,
  ): { facts: Facts | undefined; trust: Trust } {
    if (facts?.traceId === undefined) return { facts, trust };
    const user = this.traces.find(projectId, facts.traceId, now);
    if (!user) return { facts, trust };
    return { facts: { ...facts, identities: user.identities }, trust: weakerTrust(trust, user.trust) };
  }

  private newId(): string {
    return this.clock.uuid().replaceAll('-', '');
  }

  /** Beyond its quota a project's events still count, each for its issue and its customer; only their payloads are let go. */
  private isOverQuota(projectId: number, events: number, now: number): boolean {
    const minute = Math.floor(now / MINUTE);
    if (minute !== this.minute) {
      this.minute = minute;
      this.taken.clear();
    }
    const taken = (this.taken.get(projectId) ?? 0) + events;
    this.taken.set(projectId, taken);
    return taken > (this.quotas.get(this.projects.find(projectId)?.slug ?? '') ?? Infinity);
  }
}
