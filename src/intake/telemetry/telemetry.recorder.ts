import { Injectable } from '@nestjs/common';
import { type Identity } from '../../customers/customer.js';
import { identitiesOfUser } from '../../customers/identity.js';
import { CustomerDirectory } from '../../customers/public.js';
import { traitLines, type TraitPair, traitValue } from '../../customers/trait.js';
import { Clock } from '../../platform/clock.js';
import { CustomerTraits } from '../../customers/traits.service.js';
import { Database, type Tx } from '../../platform/db/database.js';
import { IDLE, type Stage, type StageResult } from '../../platform/stages/stage.js';
import { Scrubber } from '../../events/scrubber.js';
import {
  type Activity as CustomerActivity,
  type ClientReport,
  countedIn,
  type Feedback,
  type SessionCount,
  type Telemetry,
} from '../../events/telemetry.js';
import { type Trust } from '../../projects/project-key.js';
import { heldTime } from '../held-time.js';
import { KeyLimiter } from '../http/key.limiter.js';
import { type Sender } from '../sender.js';
import { ClaimedDrops } from './claimed-drops.js';
import { type DropRow, type SessionRow, TelemetryStore } from './telemetry.store.js';

const MINUTE = 60_000;
/** Distinct releases, users and reasons kept between two writes; what comes beyond joins a common row, so that a flood of made-up names costs nothing. */
const MOST_ROWS = 5_000;
const MOST_USERS = 100_000;
/** A device that crashes again and again is one device: its crashes count once in this time, the longest in which detection sums them. */
const CRASH_COUNTS_ONCE_MS = 60 * MINUTE;
/** Users whom nobody knows are asked for again, since a customer's session often begins before the first error tells of them: so many, so often and so long. */
const MOST_STRANGERS = 20_000;
const ASK_AGAIN_MS = 10_000;
const STRANGERS_KEPT_MS = 10 * MINUTE;
/** Users of one transaction: of 40,000 at once, as an app with 10,000 transactions a second has, the main thread was held for half a second (bench:intake, mixed). */
const AT_ONCE = 1000;
const COUNTED = ['started', 'exited', 'errored', 'crashed', 'abnormal'] as const;
const OTHER = '(other)';

/** A user's last activity, by the name that sessions give. */
interface Activity {
  readonly projectId: number;
  readonly did: string;
  at: number;
}

/** A user whom nobody knew at `since`, epoch milliseconds. */
interface Stranger extends Activity {
  readonly since: number;
}

interface Gathered {
  readonly sessions: Map<string, SessionRow>;
  readonly drops: Map<string, DropRow>;
  /** Last activity by project and user id. */
  readonly activity: Map<string, Activity>;
}

function empty(): Gathered {
  return { sessions: new Map(), drops: new Map(), activity: new Map() };
}

/**
 * Gathers sessions and client reports and writes them every second or two. They are statistics, not events: a process that
 * is killed loses what it had gathered since, which is the only thing that intake answers before it is committed.
 */
@Injectable()
export class TelemetryRecorder implements Stage {
  readonly name = 'telemetry-flush';
  readonly pauseMs = 1000;
  readonly limitMs = 60_000;
  private gathered = empty();
  /** Users counted as active in the current minute, by project and minute. */
  private readonly active = new Map<string, Set<string>>();
  /** Devices whose crash was counted in this hour, by project and release. */
  private crashed = { hour: 0, devices: new Set<string>() };
  /** Users whom nobody knew, by project and user id; the one seen longest ago first. */
  private readonly strangers = new Map<string, Stranger>();
  private askedAgainAt = 0;
  private readonly claims = new ClaimedDrops();

  constructor(
    private readonly store: TelemetryStore,
    private readonly directory: CustomerDirectory,
    private readonly traits: CustomerTraits,
    private readonly database: Database,
    private readonly scrubber: Scrubber,
    private readonly clock: Clock,
    private readonly limiter: KeyLimiter,
  ) {}

