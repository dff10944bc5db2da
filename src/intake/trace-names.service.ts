import { Injectable } from '@nestjs/common';
import { type Identity } from '../customers/customer.js';
import { identitiesOfUser } from '../customers/identity.js';
import { signedIdOf } from '../events/signature.js';
import { type SeenSpan } from '../events/telemetry.js';
import { type Trust } from '../projects/project-key.js';
import { TrustKeeper } from './buffer/trust.keeper.js';
import { type Sender } from './sender.js';

/** Time for which the user of a trace is remembered: exporters send within seconds, requests that take minutes are rare. By judgement. */
const KEPT_MS = 2 * 60_000;
/** Traces remembered, a hundred bytes or two each; beyond it the oldest make room. By judgement. */
const MOST_TRACES = 50_000;

/** The user of a trace, and how that is known. */
export interface TracedUser {
  readonly identities: readonly Identity[];
  readonly trust: Trust;
}

interface Kept extends TracedUser {
  /** Epoch milliseconds. */
  readonly at: number;
  /** True where spans named several users, so that nobody can say whose an error is. */
  readonly ambiguous: boolean;
}

/**
 * Remembers for two minutes whom the spans of a trace named, so that an error is that of their user, too, when it comes in another request. In the
 * memory of this process: another process does not know it.
 */
@Injectable()
export class TraceNames {
  /** By project and trace; the one named longest ago first. */
  private readonly traces = new Map<string, Kept>();

  constructor(private readonly trust: TrustKeeper) {}

  /** Keeps in mind whom these spans name; `now` in epoch milliseconds. */
  learn(sender: Sender, spans: readonly SeenSpan[], now: number): void {
    for (const { traceId, user } of spans) {
      if (traceId === '') continue;
      const identities = identitiesOfUser(user);
      if (identities.length === 0) continue;
      const key = keyOf(sender.id, traceId);
      const before = this.traces.get(key);
      this.traces.delete(key);
      const ambiguous = before !== undefined && (before.ambiguous || nameOf(before.identities) !== nameOf(identities));
      this.traces.set(key, { identities, trust: this.trust.of(sender, signedIdOf(user)), at: now, ambiguous });
    }
    this.forget(now);
  }

  /** The user of a trace; undefined where no span named one, or spans named several. `now` in epoch milliseconds. */
  find(projectId: number, traceId: string, now: number): TracedUser | undefined {
    const found = this.traces.get(keyOf(projectId, traceId));
    return found && !found.ambiguous && now - found.at <= KEPT_MS ? found : undefined;
  }

  private forget(now: number): void {
    for (const [key, { at }] of this.traces) {
      if (this.traces.size <= MOST_TRACES && now - at <= KEPT_MS) return;
      this.traces.delete(key);
    }
  }
}

function keyOf(projectId: number, traceId: string): string {
  return `${projectId} ${traceId}`;
}

function nameOf(identities: readonly Identity[]): string {
  return JSON.stringify(identities.map(({ kind, value }) => [kind, value]));
}
