import { type ProtocolRoute } from '../../events/protocols.js';
import { type Outcome } from '../outcome.js';

/** One HTTP request as intake reads it, free of any web framework. */
export interface IntakeRequest {
  readonly route: ProtocolRoute;
  /** Project id of the path, digits or not; undefined for paths that have none. */
  readonly projectId?: string;
  readonly query: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The network address that it came from: `sourceAddress`. */
  readonly address: string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
}

/** A request that is refused as a whole: how it is counted and what the client is told. */
export class Refusal extends Error {
  constructor(
    readonly status: 400 | 401 | 403 | 413 | 415 | 429 | 503,
    readonly outcome: Outcome,
    reason: string,
    /** The project, where the key had been checked already; else 0. */
    readonly projectId = 0,
    /** Seconds after which it may be sent again; of 429 only. */
    readonly retryAfter = 0,
  ) {
    super(reason);
  }
}

/** A header as one text. */
export function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