  /** Takes all telemetry of a body; returns how many items were used, and how many were duplicates. Feedback is committed. */
  async record(
    sender: Sender,
    { sessions, clientReports, feedback, activity = [], spans = [] }: Telemetry,
    receivedAt: number,
  ): Promise<{ used: number; duplicate: number }> {
    const projectId = sender.id;
    const newWords = await this.feedback(projectId, feedback, this.clock.now());
    const { trust } = sender;
    // Each may name somebody, and room for names is bounded; the request has paid for one. Spans cost nothing: traces may have more of them than apps have events.
    const names = activity.length + sessions.reduce((sum, counts) => sum + counts.length, 0);
    if (names > 1) this.limiter.spend(sender, names - 1);
    for (const counts of sessions) this.sessions(projectId, counts, receivedAt, trust);
    for (const report of clientReports) this.clientReport(sender, report, receivedAt);
    for (const one of activity) this.used(projectId, one, trust);
    for (const { user: customer, at, traits } of spans) this.used(projectId, { customer, at, traits }, trust);
    const counted = spans.filter(({ counts }) => counts).length;
    const used = sessions.length + clientReports.length + activity.length + counted + newWords;
    return { used, duplicate: feedback.length - newWords };
  }

  /** Adds the sessions of one item; `receivedAt` in epoch milliseconds. */
  sessions(projectId: number, counts: readonly SessionCount[], receivedAt: number, trust: Trust): void {
    for (const count of counts) {
      this.addSession(projectId, count, countedIn(count.at, receivedAt));
      if (count.did === undefined) continue;
      this.touch(projectId, count.did, count.at);
      if (count.started > 0) this.learn(projectId, count.did, count, trust);
    }
  }

  private learn(projectId: number, did: string, { at, release, traits = [] }: SessionCount, trust: Trust): void {
    const value = release === undefined ? undefined : traitValue(release);
    const all: TraitPair[] = value === undefined ? [...traits] : [...traits, ['release', value]];
    if (all.length > 0) this.traits.saw({ projectId, customer: namesOf(did), traits: traitLines(all), at, trust });
  }

  /** Adds that a customer used the app, and with what. */
  private used(projectId: number, { customer, at, traits }: CustomerActivity, trust: Trust): void {
    const did = customer.id ?? customer.email ?? customer.username;
    if (did !== undefined) this.touch(projectId, did, at);
    this.traits.saw({ projectId, customer: identitiesOfUser(customer), traits: traitLines(traits), at, trust });
  }

  /** Adds what an SDK says that it dropped; of claims no more than a source may make in a minute. */
  private clientReport(
    { id: projectId, trust, source }: Sender,
    { at, drops }: ClientReport,
    receivedAt: number,
  ): void {
    for (const { reason, category, quantity: said, ofErrors } of drops) {
      const minute = Math.floor(heldTime(at, receivedAt, trust) / MINUTE) * MINUTE;
      const quantity = trust === 'claimed' ? this.claims.take(source, said, receivedAt) : said;
      const claimed = trust === 'claimed' ? quantity : 0;
      const key = `${projectId} ${minute} ${reason} ${category}`;
      const full = !this.gathered.drops.has(key) && this.gathered.drops.size >= MOST_ROWS;
      const row = {
        projectId,
        minute: new Date(minute),
        reason: full ? OTHER : reason,
        category,
        ofErrors,
        quantity: 0,
        claimed: 0,
      };
      const sum = upsert(this.gathered.drops, full ? `${projectId} ${minute} ${OTHER} ${category}` : key, row);
      sum.quantity += quantity;
      sum.claimed += claimed;
    }
  }

  /** Keeps customers' own words, committed before it returns how many of them were not kept before. */
  async feedback(projectId: number, items: readonly Feedback[], now: Date): Promise<number> {
    if (items.length === 0) return 0;
    return this.database.transaction(async (tx) => {
      const customers = await this.directory.recognise(
        tx,
        items.map(({ user }) => ({ projectId, identities: identitiesOfUser({ id: user?.id, email: user?.email }) })),
        now,
      );
      const rows = items.map((item, at) => ({
        projectId,
        feedbackId: item.eventId || null,
        aboutEventId: item.aboutEventId ?? null,
        customerId: customers[at] ?? null,
        message: this.scrubber.text(item.message, item.user),
        at: new Date(item.at),
      }));
      return this.store.addFeedback(tx, rows, now);
    });
  }

