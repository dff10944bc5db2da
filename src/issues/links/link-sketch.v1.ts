import { type AppEvent } from '../../events/event.js';
import { type Fingerprint } from '../../grouping/fingerprint/fingerprint.v1.js';
import { appFrameTest, readCodeFrame, stacksOf } from '../../grouping/fingerprint/frames.v1.js';
import { helperKind, isRaisedByRuntime } from '../../grouping/fingerprint/helpers.v1.js';
import { maskMessage } from '../../grouping/fingerprint/mask.v1.js';
import { typeName } from '../../grouping/fingerprint/names.v1.js';
import { commonWording, firstLine } from '../../grouping/fingerprint/wording.v1.js';

/** Sketch of an issue for the search for likely duplicates: a few hundred bytes, whatever the number of its events. */
export interface IssueSketch {
  /** Types of the exceptions seen, root cause first. */
  readonly types: readonly string[];
  /** App frames from the crash site towards the entry, as `cart.applycoupon`, in no platform's own spelling. */
  readonly frames: readonly string[];
  /**
   * Words of the masked message in order, in small letters, without placeholders; none for messages that the runtime
   * words itself.
   */
  readonly words: readonly string[];
  readonly releases: readonly string[];
  readonly transactions: readonly string[];
  readonly platforms: readonly string[];
}

/**
 * Most entries kept of each feature: enough to compare, small enough for a row of the issue. Chosen by judgement, not
 * measured.
 */
export const SKETCH_LIMITS = { types: 4, frames: 10, words: 24, releases: 8, transactions: 8, platforms: 4 } as const;

/** Sketches one event. Fold further events of the issue in with `foldSketch`. */
export function sketchV1(event: AppEvent, fingerprint: Pick<Fingerprint, 'message'>): IssueSketch {
  const isMessage = fingerprint.message !== undefined;
  const root = isMessage ? undefined : event.exceptions[0];
  const worded = commonWording(typeName(root?.type), root?.value ?? '');
  const text = fingerprint.message ?? maskMessage(firstLine(worded.value));
  const types = isMessage ? [] : [worded.type, ...event.exceptions.slice(1).map((e) => typeName(e.type))];
  return {
    types: bounded(types, SKETCH_LIMITS.types),
    frames: isMessage ? [] : appFrames(event, worded.type),
    words: isRaisedByRuntime(worded.type) ? [] : wordsOf(text),
    releases: bounded([event.release], SKETCH_LIMITS.releases),
    transactions: bounded([event.transaction], SKETCH_LIMITS.transactions),
    platforms: bounded([event.platform], SKETCH_LIMITS.platforms),
  };
}

/** Adds an event to the sketch of an issue: the oldest entries stay, and new ones are added until a feature is full. */
export function foldSketch(known: IssueSketch, more: IssueSketch): IssueSketch {
  return {
    types: bounded([...known.types, ...more.types], SKETCH_LIMITS.types),
    frames: known.frames.length > 0 ? known.frames : more.frames,
    words: known.words.length > 0 ? known.words : more.words,
    releases: bounded([...known.releases, ...more.releases], SKETCH_LIMITS.releases),
    transactions: bounded([...known.transactions, ...more.transactions], SKETCH_LIMITS.transactions),
    platforms: bounded([...known.platforms, ...more.platforms], SKETCH_LIMITS.platforms),
  };
}

function bounded(values: readonly (string | undefined)[], most: number): string[] {
  const kept = new Set<string>();
  for (const value of values) if (value && kept.size < most) kept.add(value);
  return [...kept];
}

/** Picks the app's frames of the innermost exception that has any. Leaves out helpers that throw for many reasons. */
function appFrames(event: AppEvent, type: string): string[] {
  const stacks = stacksOf(event);
  const isApp = appFrameTest(stacks, event.platform);
  for (const exception of stacks) {
    const kept = new Set<string>();
    for (let i = exception.frames.length - 1; i >= 0 && kept.size < SKETCH_LIMITS.frames; i--) {
      const raw = exception.frames[i];
      if (!raw || !isApp(raw)) continue;
      const frame = readCodeFrame(raw, event.platform);
      const isHelper = !isRaisedByRuntime(type) && helperKind(frame.place, frame.function) !== undefined;
      if (frame.function !== '' && !isHelper) kept.add(`${letters(lastName(frame.place))}.${letters(frame.function)}`);
    }
    if (kept.size > 0) return [...kept];
  }
  return [];
}

/** Reads the last name of a place: `com.shop.Cart$Item`, `shop/cart.py` and `cart` share theirs. */
function lastName(place: string): string {
  const base = place
    .slice(Math.max(place.lastIndexOf('/'), place.lastIndexOf('\\')) + 1)
    .replace(/\.(py|rb|php|go|rs|java|kt|swift|cs|dart)$/, '');
  return base.slice(Math.max(base.lastIndexOf('.'), base.lastIndexOf(':')) + 1);
}

/** Folds spellings of a name: `applyCoupon` and `apply_coupon` become one. */
function letters(name: string): string {
  return name.replace(/[^A-Za-z0-9<>]/g, '').toLowerCase();
}

function wordsOf(text: string): string[] {
  const plain = text.replace(/<\w+>/g, ' ').toLowerCase();
  return (plain.match(/[\p{L}\p{N}]{2,}/gu) ?? []).slice(0, SKETCH_LIMITS.words);
}
