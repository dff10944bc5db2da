import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type Lease, MessageQueue } from '../../outreach/public.js';
import { Clock } from '../../platform/clock.js';
import { messageOf } from '../../platform/errors.js';
import { LOGGER, type Logger } from '../../platform/logging/logger.js';

/**
 * Length of a lease, milliseconds. What a killed worker had claimed goes out once it has ended: with the rests of the stages within 20 s.
 * A judgement: half would be lost when PostgreSQL restarts, double would keep customers waiting.
 */
const LEASE_MS = 15_000;
/** Between two renewals, milliseconds; two may fail before a lease is lost. */
const RENEW_MS = 4000;

/** The leases of this process. They are renewed as long as the process lives and its database answers. */
@Injectable()
export class Leases implements OnApplicationShutdown {
  private readonly held = new Map<string, { readonly lease: Lease; until: number }>();
  private timer: NodeJS.Timeout | undefined;
  private renewing = false;

  constructor(
    private readonly queue: MessageQueue,
    private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** End of a lease that begins now. */
  end(now: Date): Date {
    return new Date(now.getTime() + LEASE_MS);
  }

  /** Keeps these leases alive until they are dropped. */
  hold(leases: readonly Lease[], until: Date): void {
    for (const lease of leases) this.held.set(lease.id, { lease, until: until.getTime() });
    if (this.held.size > 0) this.timer ??= setInterval(() => void this.renew(), RENEW_MS).unref();
  }

  /** Ends the renewal of a lease. */
  drop({ id }: Lease): void {
    this.held.delete(id);
    if (this.held.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** True while nobody else may have taken the message: a process that was stopped for a while must ask before it calls a provider. */
  isLive({ id }: Lease, now: Date): boolean {
    return (this.held.get(id)?.until ?? 0) > now.getTime();
  }

  /** Renews every lease that is held. A renewal that fails is tried again by the next; what is lost meanwhile is fenced off. */
  async renew(): Promise<void> {
    if (this.renewing || this.held.size === 0) return;
    this.renewing = true;
    const now = this.clock.now();
    const until = this.end(now);
    const live = [...this.held.values()].filter((one) => one.until > now.getTime());
    try {
      await this.queue.renew(
        live.map(({ lease }) => lease),
        until,
      );
      for (const one of live) one.until = until.getTime();
    } catch (error) {
      this.logger.warn({ err: error, held: live.length }, `leases could not be renewed: ${messageOf(error)}`);
    } finally {
      this.renewing = false;
    }
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }
}
