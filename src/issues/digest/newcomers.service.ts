import { Injectable } from '@nestjs/common';
import { type QueuedEvent } from '../../intake/queued-event.js';
import { Metrics } from '../../platform/metrics.js';
import { DEFAULT_LIMITS } from '../../projects/project-key.js';
import { Projects } from '../../projects/project.registry.js';

const MINUTE = 60_000;

/** Who of an event is nobody's business yet. */
type Sent = Pick<QueuedEvent, 'projectId' | 'keyId' | 'source'>;

/** Keeps keys and sources to the customers that they may make known in a minute; in memory, for this process. */
@Injectable()
export class Newcomers {
  private readonly refused;
  private minute = 0;
  /** Customers made known in this minute, by key and by source. */
  private readonly counts = new Map<string, number>();

  constructor(
    private readonly projects: Projects,
    metrics: Metrics,
  ) {
    const help =
      'Events that counted without their customer, since their key or source had named too many whom nobody knows.';
    this.refused = metrics.counter('customers_refused_total', help, ['project']);
  }

  /**
   * Which of these events must count without their customer.
   * @param strangers of each event a name of its customer whom nobody knows, undefined where there is none
   */
  beyond(events: readonly Sent[], strangers: readonly (string | undefined)[], now: Date): boolean[] {
    const minute = Math.floor(now.getTime() / MINUTE);
    if (minute !== this.minute) {
      this.minute = minute;
      this.counts.clear();
    }
    const met = new Map<string, boolean>();
    return events.map((event, at) => {
      const name = strangers[at];
      if (name === undefined) return false;
      const isBeyond = met.get(name) ?? !this.take(event);
      met.set(name, isBeyond);
      if (isBeyond) this.refused.inc({ project: this.projects.find(event.projectId)?.slug ?? 'unknown' });
      return isBeyond;
    });
  }

  private take({ keyId = 0, source = 0 }: Sent): boolean {
    const key = this.projects.keyOf(keyId);
    const limits = key?.limits ?? DEFAULT_LIMITS;
    const purses: [string, number][] = [[`key ${keyId}`, limits.newCustomersPerMinute]];
    if (key?.kind !== 'server') purses.push([`source ${source}`, limits.sourceNewCustomersPerMinute]);
    if (purses.some(([name, most]) => (this.counts.get(name) ?? 0) >= most)) return false;
    for (const [name] of purses) this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    return true;
  }
}