  async runOnce(now: Date): Promise<StageResult> {
    const strangers = this.strangersToAskFor(now.getTime());
    const { sessions, drops, activity } = this.gathered;
    const worked = sessions.size + drops.size + activity.size + strangers.length;
    if (worked === 0) return IDLE;
    this.gathered = empty();
    try {
      await this.database.transaction(async (tx) => {
        await this.store.addSessions(tx, [...sessions.values()]);
        await this.store.addDrops(tx, [...drops.values()]);
      });
      sessions.clear();
      drops.clear();
      await this.askAgain(strangers);
      await this.writeActivity(activity, now);
    } catch (error) {
      this.takeBack({ sessions, drops, activity });
      throw error;
    }
    this.forgetMinutesBefore(now.getTime() - 10 * MINUTE);
    return { worked, more: false };
  }

  /** Asks again for those whom nobody knew, some at a time. */
  private async askAgain(strangers: readonly Stranger[]): Promise<void> {
    const unknown: Stranger[] = [];
    for (let at = 0; at < strangers.length; at += AT_ONCE) {
      const users = strangers.slice(at, at + AT_ONCE);
      unknown.push(...(await this.database.transaction((tx) => this.touchKnown(tx, users))));
    }
    this.keepStrangers(unknown, strangers.length > 0);
  }

  /** Writes down who used an app, some at a time; those who are written down are taken out of `activity`. */
  private async writeActivity(activity: Map<string, Activity>, now: Date): Promise<void> {
    const active = [...activity.values()].map((user) => ({ ...user, since: now.getTime() }));
    for (let at = 0; at < active.length; at += AT_ONCE) {
      const users = active.slice(at, at + AT_ONCE);
      const newly = this.newlyActive(users);
      const unknown = await this.database.transaction(async (tx) => {
        await this.store.addActive(tx, newly);
        return this.touchKnown(tx, users);
      });
      for (const user of users) activity.delete(nameOf(user));
      this.keepStrangers(unknown, false);
    }
  }

  /** Moves the last activity on of those whom somebody knows; returns the others. */
  private async touchKnown(tx: Tx, users: readonly Stranger[]): Promise<Stranger[]> {
    const owners = await this.directory.findKnown(
      tx,
      users.map(({ projectId, did }) => ({ projectId, identities: namesOf(did) })),
    );
    const rows = users.flatMap(({ projectId, at }, nth) => {
      const customerId = owners[nth];
      return customerId === undefined ? [] : [{ projectId, customerId, at: new Date(at) }];
    });
    await this.store.touchActivity(tx, rows);
    return users.filter((_, nth) => owners[nth] === undefined);
  }

  /** The strangers when it is time to ask for them again, but for those who are kept for long; none between. */
  private strangersToAskFor(now: number): Stranger[] {
    if (this.strangers.size === 0 || now - this.askedAgainAt < ASK_AGAIN_MS) return [];
    this.askedAgainAt = now;
    for (const [key, { since }] of this.strangers) if (now - since >= STRANGERS_KEPT_MS) this.strangers.delete(key);
    return [...this.strangers.values()];
  }

  /** Keeps those whom nobody knew, in place of all who were asked for again; the oldest make room. */
  private keepStrangers(unknown: readonly Stranger[], askedAgain: boolean): void {
    if (askedAgain) this.strangers.clear();
    for (const user of unknown) {
      const key = nameOf(user);
      const at = Math.max(user.at, this.strangers.get(key)?.at ?? 0);
      this.strangers.delete(key);
      this.strangers.set(key, { ...user, at });
    }
    for (const key of this.strangers.keys()) {
      if (this.strangers.size <= MOST_STRANGERS) break;
      this.strangers.delete(key);
    }
  }

