import { type CellTotals, type CustomerTotals } from '../totals.js';

/** One event of a batch that counts: attached to a cell of its issue and, where the app said who it was, to its customer. */
export interface CountedEvent {
  readonly cellId: number;
  readonly customerId: number | undefined;
  readonly eventId: string;
  /** Epoch milliseconds. */
  readonly occurredAt: number;
  readonly release: string | undefined;
  readonly blocking: boolean;
  /** What rules said: 1 minor, 2 major, 3 critical. */
  readonly severity?: number | undefined;
  readonly area?: string | undefined;
}

/** Sums a batch by cell, in order of cell id. */
export function totalsByCell(events: readonly CountedEvent[]): CellTotals[] {
  const totals = new Map<number, CellTotals>();
  for (const event of events) {
    const sum = totals.get(event.cellId);
    if (sum) add(sum, event);
    else totals.set(event.cellId, firstOf(event));
  }
  return [...totals.values()].sort((a, b) => a.cellId - b.cellId);
}

function firstOf({ cellId, occurredAt, release, blocking, severity, area }: CountedEvent): CellTotals {
  return {
    cellId,
    events: 1,
    firstSeen: occurredAt,
    lastSeen: occurredAt,
    release: release ?? null,
    blocking,
    severity: severity ?? null,
    area: area ?? null,
  };
}

function add(sum: CellTotals, { occurredAt, release, blocking, severity, area }: CountedEvent): void {
  sum.events++;
  sum.firstSeen = Math.min(sum.firstSeen, occurredAt);
  if (occurredAt >= sum.lastSeen) sum.release = release ?? sum.release;
  sum.lastSeen = Math.max(sum.lastSeen, occurredAt);
  sum.blocking ||= blocking;
  if (severity !== undefined) sum.severity = Math.max(sum.severity ?? 0, severity);
  sum.area ??= area ?? null;
}

/** Sums a batch by cell and customer; events without a customer are left out. */
export function totalsByCustomer(events: readonly CountedEvent[]): CustomerTotals[] {
  const totals = new Map<string, CustomerTotals>();
  for (const { cellId, customerId, occurredAt, eventId } of events) {
    if (customerId === undefined) continue;
    const key = `${cellId}:${customerId}`;
    const sum = totals.get(key);
    if (!sum) {
      totals.set(key, { cellId, customerId, events: 1, firstAt: occurredAt, lastAt: occurredAt, lastEventId: eventId });
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
