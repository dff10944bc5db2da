import { Inject, Injectable } from '@nestjs/common';
import { type Person } from '../../customers/customer.js';
import { CustomerDirectory, type Known, type RecalledCustomers } from '../../customers/public.js';
import { CustomerLogins } from '../../customers/logins.service.js';
import { CustomerTraits } from '../../customers/traits.service.js';
import { markOf } from '../../intake/event-mark.js';
import { heldTime } from '../../intake/held-time.js';
import { type EventConsumer } from '../../intake/event-buffer.js';
import { type CountableEvent, type QueuedEvent } from '../../intake/queued-event.js';
import { type DigestOutcome } from '../../intake/outcome.js';
import { IntakeLedger } from '../../intake/public.js';
import { Clock } from '../../platform/clock.js';
import { type Bound, Database, type Tx } from '../../platform/db/database.js';
import { PG_ERROR, pgCode } from '../../platform/db/pg-error.js';
import { runAll } from '../../platform/db/sql.js';
import { LOGGER, type Logger } from '../../platform/logging/logger.js';
import { type CountedEvent, totalsByCell, totalsByCustomer, totalsByRelease } from './batch.js';
import { type Place } from './cell.js';
import { DigestStore } from './digest.store.js';
import { type Facts } from '../../grouping/facts.js';
import { Fingerprinter } from '../../grouping/fingerprinter.js';
import { LateNames, type Unnamed } from './late-names.stage.js';
import { IgnoreStore } from '../triage/ignore.store.js';
import { type BudgetKind } from './opening-budget.js';
import { IssueOpener, type RecalledPlaces } from './issue.opener.js';
import { Newcomers } from './newcomers.service.js';
import { type PlacedEvent, RegressionKeeper } from './regression.keeper.js';
import { SampleKeeper } from './sample.keeper.js';

const MINUTE = 60_000;
/** Batches that go step by step after one held an event seen before: an app that sends twice may well go on to. */
const CAUTIOUS_BATCHES = 50;

/** An event that is about to be counted. */
export type Prepared = Omit<QueuedEvent, 'facts' | 'fault'> &
  Facts & {
    /** Tells a resend from another event with the same id: `markOf`. */
    readonly mark: number;
    /** When it counts as having happened, epoch milliseconds: `heldTime`. */
    readonly countedAt: number;
  };

/** SQLSTATEs of a batch that fails since a customer was erased meanwhile, or another process was at the same rows. */
const CONFLICTS: readonly (string | undefined)[] = [
  PG_ERROR.foreignKeyViolation,
  PG_ERROR.deadlockDetected,
  PG_ERROR.uniqueViolation,
];

/** Issue and customer of each event of a batch, as this process remembers them. */
interface Remembered {
  readonly places: RecalledPlaces;
  readonly customers: RecalledCustomers;
}

/**
 * GROUP: turns a batch of accepted events into issues, counts and hits, in one transaction.
 * Idempotent by `(project, event id, mark)`: an event that was seen before changes nothing, and another event with its id counts.
 *
 * Where this process remembers the issue and the customer of every event, the whole transaction is one round trip, in which the server
 * first makes sure that no event was seen before and that what is remembered still holds. Otherwise it goes step by step.
 */
@Injectable()
export class Digest implements EventConsumer {
  /** Batches that are still to go step by step. */
  private cautious = 0;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly directory: CustomerDirectory,
    private readonly traits: CustomerTraits,
    private readonly logins: CustomerLogins,
    private readonly lateNames: LateNames,
    private readonly ledger: IntakeLedger,
    private readonly store: DigestStore,
    private readonly fingerprinter: Fingerprinter,
    private readonly opener: IssueOpener,
    private readonly regressions: RegressionKeeper,
    private readonly samples: SampleKeeper,
    private readonly ignored: IgnoreStore,
    private readonly newcomers: Newcomers,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async digest(batch: readonly CountableEvent[]): Promise<DigestOutcome[]> {
    const prepared = batch.map(withFacts);
    const now = this.clock.now();
    const remembered = this.recall(prepared, now);
    const outcomes = remembered && (await this.commitAtOnce(prepared, remembered, now));
    if (outcomes) return outcomes;
    try {
      return await this.commit(prepared);
    } catch (error) {
      const code = pgCode(error);
      if (!CONFLICTS.includes(code)) throw error;
      // A customer was erased, or another process was at the same rows: what was remembered is stale, the input is not.
      this.logger.warn({ code, events: prepared.length }, 'digest starts a batch again');
      this.directory.forget();
      return this.commit(prepared);
    }
  }

