import { isRaisedByRuntime } from '../../grouping/fingerprint/helpers.v1.js';
import { type IssueSketch } from './link-sketch.v1.js';

/** Likelihood that two issues are one fault, with the reason in words. */
export interface LinkScore {
  /** Score, 0 to 1; from `PROPOSE_LINK` on a person should look at the pair. */
  readonly score: number;
  /** Reason for people; '' if nothing speaks for a link. */
  readonly reason: string;
}

/**
 * Score from which we propose a link. A link is only ever a proposal, which a person can confirm, reject or undo. All
 * numbers of this file were chosen by judgement, not measured.
 */
export const PROPOSE_LINK = 0.6;

/** Distance from the crash site, in frames, within which callers are near. */
const NEAR = 4;

/**
 * Scores a pair of issues. Each piece of evidence is a probability by itself, and they are joined as independent ones
 * (noisy or), so two weak signs make a fair one. Types alone, or a release or route alone, never reach a proposal.
 */
export function linkScoreV1(a: IssueSketch, b: IssueSketch): LinkScore {
  const score = likelihoodV1(a, b);
  return { score, reason: score === 0 ? '' : reasonOf(a, b) };
}

/** Computes the score alone, 0 to 1, for comparing one issue with many, few of which are alike. Makes no objects. */
export function likelihoodV1(a: IssueSketch, b: IssueSketch): number {
  const doubt = (1 - siteWeight(a, b)) * (1 - pathWeight(a, b)) * (1 - wordingWeight(a, b));
  if (doubt === 1) return 0;
  const left = doubt * (1 - typeWeight(sharedType(a, b))) * (1 - contextWeight(a, b));
  return Math.round((1 - left) * (typesClash(a, b) ? 0.75 : 1) * 1000) / 1000;
}

function reasonOf(a: IssueSketch, b: IssueSketch): string {
  const reasons = [siteReason(a, b), pathReason(a, b), wordingReason(a, b), typeReason(a, b), contextReason(a, b)];
  return reasons.filter((one) => one !== undefined).join('; ') + (typesClash(a, b) ? '; but other types of error' : '');
}

/**
 * Weighs a crash in the same function: a strong sign in the same class, a fair one by name alone (a twin on another
 * platform).
 */
function siteWeight({ frames: [a] }: IssueSketch, { frames: [b] }: IssueSketch): number {
  if (a === undefined || b === undefined) return 0;
  if (a === b) return 0.5;
  const at = a.lastIndexOf('.') + 1;
  const length = a.length - at;
  if (length !== b.length - b.lastIndexOf('.') - 1 || !b.endsWith(a.slice(at))) return 0;
  return length >= 6 || (functionOf(a) === '<init>' && related(classOf(a), classOf(b))) ? 0.35 : 0;
}

function siteReason(a: IssueSketch, b: IssueSketch): string | undefined {
  if (siteWeight(a, b) === 0) return undefined;
  const [siteA, siteB] = [a.frames[0], b.frames[0]];
  return siteA === siteB ? `both fail in ${siteA}` : `functions of one name fail, ${siteA} and ${siteB}`;
}

/** Weighs call paths: one crashes in what the other calls, or they share callers near the crash. */
function pathWeight(a: IssueSketch, b: IssueSketch): number {
  if (isNested(a, b)) return 0.45;
  let shared = 0;
  for (let at = 1; at <= NEAR; at++) if (isShared(a.frames, at, b.frames)) shared++;
  return Math.min(0.45, 0.15 * shared);
}

function pathReason(a: IssueSketch, b: IssueSketch): string | undefined {
  if (isNested(a, b)) return 'one fails in what the other one calls';
  const shared = a.frames.filter((_, at) => at >= 1 && at <= NEAR && isShared(a.frames, at, b.frames)).sort();
  return shared.length === 0 ? undefined : `shared callers near the crash: ${shared.slice(0, 2).join(', ')}`;
}

