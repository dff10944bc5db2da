import { type AppEvent } from './event.js';
import { type Json } from './reading/read-values.js';
import { type Telemetry } from './telemetry.js';

/** The body of one request, decompressed. */
export interface SentBody {
  /** The path that it was sent to: `operation` of one of the protocol's paths. */
  readonly operation: string;
  readonly contentType: string | undefined;
  /** Epoch milliseconds by our clock. */
  readonly receivedAt: number;
  readonly body: Buffer;
}

/** One event of a body, with what the app sent of it. */
export interface ReadEvent {
  readonly event: AppEvent;
  /** Number of its item, member or line in the body, from 1. */
  readonly position: number;
  readonly payload: Json;
  /** The JSON text of the payload, where the body holds one that can be read by itself. */
  readonly text?: Buffer;
}

/** Something of a body that should be used and cannot be read. */
export interface Fault {
  /** As of events; 0 where it concerns several. */
  readonly position: number;
  readonly reason: string;
  /** Records that are lost by it; each ends as `invalid`. */
  readonly count: number;
}

/** Content of a body beside its events. */
export interface Remainder {
  /** The DSN that the body names, where it names one. */
  readonly dsn?: unknown;
  readonly telemetry?: Telemetry;
  /** Items of kinds that we acknowledge and never use. */
  readonly unused: number;
  /** Records that report no error, of kinds that we use. */
  readonly ignored: number;
  readonly faults: readonly Fault[];
}

/** A body that was read. */
export interface BodyContent extends Remainder {
  readonly ok: true;
  readonly events: readonly ReadEvent[];
}

/** A body of which nothing can be used. `malformed`: its bytes cannot be read; `invalid`: they hold something else. */
export interface UnreadableBody {
  readonly ok: false;
  readonly outcome: 'malformed' | 'invalid' | 'too_large';
  readonly reason: string;
}

/**
 * The reading of a body, in steps: each `yield` is a point at which the reader may let others go first, so that a large body holds
 * nobody up. Steps are bounded in work; reading never throws.
 */
export type Reading = Generator<void, BodyContent | UnreadableBody, void>;

/** End of one event; the outcome is `accepted`, `duplicate`, `ignored` or `invalid`. */
export interface EndedEvent {
  readonly id: string;
  readonly position: number;
  readonly outcome: string;
}

/** An HTTP answer. The body is JSON, or bytes as they go out. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One path of a protocol; each takes POST. */
export interface ProtocolPath {
  /** As OpenAPI writes it, without a slash at the end, which is taken as well. */
  readonly path: string;
  /** Name of what it does, unique within the protocol; with the protocol's name it is the operation id in OpenAPI. */
  readonly operation: string;
  /** True where a prefix may stand before the path, as in DSNs whose server lies behind a proxy. */
  readonly prefixed: boolean;
  /** True where clients pack bodies without a header that says so. */
  readonly packed: boolean;
  /** True where most bodies hold nothing but events that have texts of their own, so that another thread may read them. */
  readonly separable: boolean;
  /** Summary for OpenAPI. */
  readonly summary: string;
  /** Media types that it takes, for OpenAPI. */
  readonly takes: readonly string[];
  /** The answer on success, for OpenAPI: `schema` names one of the protocol's schemas. */
  readonly success: { readonly description: string; readonly schema: string };
  /** The schema of a refusal where the protocol has its own, for OpenAPI. */
  readonly refusal?: string;
  /** The media type of answers that are not JSON, for clients that did not send JSON. */
  readonly binary?: string;
}

/** A protocol by which apps send events. One folder each; `PROTOCOLS` lists them all, and everything else is made from that list. */
export interface Protocol {
  /** First part of operation ids, such as `Sentry`. */
  readonly name: string;
  readonly paths: readonly ProtocolPath[];
  /** JSON schemas of answers by name, for OpenAPI. */
  readonly schemas: Readonly<Record<string, object>>;
  /** Why bodies of this Content-Type are not taken; undefined where they are. */
  refuseType(contentType: string | undefined): string | undefined;
  /** Reads a body. */
  read(sent: SentBody): Reading;
  /** Words the answer to a body whose events are safe. Status 200, or 400 where nothing in it could be used. */
  answer(sent: Omit<SentBody, 'body'>, events: readonly EndedEvent[], rest: Remainder): Reply;
  /** Words a refusal. */
  refuse(contentType: string | undefined, status: number, reason: string): Reply;
  /** Reads an event again from its payload, also from one that was kept as a sample; undefined for payloads of other protocols. */
  readPayload(payload: Json, receivedAt: number): AppEvent | undefined;
}

/** Takes all steps of a reading at once; for whoever holds nobody up. */
export function readAtOnce<T>(steps: Generator<void, T, void>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