  /** Undefined where an event needs more than to be counted, or something of it is not remembered. */
  private recall(prepared: readonly Prepared[], now: Date): Remembered | undefined {
    if (this.cautious > 0) {
      this.cautious -= 1;
      return undefined;
    }
    if (prepared.some((one) => one.grouped.ignore)) return undefined;
    const places = this.opener.recall(prepared);
    const customers = places && this.directory.recall(prepared);
    if (!places || !customers || !this.samples.remembers(places.places, now)) return undefined;
    return { places, customers };
  }

  /** Counts a batch of events that nobody has seen; undefined, with nothing changed, where one was seen or what is remembered no longer holds. */
  private async commitAtOnce(
    prepared: readonly Prepared[],
    remembered: Remembered,
    now: Date,
  ): Promise<DigestOutcome[] | undefined> {
    const { places } = remembered.places;
    const counted = prepared.flatMap((one, at) => countedEvent(one, places[at], remembered.customers.ids[at]) ?? []);
    const placed = prepared.flatMap((one, at) => placedEvent(one, places[at], undefined));
    const outcomes = prepared.map((): DigestOutcome => 'accepted');
    const counts = countOutcomes(prepared, outcomes, now);
    const releases = this.regressions.saveReleases(placed, now);
    const samples = prepared.map((event, at) => {
      return { event, place: places[at], customerId: remembered.customers.ids[at] };
    });
    try {
      await this.database.transaction((tx) =>
        tx.commitWith(
          ...releases.bound,
          this.directory.assertErasures(remembered.customers),
          this.opener.assertChanges(remembered.places),
          this.ledger.claimAllEvents(prepared, now),
          ...this.samples.keep(samples, now),
          ...this.count(counted, now),
          ...this.ledger.addOutcomes(counts),
        ),
      );
    } catch (error) {
      const code = pgCode(error);
      if (code !== PG_ERROR.stale && !CONFLICTS.includes(code)) throw error;
      if (code === PG_ERROR.uniqueViolation) this.cautious = CAUTIOUS_BATCHES;
      return undefined;
    }
    this.regressions.remember(releases.fresh);
    this.ledger.observe(counts);
    this.learn(prepared, remembered.customers.ids);
    this.lateNames.wait(unnamed(prepared, counted), now);
    return outcomes;
  }

