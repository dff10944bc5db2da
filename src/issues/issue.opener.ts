import { Injectable } from '@nestjs/common';
import { type AcceptedEvent } from '../intake/accepted-event.js';
import { type AppEvent } from '../intake/event.js';
import { IntakeLedger } from '../intake/public.js';
import { type Tx } from '../platform/db/database.js';
import { type Fingerprint, fingerprintV1 } from './algorithm/fingerprint.v1.js';
import { isBlocking } from './blocking.js';
import { DigestStore, type KnownFingerprint } from './digest.store.js';

/** An event with its fingerprint. */
export interface FingerprintedEvent extends AcceptedEvent {
  readonly fingerprint: Pick<Fingerprint, 'version' | 'key'>;
}

/** Attaches events to issues by fingerprint, and opens an issue for a fingerprint that nobody has seen. */
@Injectable()
export class IssueOpener {
  constructor(
    private readonly store: DigestStore,
    private readonly ledger: IntakeLedger,
  ) {}

  /** One issue id an event; undefined where the issue is ignored, so that the event does not count. */
  async attach(tx: Tx, events: readonly FingerprintedEvent[], now: Date): Promise<(number | undefined)[]> {
    const byKey = new Map(events.map((event) => [keyOf(event.projectId, event.fingerprint.key), event]));
    const known = await this.find(tx, [...byKey.values()]);
    const strangers = [...byKey].filter(([key]) => !known.has(key)).map(([, event]) => event);
    for (const projectId of [...new Set(strangers.map((event) => event.projectId))].sort((a, b) => a - b)) {
      await this.open(
        tx,
        strangers.filter((event) => event.projectId === projectId),
        known,
        now,
      );
    }
    return events.map((event) => {
      const found = known.get(keyOf(event.projectId, event.fingerprint.key));
      return found && found.status !== 'ignored' ? found.issue_id : undefined;
    });
  }

  private async find(tx: Tx, events: readonly FingerprintedEvent[]): Promise<Map<string, KnownFingerprint>> {
    if (events.length === 0) return new Map();
    const rows = await this.store.findFingerprints(
      tx,
      events.map((event) => event.projectId),
      events.map((event) => event.fingerprint.key),
    );
    return new Map(rows.map((row) => [keyOf(row.project_id, row.key), row]));
  }

  /** Under the project's lock, since another process may have met the same fault in the same moment. */
  private async open(
    tx: Tx,
    strangers: readonly FingerprintedEvent[],
    known: Map<string, KnownFingerprint>,
    now: Date,
  ): Promise<void> {
    await this.store.lockOpening(tx, strangers[0]?.projectId ?? 0);
    for (const [key, row] of await this.find(tx, strangers)) known.set(key, row);
    for (const event of strangers) {
      const { projectId, fingerprint } = event;
      const key = keyOf(projectId, fingerprint.key);
      if (known.has(key)) continue;
      const clean = this.ledger.scrubbed(event.event);
      const shown = fingerprintV1(clean);
      const issueId = await this.store.openIssue(tx, newIssue(projectId, clean, shown), now);
      await this.store.bindFingerprint(tx, projectId, fingerprint.key, fingerprint.version, issueId, shown.parts, now);
      known.set(key, { project_id: projectId, key: fingerprint.key, issue_id: issueId, status: 'open' });
    }
  }
}

function keyOf(projectId: number, key: string): string {
  return `${projectId}:${key}`;
}

function newIssue(projectId: number, event: AppEvent, fingerprint: Fingerprint) {
  return {
    projectId,
    kind: fingerprint.kind,
    title: fingerprint.title,
    culprit: fingerprint.culprit ?? event.transaction,
    level: event.level,
    blocking: isBlocking(event),
    service: event.service,
    environment: event.environment,
    release: event.release,
    occurredAt: event.occurredAt,
  };
}
