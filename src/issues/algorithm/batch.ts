import { type CustomerTotals, type IssueTotals } from '../totals.js';

/** One event of a batch that counts: attached to its issue and, where the app said who it was, to its customer. */
export interface CountedEvent {
  readonly issueId: number;
  readonly customerId: number | undefined;
  readonly eventId: string;
  /** Epoch milliseconds. */
  readonly occurredAt: number;
  readonly release: string | undefined;
  readonly blocking: boolean;
}

/** Sums a batch by issue, in order of issue id. */
export function totalsByIssue(events: readonly CountedEvent[]): IssueTotals[] {
  const totals = new Map<number, IssueTotals>();
  for (const { issueId, occurredAt, release, blocking } of events) {
    const sum = totals.get(issueId);
    if (!sum) {
      totals.set(issueId, { issueId, events: 1, firstSeen: occurredAt, lastSeen: occurredAt, release: release ?? null, blocking });
      continue;
    }
    sum.events++;
    sum.firstSeen = Math.min(sum.firstSeen, occurredAt);
    if (occurredAt >= sum.lastSeen) sum.release = release ?? sum.release;
    sum.lastSeen = Math.max(sum.lastSeen, occurredAt);
    sum.blocking ||= blocking;
  }
  return [...totals.values()].sort((a, b) => a.issueId - b.issueId);
}

/** Sums a batch by issue and customer; events without a customer are left out. */
export function totalsByCustomer(events: readonly CountedEvent[]): CustomerTotals[] {
  const totals = new Map<string, CustomerTotals>();
  for (const { issueId, customerId, occurredAt, eventId } of events) {
    if (customerId === undefined) continue;
    const key = `${issueId}:${customerId}`;
    const sum = totals.get(key);
    if (!sum) {
      totals.set(key, { issueId, customerId, events: 1, firstAt: occurredAt, lastAt: occurredAt, lastEventId: eventId });
      continue;
    }
    sum.events++;
    sum.firstAt = Math.min(sum.firstAt, occurredAt);
    if (occurredAt >= sum.lastAt) {
      sum.lastAt = occurredAt;
      sum.lastEventId = eventId;
    }
  }
  return [...totals.values()];
}
