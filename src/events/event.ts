import { type TraitPair } from '../customers/trait.js';

/** The importance an app gave an event; `error` when it said nothing (Sentry event payloads). */
export type Level = 'fatal' | 'error' | 'warning' | 'info' | 'debug';

/** One stack frame, as read from whatever the app sent. Lists of frames run from the oldest call to the newest. */
export interface Frame {
  /** Dotted module, package or fully qualified class; the most stable name of a file where it exists. */
  readonly module?: string;
  readonly function?: string;
  /** As sent: relative, absolute or a URL. */
  readonly filename?: string;
  readonly absPath?: string;
  readonly lineno?: number;
  readonly colno?: number;
  /** The SDK's own verdict; undefined when it gave none. */
  readonly inApp?: boolean;
  /** Source text of the line, when the SDK sent it. */
  readonly contextLine?: string;
  /** Native and mobile: the library or binary the frame lies in. */
  readonly package?: string;
}

/** How an exception came to be reported (Sentry `mechanism`). */
export interface Mechanism {
  readonly type?: string;
  /** False: nothing caught it, so the operation (often the process) died. */
  readonly handled?: boolean;
  /** True: the type and value were made up by the SDK. */
  readonly synthetic?: boolean;
  readonly exceptionId?: number;
  readonly parentId?: number;
  readonly isExceptionGroup?: boolean;
}

/** One exception of a chain. */
export interface ExceptionValue {
  readonly type?: string;
  readonly value?: string;
  readonly module?: string;
  readonly mechanism?: Mechanism;
  /** Oldest call first, so the crash site is the last; empty when the app sent no stack. */
  readonly frames: readonly Frame[];
}

/** Who was using the app, as far as the app says. Personal data: only its own columns may hold it. */
export interface EventUser {
  readonly id?: string;
  readonly email?: string;
  /** As the app sent it. */
  readonly phone?: string;
  readonly username?: string;
  /** The app's own id of the browser or installation. */
  readonly device?: string;
  readonly ipAddress?: string;
  /** Name that people call the user by: it identifies nobody, and is taken out of texts. */
  readonly name?: string;
  /** Proof of the id (`signature.ts`); intake checks it and lets it go. */
  readonly signature?: string;
}

/** One error report in the single shape that every intake protocol is read into. Strings are bounded by intake. */
export interface AppEvent {
  /** 32 lower-case hex digits; with the project it is the key that makes digest idempotent. */
  readonly eventId: string;
  /** When it happened by the app's clock, epoch milliseconds; corrected by intake where the clock is impossible. */
  readonly occurredAt: number;
  readonly platform: string;
  readonly level: Level;
  /** The text for people, formatted. */
  readonly message?: string;
  /** The template before formatting (`logentry.message`), when the SDK sent it and it differs from `message`. */
  readonly messageTemplate?: string;
  /** Innermost cause first, so the exception that was thrown is the last; empty for a plain message. */
  readonly exceptions: readonly ExceptionValue[];
  /**
   * Where an event without exceptions was reported from: its own stack, or that of the thread that crashed or reported it.
   * Undefined where there are exceptions, which carry their own, and where the app sent no stack.
   */
  readonly stack?: readonly Frame[];
  readonly logger?: string;
  /** Route, job or screen in which it happened. */
  readonly transaction?: string;
  readonly release?: string;
  readonly environment: string;
  readonly service?: string;
  readonly user?: EventUser;
  readonly tags: Readonly<Record<string, string>>;
  /** The app's own grouping wish; `{{ default }}` stands for ours. */
  readonly fingerprint?: readonly string[];
  /** Device, app and feature flags, as far as the app says. */
  readonly traits?: readonly TraitPair[];
  /** Trace id, for joining what one request caused. */
  readonly traceId?: string;
}