  private async commit(prepared: readonly Prepared[]): Promise<DigestOutcome[]> {
    const now = this.clock.now();
    const committed = await this.database.transaction(async (tx) => {
      // Asked for together, these travel in one round trip.
      const [ids, found, known] = await Promise.all([
        this.ledger.claimEvents(tx, prepared, now),
        this.opener.find(tx, prepared),
        this.directory.look(tx, prepared),
      ]);
      const claimed = prepared.map((one, at) => claimedEvent(one, ids[at]));
      const fresh = claimed.filter((one) => one !== undefined);
      const wanted = fresh.filter((one) => !one.grouped.ignore);
      const kinds = await this.budgetKinds(tx, wanted, found, known);
      const attached = await this.opener.attach(tx, wanted, { found, kinds }, now);
      const places = new Map(wanted.map((one, at) => [one, attached[at]]));
      const counting = wanted.filter((one) => places.get(one)?.status !== 'ignored');
      const ignored = wanted.filter((one) => places.get(one)?.status === 'ignored');
      const people = await this.withinLimits([...counting, ...ignored], known, now);
      const customers = await this.directory.recognise(tx, people, now, known);
      await this.countIgnored(tx, ignored, customers.slice(counting.length), places, now);
      const counted = counting.map((one, at) => countedEvent(one, places.get(one), customers[at]));
      const placed = counting.flatMap((one, at) => placedEvent(one, places.get(one), customers[at]));
      const releases = this.regressions.saveReleases(placed, now);
      await runAll(tx, releases.bound);
      await this.regressions.reopen(tx, placed, now);
      const outcomes = outcomesOf(claimed, counting);
      const counts = countOutcomes(prepared, outcomes, now);
      await this.samples.learn(
        tx,
        placed.map((one) => one.place),
        now,
      );
      const samples = counting.map((event, at) => ({ event, place: places.get(event), customerId: customers[at] }));
      // Last, since from here on other batches wait for the rows of the same issues.
      tx.commitWith(
        ...this.samples.keep(samples, now),
        ...this.count(
          counted.filter((one) => one !== undefined),
          now,
        ),
        ...this.ledger.addOutcomes(counts),
        ...this.ignored.countByRule(ruledOut(fresh), now),
      );
      const nobodys = unnamed(
        counting,
        counted.flatMap((one) => one ?? []),
      );
      return { outcomes, counts, using: [...counting, ...ignored], people, customers, releases, nobodys };
    });
    this.regressions.remember(committed.releases.fresh);
    this.directory.remember(committed.people, committed.customers);
    this.ledger.observe(committed.counts);
    this.learn(committed.using, committed.customers);
    this.lateNames.wait(committed.nobodys, now);
    return committed.outcomes;
  }

  /** The people of these events; nobody where a key or source has made too many known. */
  private async withinLimits(events: readonly Prepared[], known: Known, now: Date): Promise<readonly Person[]> {
    const strangers = await this.directory.strangersAmong(events, known);
    if (strangers.every((name) => name === undefined)) return events;
    const beyond = this.newcomers.beyond(events, strangers, now);
    return events.map((one, at) => (beyond[at] ? { projectId: one.projectId, identities: [] } : one));
  }

  /** For events of new faults, whose budget for new issues they spend: a claim about somebody in the directory is worth more than one about anybody. */
  private async budgetKinds(
    tx: Tx,
    events: readonly Prepared[],
    found: ReadonlyMap<string, Place>,
    known: Known,
  ): Promise<Map<Prepared, BudgetKind>> {
    const fresh = events.filter((one) => !this.opener.isPlaced(one, found));
    const claims = fresh.filter(({ trust = 'claimed' }) => trust === 'claimed');
    const listed = claims.length === 0 ? [] : await this.directory.areListed(tx, claims, known);
    const kinds = new Map<Prepared, BudgetKind>();
    for (const one of fresh) if (one.trust === 'server') kinds.set(one, 'server');
    for (const one of fresh) if (one.trust === 'signed') kinds.set(one, 'known');
    for (const [at, one] of claims.entries()) if (listed[at]) kinds.set(one, 'known');
    return kinds;
  }

  /** Keeps in mind what these customers were using, and on which device; after the commit, so that an event that comes again teaches nothing twice. */
  private learn(events: readonly Prepared[], customers: readonly (number | undefined)[]): void {
    for (const [at, { projectId, device, traits, occurredAt, trust }] of events.entries()) {
      const customer = customers[at];
      if (customer !== undefined && device !== undefined)
        this.logins.saw({ projectId, device, customerId: customer, at: occurredAt });
      if (customer !== undefined && traits) this.traits.saw({ projectId, customer, traits, at: occurredAt, trust });
    }
  }

  /** Counts ignored events beside the decision of the people who ignore them, and nowhere else. */
  private async countIgnored(
    tx: Tx,
    ignored: readonly Prepared[],
    customers: readonly (number | undefined)[],
    places: ReadonlyMap<Prepared, Place | undefined>,
    now: Date,
  ): Promise<void> {
    const events = ignored.flatMap((one, at) => {
      const place = places.get(one);
      return place ? [{ issueId: place.issueId, customerId: customers[at] }] : [];
    });
    await this.ignored.count(tx, events, now);
  }