  /** How many of these users were not yet counted in their minute; an estimate once a minute has more users than are kept. */
  private newlyActive(users: readonly Activity[]): { projectId: number; minute: Date; customers: number }[] {
    const counts = new Map<string, { projectId: number; minute: Date; customers: number }>();
    for (const { projectId, did, at } of users) {
      const minute = Math.floor(at / MINUTE) * MINUTE;
      const key = `${projectId} ${minute}`;
      const seen = upsert(this.active, key, new Set<string>());
      if (seen.has(did) || seen.size >= MOST_USERS) continue;
      seen.add(did);
      upsert(counts, key, { projectId, minute: new Date(minute), customers: 0 }).customers++;
    }
    return [...counts.values()];
  }

  private addSession(projectId: number, count: SessionCount, minute: number): void {
    const named = `${projectId} ${minute} ${count.release ?? ''} ${count.environment}`;
    const full = !this.gathered.sessions.has(named) && this.gathered.sessions.size >= MOST_ROWS;
    const release = full ? OTHER : (count.release ?? '');
    const environment = full ? OTHER : count.environment;
    const fresh = {
      projectId,
      minute: new Date(minute),
      release,
      environment,
      started: 0,
      exited: 0,
      errored: 0,
      crashed: 0,
      abnormal: 0,
      crashedDevices: 0,
    };
    const row = upsert(this.gathered.sessions, full ? `${projectId} ${minute} ${OTHER} ${OTHER}` : named, fresh);
    for (const end of COUNTED) row[end] += count[end];
    row.crashedDevices += this.devicesOf(projectId, count, minute);
  }

  /** Crashes that count, of a session whose device is known at most one an hour; once there are more devices than are kept, each. */
  private devicesOf(projectId: number, { did, release, crashed }: SessionCount, minute: number): number {
    if (did === undefined || crashed === 0) return crashed;
    const hour = Math.floor(minute / CRASH_COUNTS_ONCE_MS);
    if (hour > this.crashed.hour) this.crashed = { hour, devices: new Set() };
    const key = `${projectId} ${release ?? ''} ${did}`;
    if (this.crashed.devices.has(key)) return 0;
    if (this.crashed.devices.size < MOST_USERS) this.crashed.devices.add(key);
    return 1;
  }

  private touch(projectId: number, did: string, at: number): void {
    const key = nameOf({ projectId, did });
    if (!this.gathered.activity.has(key) && this.gathered.activity.size >= MOST_USERS) return;
    const row = upsert(this.gathered.activity, key, { projectId, did, at });
    row.at = Math.max(row.at, at);
  }

  private takeBack({ sessions, drops, activity }: Gathered): void {
    for (const [key, row] of sessions) {
      const none = { started: 0, exited: 0, errored: 0, crashed: 0, abnormal: 0, crashedDevices: 0 };
      const kept = upsert(this.gathered.sessions, key, { ...row, ...none });
      for (const end of [...COUNTED, 'crashedDevices'] as const) kept[end] += row[end];
    }
    for (const [key, row] of drops) {
      const kept = upsert(this.gathered.drops, key, { ...row, quantity: 0, claimed: 0 });
      kept.quantity += row.quantity;
      kept.claimed += row.claimed;
    }
    for (const row of activity.values()) this.touch(row.projectId, row.did, row.at);
  }

  private forgetMinutesBefore(limit: number): void {
    for (const key of this.active.keys()) if (Number(key.split(' ')[1]) < limit) this.active.delete(key);
  }
}

function upsert<T>(map: Map<string, T>, key: string, fresh: T): T {
  const found = map.get(key);
  if (found !== undefined) return found;
  map.set(key, fresh);
  return fresh;
}

function nameOf({ projectId, did }: Pick<Activity, 'projectId' | 'did'>): string {
  return `${projectId} ${did}`;
}

/** Whom a session may be of: SDKs fill `did` with the user's id, or else the e-mail, or else the username, and do not say which. */
function namesOf(did: string): Identity[] {
  return identitiesOfUser({ id: did, email: did.includes('@') ? did : undefined, username: did });
}
