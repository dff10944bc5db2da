import { Injectable } from '@nestjs/common';
import { Clock } from '../../platform/clock.js';
import { recentMap } from '../../platform/recent-map.js';
import { type ProjectKey } from '../../projects/project-key.js';
import { type Sender } from '../sender.js';

const MINUTE = 60_000;
/** Sources remembered at once, 100 bytes each; the one not seen for longest is forgotten, and begins anew. */
const SOURCES = 50_000;

/** Requests left to spend. */
interface Purse {
  perMinute: number;
  left: number;
  at: number;
}

/**
 * Limits of events by key and by source, in memory, for this process. What arrives is taken whole and paid afterwards, since nobody knows
 * how many events a request holds before it is read: a purse that is in debt takes nothing until it has filled again.
 */
@Injectable()
export class KeyLimiter {
  private readonly keys = new Map<number, Purse>();
  private readonly sources = recentMap<number, Purse>(SOURCES);

  constructor(private readonly clock: Clock) {}

  /**
   * Takes one event, or says in how many seconds there is room again. Limits of a source hold for public keys only.
   * @returns 0 when it is taken
   */
  take({ id, kind, limits }: ProjectKey, source: number): number {
    const now = this.clock.now().getTime();
    const purse = fill(this.keys, id, limits.eventsPerMinute, now);
    const own = kind === 'public' ? fill(this.sources, source, limits.sourceEventsPerMinute, now) : undefined;
    const wait = Math.max(secondsToWait(purse), own ? secondsToWait(own) : 0);
    if (wait > 0) return wait;
    purse.left -= 1;
    if (own) own.left -= 1;
    return 0;
  }

  /** Takes the other events of a request that was taken. The debt of a source is its own: the key pays no more than the source had left. */
  spend({ keyId, source }: Sender, events: number): void {
    const [key, own] = [this.keys.get(keyId), this.sources.get(source)];
    if (key) key.left -= own ? Math.min(events, Math.max(0, own.left)) : events;
    if (own) own.left -= events;
  }
}

/** The purse of a key or source, filled up to now. */
function fill(
  purses: Pick<Map<number, Purse>, 'get'> & { set(id: number, purse: Purse): unknown },
  id: number,
  perMinute: number,
  now: number,
): Purse {
  const purse = purses.get(id);
  if (!purse) {
    const full = { perMinute, left: perMinute, at: now };
    purses.set(id, full);
    return full;
  }
  purse.left = Math.min(perMinute, purse.left + (Math.max(0, now - purse.at) * perMinute) / MINUTE);
  purse.perMinute = perMinute;
  purse.at = now;
  return purse;
}

/** Until one event fits; a minute at most, so that nobody waits for long after a limit was raised. */
function secondsToWait({ left, perMinute }: Purse): number {
  return left >= 1 ? 0 : Math.min(60, Math.max(1, Math.ceil(((1 - left) / perMinute) * 60)));
}