  private count(events: readonly CountedEvent[], now: Date): Bound[] {
    if (events.length === 0) return [];
    return [
      this.store.touchCells(totalsByCell(events), this.fingerprinter.ruledBy, now),
      this.store.countHits(totalsByCustomer(events), totalsByRelease(events), now),
    ];
  }
}

/** Field by field, since copying objects whole costs more and this is done for every event. */
function withFacts(event: CountableEvent): Prepared {
  const { projectId, trust, keyId, source, eventId, receivedAt, hasPayload, content, facts } = event;
  const { occurredAt, release, blocking, identities: all, device, grouped, traits, traceId } = facts;
  // What is signed is the id and nothing else: an address beside it would lead to somebody else as if it were.
  const identities = trust === 'signed' ? all.filter(({ kind }) => kind === 'id') : all;
  const mark = markOf(facts, trust);
  const countedAt = heldTime(occurredAt, receivedAt, trust);
  // prettier-ignore
  return { projectId, trust, keyId, source, eventId, receivedAt, hasPayload, content, occurredAt, countedAt, mark, release, blocking, identities, device, grouped, traits, traceId };
}

function countedEvent(
  { eventId, trust, source, countedAt, release, blocking, grouped: { severity, area } }: Prepared,
  place: Place | undefined,
  customerId: number | undefined,
): CountedEvent | undefined {
  if (place === undefined) return undefined;
  const occurredAt = countedAt;
  return { cellId: place.cellId, customerId, eventId, trust, source, occurredAt, release, blocking, severity, area };
}

/** Events that name nobody and belong to a trace; `counted` are what was counted of `events`. */
function unnamed(events: readonly Prepared[], counted: readonly CountedEvent[]): Unnamed[] {
  if (events.every(({ traceId }) => traceId === undefined)) return [];
  const byId = new Map(counted.map((one) => [one.eventId, one]));
  return events.flatMap(({ projectId, keyId, eventId, traceId, identities }) => {
    const event = byId.get(eventId);
    if (!event || traceId === undefined || identities.length > 0) return [];
    return [{ ...event, projectId, keyId, traceId }];
  });
}

function placedEvent(
  { projectId, trust, source, occurredAt, release }: Prepared,
  place: Place | undefined,
  customerId: number | undefined,
): PlacedEvent[] {
  return place === undefined ? [] : [{ projectId, trust, source, occurredAt, release, place, customerId }];
}

function ruledOut(fresh: readonly Prepared[]) {
  return fresh.flatMap(({ projectId, grouped: { ignoredBy } }) =>
    ignoredBy === undefined ? [] : [{ rule: ignoredBy, projectId }],
  );
}

/** The event under the id that it counts under; undefined where it was seen before. */
function claimedEvent(event: Prepared, id: string | undefined): Prepared | undefined {
  if (id === undefined) return undefined;
  return id === event.eventId ? event : { ...event, eventId: id };
}

/** How each event ended; undefined stands for one that was seen before. */
function outcomesOf(claimed: readonly (Prepared | undefined)[], counted: readonly Prepared[]): DigestOutcome[] {
  const isCounted = new Set(counted);
  return claimed.map((one) => (one === undefined ? 'duplicate' : isCounted.has(one) ? 'accepted' : 'ignored'));
}

interface OutcomeSum {
  readonly projectId: number;
  readonly minute: Date;
  readonly outcome: DigestOutcome;
  count: number;
  /** Of these, accepted events that named nobody. */
  nobody: number;
}

function countOutcomes(prepared: readonly Prepared[], outcomes: readonly DigestOutcome[], now: Date) {
  const minute = new Date(Math.floor(now.getTime() / MINUTE) * MINUTE);
  const counts = new Map<string, OutcomeSum>();
  for (const [at, { projectId, identities }] of prepared.entries()) {
    const outcome = outcomes[at] ?? 'duplicate';
    const key = `${projectId} ${outcome}`;
    const sum = counts.get(key) ?? { projectId, minute, outcome, count: 0, nobody: 0 };
    counts.set(key, sum);
    sum.count++;
    if (outcome === 'accepted' && identities.length === 0) sum.nobody++;
  }
  return [...counts.values()];
}
