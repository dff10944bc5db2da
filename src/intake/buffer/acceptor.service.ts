import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../platform/clock.js';
import { type AcceptedEvent, EventBuffer, type EventFacts, type PreparedEvent } from '../accepted-event.js';
import { Digestion } from './digestion.service.js';
import { type AppEvent } from '../../events/event.js';
import { PROJECTS_CONFIG, type ProjectsConfig } from '../../projects/projects-config.js';
import { type DigestOutcome } from '../outcome.js';
import { KeyLimiter } from '../http/key.limiter.js';
import { type Sender } from '../sender.js';
import { Projects } from '../../projects/project.registry.js';
import { RequestTurns } from '../http/request.turns.js';

const MINUTE = 60_000;

/** An event as a protocol read it, with what was sent. */
export interface ReadEvent {
  readonly event: AppEvent;
  readonly raw: Readonly<Record<string, unknown>>;
  /** Reads the same again, from the text that is kept. */
  readonly reread?: () => ReadEvent;
}

/** An event that was read on another thread. */
export interface SummarisedEvent {
  /** '' where the app gave none. */
  readonly eventId: string;
  readonly facts: EventFacts;
  /** Reads it here, from the text that is kept. */
  readonly reread: () => ReadEvent;
}

/** What became of the events of one request, in their order. */
export interface Acceptance {
  readonly ids: readonly string[];
  readonly outcomes: readonly DigestOutcome[];
}

/** The last step of intake, the same for every protocol: gives each event its id, keeps to the project's quota, and hands over to the buffer. */
@Injectable()
export class Acceptor {
  private readonly quotas: ReadonlyMap<string, number>;
  /** Events of the current minute by project. */
  private minute = 0;
  private readonly taken = new Map<number, number>();

  constructor(
    private readonly buffer: EventBuffer,
    private readonly digestion: Digestion,
    private readonly projects: Projects,
    private readonly turns: RequestTurns,
    private readonly limiter: KeyLimiter,
    private readonly clock: Clock,
    @Inject(PROJECTS_CONFIG) config: ProjectsConfig,
  ) {
    this.quotas = new Map(config.map(({ slug, limits }) => [slug, limits.eventsPerMinute]));
  }

  /** Resolves when the events are safe; `receivedAt` is epoch milliseconds. */
  async accept(
    sender: Sender,
    events: readonly (ReadEvent | SummarisedEvent)[],
    receivedAt: number,
  ): Promise<Acceptance> {
    if (events.length === 0) return { ids: [], outcomes: [] };
    this.limiter.spend(sender, events.length - 1);
    const { id: projectId, keyId, trust, source } = sender;
    const hasPayload = !this.isOverQuota(projectId, events.length, receivedAt);
    const accepted = ({ event, raw }: ReadEvent, eventId: string): AcceptedEvent => ({
      projectId,
      keyId,
      trust,
      source,
      receivedAt,
      event: event.eventId === eventId ? event : { ...event, eventId },
      payload: hasPayload ? raw : undefined,
    });
    const prepare = (one: ReadEvent | SummarisedEvent): PreparedEvent => {
      if ('facts' in one) {
        const { facts, reread } = one;
        const eventId = one.eventId || this.newId();
        return {
          projectId,
          keyId,
          trust,
          source,
          eventId,
          hasPayload,
          facts,
          accepted: () => accepted(reread(), eventId),
        };
      }
      const { reread } = one;
      const eventId = one.event.eventId || this.newId();
      return this.digestion.prepare(
        accepted(one, eventId),
        reread && !this.buffer.writesInFull ? () => accepted(reread(), eventId) : undefined,
      );
    };
    const prepared = await this.turns.map(events, String(projectId), prepare);
    const outcomes = await this.buffer.submit(prepared);
    return { ids: prepared.map((one) => one.eventId), outcomes };
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
