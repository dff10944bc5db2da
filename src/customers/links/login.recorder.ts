import { Inject, Injectable } from '@nestjs/common';
import { Database, type Tx } from '../../platform/db/database.js';
import { Metrics } from '../../platform/metrics.js';
import { IDLE, type Stage, type StageResult } from '../../platform/stages/stage.js';
import { Projects } from '../../projects/project.registry.js';
import { judgeLogin } from '../algorithm/judge-login.js';
import { IDENTITY_CONFIG, type IdentityConfig } from '../identity-config.js';
import { CustomerDirectory } from '../public.js';
import { type DeviceState, LinkStore, type Login } from './link.store.js';

/** Logins kept between two writes; more are lost and counted, and come again with the customer's next event. */
const MOST_LOGINS = 50_000;
/** Logins of one transaction. */
const AT_ONCE = 1000;
/** Old logins forgotten in one run. */
const FORGOTTEN = 5000;
/** Who stands in the history for what nobody did by hand. */
const ACTOR = 'forewarn';

/** A customer who was seen on a device. */
export interface SeenLogin {
  readonly projectId: number;
  readonly device: string;
  readonly customerId: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

/**
 * Gathers who logs in on which device, and every few seconds gives what a device suffered before to who logged in on it. Logins are in memory until
 * then: a process that is killed loses those of seconds, and learns them again from the customer's next event. Doing it again changes nothing.
 */
@Injectable()
export class LoginRecorder implements Stage {
  readonly name = 'identity-links';
  readonly pauseMs = 5000;
  readonly limitMs = 60_000;
  private gathered = new Map<string, Login>();
  private readonly lost;
  private readonly links;

  constructor(
    private readonly store: LinkStore,
    private readonly directory: CustomerDirectory,
    private readonly projects: Projects,
    private readonly database: Database,
    @Inject(IDENTITY_CONFIG) private readonly config: IdentityConfig,
    metrics: Metrics,
  ) {
    const help = 'Logins on devices that were not kept, because too many came between two writes.';
    this.lost = metrics.counter('logins_lost_total', help, []);
    this.links = metrics.counter(
      'device_logins_total',
      'Logins on devices that had hits of nobody known, by what followed.',
      ['verdict'],
    );
  }

  /** Adds a login; false where there is no room until the next write. */
  saw({ projectId, device, customerId, at }: SeenLogin): boolean {
    const directory = this.projects.find(projectId)?.directory;
    if (!directory) return false;
    const key = `${directory.id} ${customerId} ${device}`;
    const known = this.gathered.get(key);
    if (!known && this.gathered.size >= MOST_LOGINS) {
      this.lost.inc();
      return false;
    }
    this.gathered.set(key, { directoryId: directory.id, device, customerId, at: Math.max(at, known?.at ?? 0) });
    return true;
  }

  async runOnce(now: Date): Promise<StageResult> {
    if (this.gathered.size === 0) return IDLE;
    const taken = [...this.gathered.values()];
    this.gathered = new Map();
    for (let at = 0; at < taken.length; at += AT_ONCE) {
      try {
        await this.database.transaction((tx) => this.write(tx, taken.slice(at, at + AT_ONCE), now));
      } catch (error) {
        for (const one of taken.slice(at)) this.gathered.set(`${one.directoryId} ${one.customerId} ${one.device}`, one);
        throw error;
      }
    }
    return { worked: taken.length, more: false };
  }

  private async write(tx: Tx, taken: readonly Login[], now: Date): Promise<void> {
    const { sharedDevice, limits } = this.config;
    const peopleSince = new Date(now.getTime() - sharedDevice.per);
    const devicesSince = new Date(now.getTime() - limits.device.per);
    await this.store.forgetLogins(tx, new Date(now.getTime() - 2 * sharedDevice.per), FORGOTTEN);
    const logins = await this.store.addLogins(tx, taken);
    const states = await this.store.devices(tx, logins, peopleSince, devicesSince);
    for (const state of states) await this.judge(tx, state, peopleSince, now);
  }

  private async judge(tx: Tx, state: DeviceState, peopleSince: Date, now: Date): Promise<void> {
    const { directoryId, device, customerId, strangerId } = state;
    const limits = { people: this.config.sharedDevice.customers, devices: this.config.limits.device.most };
    // Several customers may have logged in on one device since the last run.
    const name = { kind: 'device', value: device } as const;
    const owner = await this.store.owner(tx, directoryId, name);
    if (owner?.ownerId !== strangerId) return;
    const verdict = judgeLogin({ ...state, linkedTo: owner.mergedInto ?? undefined }, limits);
    this.links.inc({ verdict });
    const event = { customerId, strangerId, ...name, actor: ACTOR, reason: null, at: now } as const;
    switch (verdict) {
      case 'nothing':
      case 'taken_away':
        return;
      case 'link':
        await this.store.merge(tx, strangerId, customerId, name, now);
        return this.store.record(tx, { ...event, action: 'linked', cause: 'login' });
      case 'release':
        await this.store.release(tx, directoryId, name);
        return this.directory.nameMoved(tx);
      case 'shared_device':
        for (const holder of await this.store.linkedBy(tx, directoryId, device, peopleSince)) {
          for (const id of await this.store.unmerge(tx, holder, name, peopleSince, now))
            await this.store.record(tx, {
              ...event,
              customerId: holder,
              strangerId: id,
              action: 'unlinked',
              cause: verdict,
            });
        }
        return this.refuse(tx, { ...event, action: 'refused', cause: verdict }, peopleSince);
      case 'too_many_devices':
        return this.refuse(tx, { ...event, action: 'refused', cause: verdict }, peopleSince);
    }
  }

  private async refuse(tx: Tx, event: Parameters<LinkStore['record']>[1], since: Date): Promise<void> {
    if (!(await this.store.wasRefused(tx, event, since))) await this.store.record(tx, event);
  }
}
