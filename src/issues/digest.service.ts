import { Inject, Injectable } from '@nestjs/common';
import { type Identity } from '../customers/customer.js';
import { CustomerDirectory } from '../customers/public.js';
import { type AcceptedEvent, type EventConsumer, type GroupingKey } from '../intake/accepted-event.js';
import { type AppEvent } from '../intake/event.js';
import { type DigestOutcome } from '../intake/outcome.js';
import { IntakeLedger } from '../intake/public.js';
import { Clock } from '../platform/clock.js';
import { Database, PG_ERROR, pgCode, type Tx } from '../platform/db/database.js';
import { LOGGER, type Logger } from '../platform/logging/logger.js';
import { type CountedEvent, totalsByCustomer, totalsByIssue } from './algorithm/batch.js';
import { type Fingerprint, fingerprintV1 } from './algorithm/fingerprint.v1.js';
import { isBlocking } from './blocking.js';
import { DigestStore } from './digest.store.js';
import { IssueOpener } from './issue.opener.js';
import { SampleKeeper } from './sample.keeper.js';

const MINUTE = 60_000;

interface Prepared {
  readonly accepted: AcceptedEvent;
  readonly fingerprint: Pick<Fingerprint, 'version' | 'key'>;
  readonly identities: readonly Identity[];
}

/**
 * GROUP: turns a batch of accepted events into issues, counts and hits, in one transaction.
 * Idempotent by `(project, event id)`: an event that was seen before changes nothing.
 */
@Injectable()
export class Digest implements EventConsumer {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly directory: CustomerDirectory,
    private readonly ledger: IntakeLedger,
    private readonly store: DigestStore,
    private readonly opener: IssueOpener,
    private readonly samples: SampleKeeper,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  groupingOf(event: AppEvent): GroupingKey {
    const { version, key } = fingerprintV1(event);
    return { version, key };
  }

  async digest(batch: readonly AcceptedEvent[]): Promise<DigestOutcome[]> {
    const prepared = batch.map((accepted) => ({
      accepted,
      fingerprint: knownFingerprint(accepted.grouping) ?? fingerprintV1(accepted.event),
      identities: identitiesOf(accepted.event),
    }));
    try {
      return await this.commit(prepared);
    } catch (error) {
      const code = pgCode(error);
      if (
        code !== PG_ERROR.foreignKeyViolation &&
        code !== PG_ERROR.deadlockDetected &&
        code !== PG_ERROR.uniqueViolation
      )
        throw error;
      // A customer was erased, or another process was at the same rows: what was remembered is stale, the input is not.
      this.logger.warn({ code, events: batch.length }, 'digest starts a batch again');
      this.directory.forget();
      return this.commit(prepared);
    }
  }

  private async commit(prepared: readonly Prepared[]): Promise<DigestOutcome[]> {
    const now = this.clock.now();
    const committed = await this.database.transaction(async (tx) => {
      const fresh = await this.unseen(tx, prepared, now);
      const issueIds = await this.opener.attach(
        tx,
        fresh.map((one) => ({ ...one.accepted, fingerprint: one.fingerprint })),
        now,
      );
      const customers = await this.directory.recognise(
        tx,
        fresh.map((one) => one.identities),
        now,
      );
      const counted = fresh.map((one, at) => countedEvent(one, issueIds[at], customers[at]));
      await this.count(
        tx,
        counted.filter((one) => one !== undefined),
        now,
      );
      await this.samples.keep(
        tx,
        fresh.map((one, at) => ({ accepted: one.accepted, issueId: issueIds[at] })),
        now,
      );
      const outcomes = outcomesOf(prepared, fresh, issueIds);
      const counts = countOutcomes(prepared, outcomes, now);
      await this.ledger.countOutcomes(tx, counts);
      return { outcomes, counts, identities: fresh.map((one) => one.identities), customers };
    });
    this.directory.remember(committed.identities, committed.customers);
    this.ledger.observe(committed.counts);
    return committed.outcomes;
  }

  /** The events that nobody has counted yet; of two with the same id in one batch the first. */
  private async unseen(tx: Tx, prepared: readonly Prepared[], now: Date): Promise<Prepared[]> {
    const fresh = await this.ledger.claimEvents(
      tx,
      prepared.map((one) => one.accepted),
      now,
    );
    return prepared.filter(({ accepted }) => fresh.delete(`${accepted.projectId}:${accepted.event.eventId}`));
  }

  private async count(tx: Tx, events: readonly CountedEvent[], now: Date): Promise<void> {
    if (events.length === 0) return;
    const minute = new Date(Math.floor(now.getTime() / MINUTE) * MINUTE);
    const issues = totalsByIssue(events);
    await this.store.touchIssues(tx, issues, now);
    const hits = new Map(
      (await this.store.countCustomers(tx, totalsByCustomer(events), minute)).map((row) => [row.issue_id, row]),
    );
    const rows = issues.map(({ issueId, events: count }) => ({
      issueId,
      events: count,
      customers: hits.get(issueId)?.customers ?? 0,
      arrivals: hits.get(issueId)?.arrivals ?? 0,
    }));
    await this.store.countMinutes(tx, minute, rows);
  }
}

/** A key that another process made of the event as it was sent; undefined for none, or one of another version. */
function knownFingerprint(grouping: GroupingKey | undefined): Prepared['fingerprint'] | undefined {
  return grouping?.version === 'v1' ? { version: 'v1', key: grouping.key } : undefined;
}

/** Who an event is about, strongest identity first. An IP address names a household or an office, never a customer. */
export function identitiesOf(event: AppEvent): Identity[] {
  const { id, email, username } = event.user ?? {};
  return [
    ...(id ? [{ kind: 'id' as const, value: id }] : []),
    ...(email ? [{ kind: 'email' as const, value: email.trim().toLowerCase() }] : []),
    ...(username ? [{ kind: 'username' as const, value: username }] : []),
  ];
}

function countedEvent(
  { accepted: { event } }: Prepared,
  issueId: number | undefined,
  customerId: number | undefined,
): CountedEvent | undefined {
  if (issueId === undefined) return undefined;
  return {
    issueId,
    customerId,
    eventId: event.eventId,
    occurredAt: event.occurredAt,
    release: event.release,
    blocking: isBlocking(event),
  };
}

function outcomesOf(
  prepared: readonly Prepared[],
  fresh: readonly Prepared[],
  issueIds: readonly (number | undefined)[],
): DigestOutcome[] {
  const outcome = new Map(
    fresh.map((one, at) => [one, issueIds[at] === undefined ? ('ignored' as const) : ('accepted' as const)]),
  );
  return prepared.map((one) => outcome.get(one) ?? 'duplicate');
}

function countOutcomes(prepared: readonly Prepared[], outcomes: readonly DigestOutcome[], now: Date) {
  const minute = new Date(Math.floor(now.getTime() / MINUTE) * MINUTE);
  const counts = new Map<string, { projectId: number; minute: Date; outcome: DigestOutcome; count: number }>();
  for (const [at, { accepted }] of prepared.entries()) {
    const outcome = outcomes[at] ?? 'duplicate';
    const key = `${accepted.projectId} ${outcome}`;
    const sum = counts.get(key);
    if (sum) sum.count++;
    else counts.set(key, { projectId: accepted.projectId, minute, outcome, count: 1 });
  }
  return [...counts.values()];
}
