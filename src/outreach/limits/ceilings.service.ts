import { Inject, Injectable } from '@nestjs/common';
import { type Channel, CHANNELS } from '../../customers/customer.js';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { OUTREACH_CONFIG, type OutreachConfig } from '../outreach-config.js';
import { BudgetStore, SLOT_MS, type Taken } from './budget.store.js';

/** Messages that a channel's ceilings still allow. */
export interface Room {
  readonly left: number;
  /** When there may be room again; `now` where there is some. */
  readonly opens: Date;
}

/** A channel's ceilings beside what was taken of them, as the API shows them. */
export interface ShownCeiling {
  readonly perHour: number;
  readonly perDay: number;
  readonly takenInHour: number;
  readonly takenInDay: number;
}

/**
 * The ceilings of the whole installation. What is taken is counted in PostgreSQL under a lock on the channel, so that any number of
 * processes together never take more than a ceiling in any hour or any 24 hours.
 */
@Injectable()
export class SendCeilings {
  constructor(
    @Inject(OUTREACH_CONFIG) private readonly config: OutreachConfig,
    private readonly store: BudgetStore,
  ) {}

  /** Room that a channel has now; another process may take it meanwhile. */
  async room(sql: Sql, channel: Channel, now: Date): Promise<Room> {
    return this.roomOf(channel, await this.store.taken(sql, channel, now), now);
  }

  /**
   * Takes room for up to `wanted` messages of a channel, for good: a message that is tried again takes room again.
   * @returns how many may go out, and when there may be room for the others
   */
  async take(tx: Tx, channel: Channel, wanted: number, now: Date): Promise<{ granted: number; opens: Date }> {
    await this.store.lock(tx, channel);
    const { left, opens } = await this.room(tx, channel, now);
    const granted = Math.min(wanted, left);
    if (granted > 0) await this.store.add(tx, channel, granted, now);
    return { granted, opens };
  }

  /** Every channel's ceilings and what was taken of them. */
  async shown(sql: Sql, now: Date): Promise<Record<string, ShownCeiling>> {
    const entries = await Promise.all(
      CHANNELS.map(async (channel) => {
        const { hour, day } = await this.store.taken(sql, channel, now);
        return [channel, { ...this.config.limits[channel], takenInHour: hour, takenInDay: day }] as const;
      }),
    );
    return Object.fromEntries(entries);
  }

  private roomOf(channel: Channel, taken: Taken, now: Date): Room {
    const { perHour, perDay } = this.config.limits[channel];
    const [inHour, inDay] = [perHour - taken.hour, perDay - taken.day];
    const left = Math.max(0, Math.min(inHour, inDay));
    if (left > 0) return { left, opens: now };
    const soon = now.getTime() + SLOT_MS;
    const opens = Math.max(
      soon,
      inHour <= 0 ? (taken.hourEases?.getTime() ?? soon) : 0,
      inDay <= 0 ? (taken.dayEases?.getTime() ?? soon) : 0,
    );
    return { left, opens: new Date(opens) };
  }
}
