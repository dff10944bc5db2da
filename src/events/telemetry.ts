import { type TraitPair } from '../customers/trait.js';
import { type EventUser } from './event.js';

/** Sessions of one release and environment. The four ends exclude each other; a session still running is only `started`. */
export interface SessionCount {
  readonly release?: string;
  readonly environment: string;
  /** When the sessions started (aggregates) or last changed (single ones), epoch milliseconds. */
  readonly at: number;
  /** The user's id by the app (`did`); undefined when the app names none. */
  readonly did?: string;
  /** Traits of the user beside the release. */
  readonly traits?: readonly TraitPair[];
  readonly started: number;
  /** Ended without an error. */
  readonly exited: number;
  /** Ended with an error that the app handled. */
  readonly errored: number;
  readonly crashed: number;
  /** Ended from outside, such as by the operating system. */
  readonly abnormal: number;
}

/** Events that an SDK dropped before sending, by reason and category. */
export interface ClientDrop {
  /** The SDK's word, such as `event_processor`; open set. */
  readonly reason: string;
  /** Sentry's data category, such as `error` or `span`. */
  readonly category: string;
  readonly quantity: number;
  /** True: these were error reports, so customers may be missing from an issue's affected list. */
  readonly ofErrors: boolean;
}

/** One client report. */
export interface ClientReport {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly drops: readonly ClientDrop[];
}

/** Words that a customer wrote in the app's own feedback form: they have made contact already. */
export interface Feedback {
  /** Its own id, 32 hex digits; '' for a user report, which has none. */
  readonly eventId: string;
  /** The error it is about, 32 hex digits, when the app knows. */
  readonly aboutEventId?: string;
  readonly message: string;
  readonly name?: string;
  /** Who wrote: the email of the form wins over the app's. */
  readonly user?: EventUser;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly release?: string;
  readonly environment: string;
  readonly url?: string;
}

/** That a customer used the app, and with what. */
export interface Activity {
  readonly customer: EventUser;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly traits: readonly TraitPair[];
}

/** A span, transaction or the like that names its user: read for the user and what they use, and never kept. */
export interface SeenSpan {
  readonly user: EventUser;
  /** 32 hex digits; '' where it belongs to no trace. */
  readonly traceId: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly traits: readonly TraitPair[];
  /** False where its item counts as something else already, such as the exception on a span. */
  readonly counts: boolean;
}

/** Telemetry that SDKs send beside events. Every item of a body is one entry of one list. */
export interface Telemetry {
  /** For each item its counts, one or more. */
  readonly sessions: readonly (readonly SessionCount[])[];
  readonly clientReports: readonly ClientReport[];
  readonly feedback: readonly Feedback[];
  readonly activity?: readonly Activity[];
  readonly spans?: readonly SeenSpan[];
}

/**
 * Delay after the end of their minute beyond which sessions count when they were told, milliseconds: detection closes a minute 90 s after
 * its end and does not look at it again, and counts are written every second or two. SDKs on servers tell within a minute of it; a phone
 * that crashed tells when the app is opened again.
 */
const TOLD_WITHIN_MS = 75_000;
const MINUTE = 60_000;

/** The minute in which sessions count, epoch milliseconds; `at` is when they started or last changed. */
export function countedIn(at: number, receivedAt: number): number {
  const minute = Math.floor(at / MINUTE) * MINUTE;
  return receivedAt > minute + MINUTE + TOLD_WITHIN_MS ? Math.floor(receivedAt / MINUTE) * MINUTE : minute;
}
