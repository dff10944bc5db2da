import { type Trust } from '../../projects/project-key.js';
import { assertNever } from '../../platform/errors.js';
import { type CellTotals, type CustomerTotals, type ReleaseTotals } from './totals.js';

/** Releases of one batch that are counted by name; an app has a handful, so more are made up and count as none. */
const MOST_RELEASES = 20;

/** One event of a batch that counts: attached to a cell of its issue and, where the app said who it was, to its customer. */
export interface CountedEvent {
  readonly cellId: number;
  readonly customerId: number | undefined;
  readonly eventId: string;
  /** Epoch milliseconds. */
  readonly occurredAt: number;
  readonly release: string | undefined;
  readonly blocking: boolean;
  /** Severity by the rules: 1 minor, 2 major, 3 critical. */
  readonly severity?: number | undefined;
  readonly area?: string | undefined;
  /** How its customer is known; undefined is a claim. */
  readonly trust?: Trust | undefined;
  /** Who said so; 0 where an older version wrote the event down. */
  readonly source?: number | undefined;
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

/** Sums a batch by cell and release, in order of both; '' is no release. */
export function totalsByRelease(events: readonly CountedEvent[]): ReleaseTotals[] {
  const names = releasesOf(events);
  const totals = new Map<string, ReleaseTotals>();
  for (const { cellId, release } of events) {
    const named = nameIn(names, release);
    const key = `${cellId}:${named}`;
    const sum = totals.get(key);
    if (sum) sum.events++;
    else totals.set(key, { cellId, release: named, events: 1 });
  }
  return [...totals.values()].sort((a, b) => a.cellId - b.cellId || (a.release < b.release ? -1 : 1));
}

/** The releases that most events of a batch name. */
function releasesOf(events: readonly CountedEvent[]): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const { release } of events) if (release) counts.set(release, (counts.get(release) ?? 0) + 1);
  const most = [...counts].sort((a, b) => b[1] - a[1]).slice(0, MOST_RELEASES);
  return new Set(most.map(([release]) => release));
}

const nameIn = (names: ReadonlySet<string>, release: string | undefined) =>
  release !== undefined && names.has(release) ? release : '';

/** Sums a batch by cell and customer; events without a customer are left out. */
export function totalsByCustomer(events: readonly CountedEvent[]): CustomerTotals[] {
  const names = releasesOf(events);
  const totals = new Map<string, CustomerTotals>();
  for (const event of events) {
    const { cellId, customerId, occurredAt, eventId, release: given } = event;
    const release = nameIn(names, given);
    if (customerId === undefined) continue;
    const key = `${cellId}:${customerId}`;
    const sum = totals.get(key);
    if (!sum) {
      const times = { firstAt: occurredAt, lastAt: occurredAt };
      const known = { signed: 0, server: 0, source: 0 };
      const first = { cellId, customerId, events: 1, ...times, lastEventId: eventId, release, ...known };
      totals.set(key, first);
      addTrust(first, event);
      continue;
    }
    sum.events++;
    addTrust(sum, event);
    sum.firstAt = Math.min(sum.firstAt, occurredAt);
    if (occurredAt >= sum.lastAt) {
      sum.lastAt = occurredAt;
      sum.lastEventId = eventId;
      sum.release = release;
    }
  }
  return [...totals.values()];
}

function addTrust(sum: CustomerTotals, { trust = 'claimed', source = 0 }: CountedEvent): void {
  switch (trust) {
    case 'server':
      sum.server++;
      break;
    case 'signed':
      sum.signed++;
      break;
    case 'claimed':
      sum.source ||= source;
      break;
    default:
      assertNever(trust);
  }
}