function isNested({ frames: a }: IssueSketch, { frames: b }: IssueSketch): boolean {
  const [siteA, siteB] = [a[0], b[0]];
  if (siteA === siteB) return false;
  return calls(b, siteA) || calls(a, siteB);
}

function calls(frames: readonly string[], site: string | undefined): boolean {
  return site !== undefined && (frames[1] === site || frames[2] === site);
}

/** Whether a frame is the first of its name among the near callers, and the other issue has it there too. */
function isShared(frames: readonly string[], at: number, others: readonly string[]): boolean {
  const frame = frames[at];
  if (frame === undefined) return false;
  for (let before = 1; before < at; before++) if (frames[before] === frame) return false;
  for (let other = 1; other <= NEAR; other++) if (others[other] === frame) return true;
  return false;
}

/** Weighs the share of common words; needs three of them, so that "not found" alone says nothing. */
function wordingWeight(a: IssueSketch, b: IssueSketch): number {
  return 0.65 * wordingLikeness(a, b);
}

function wordingReason(a: IssueSketch, b: IssueSketch): string | undefined {
  const likeness = wordingLikeness(a, b);
  if (likeness === 0) return undefined;
  return likeness === 1 ? 'same wording' : `wording alike by ${Math.round(likeness * 100)} %`;
}

function wordingLikeness(a: IssueSketch, b: IssueSketch): number {
  if (a.words.length === 0 || b.words.length === 0) return 0;
  const [inA, inB] = [wordsIn(a), wordsIn(b)];
  let common = 0;
  for (const word of inA) if (inB.has(word)) common++;
  const likeness = (2 * common) / (inA.size + inB.size);
  return common < 3 || likeness < 0.5 ? 0 : likeness;
}

/** Words of the sketches under comparison, each made a set once. */
const wordSets = new WeakMap<IssueSketch, ReadonlySet<string>>();

function wordsIn(sketch: IssueSketch): ReadonlySet<string> {
  const known = wordSets.get(sketch);
  if (known) return known;
  const words = new Set(sketch.words);
  wordSets.set(sketch, words);
  return words;
}

/** Finds a type that both raised, preferably one of the app and not of the runtime. */
function sharedType({ types: a }: IssueSketch, { types: b }: IssueSketch): string | undefined {
  let raised: string | undefined;
  for (const type of a) {
    if (!b.includes(type)) continue;
    if (!isRaisedByRuntime(type)) return type;
    raised ??= type;
  }
  return raised;
}

function typeWeight(type: string | undefined): number {
  if (type === undefined) return 0;
  return isRaisedByRuntime(type) ? 0.15 : 0.3;
}

function typeReason(a: IssueSketch, b: IssueSketch): string | undefined {
  const type = sharedType(a, b);
  return type === undefined ? undefined : `same type of error, ${type}`;
}

function typesClash(a: IssueSketch, b: IssueSketch): boolean {
  return a.types.length > 0 && b.types.length > 0 && sharedType(a, b) === undefined;
}

function contextWeight(a: IssueSketch, b: IssueSketch): number {
  if (firstShared(a.transactions, b.transactions) !== undefined) return 0.15;
  return firstShared(a.releases, b.releases) === undefined ? 0 : 0.05;
}

function contextReason(a: IssueSketch, b: IssueSketch): string | undefined {
  const route = firstShared(a.transactions, b.transactions);
  if (route !== undefined) return `on the same route, ${route}`;
  const release = firstShared(a.releases, b.releases);
  return release === undefined ? undefined : `seen in release ${release}`;
}

function firstShared(a: readonly string[], b: readonly string[]): string | undefined {
  for (const one of a) if (b.includes(one)) return one;
  return undefined;
}

function functionOf(frame: string): string {
  return frame.slice(frame.lastIndexOf('.') + 1);
}

function classOf(frame: string): string {
  return frame.slice(0, frame.lastIndexOf('.'));
}

function related(a: string, b: string): boolean {
  return a.length >= 4 && b.length >= 4 && (a.endsWith(b) || b.endsWith(a));
}
