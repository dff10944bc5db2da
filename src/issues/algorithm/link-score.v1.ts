import { isRaisedByRuntime } from './helpers.v1.js';
import { type IssueSketch } from './link-sketch.v1.js';

/** How likely two issues are one fault, and why in words. */
export interface LinkScore {
  /** 0 to 1; at or above `PROPOSE_LINK` it is worth a person's look. */
  readonly score: number;
  /** For people; '' when nothing speaks for a link. */
  readonly reason: string;
}

/** Score from which a link is proposed. A link is only ever a proposal that a person can confirm, reject or undo. */
export const PROPOSE_LINK = 0.6;

interface Evidence {
  readonly weight: number;
  readonly reason: string;
}

/**
 * Scores a pair of issues. Each piece of evidence is a probability by itself and they are joined as independent ones
 * (noisy or), so two weak signs make a fair one. Types alone, or a release or route alone, never reach a proposal.
 */
export function linkScoreV1(a: IssueSketch, b: IssueSketch): LinkScore {
  const main = [siteEvidence(a, b), pathEvidence(a, b), wordingEvidence(a, b)].filter((e) => e !== undefined);
  if (main.length === 0) return { score: 0, reason: '' };
  const clash = typesClash(a, b);
  const evidence = [...main, ...[typeEvidence(a, b), contextEvidence(a, b)].filter((e) => e !== undefined)];
  const doubt = evidence.reduce((left, e) => left * (1 - e.weight), 1);
  const score = (1 - doubt) * (clash ? 0.75 : 1);
  const reason = evidence.map((e) => e.reason).join('; ') + (clash ? '; but other types of error' : '');
  return { score: Math.round(score * 1000) / 1000, reason };
}

/** The same function crashes: in the same class a strong sign, by name alone (a twin on another platform) a fair one. */
function siteEvidence(a: IssueSketch, b: IssueSketch): Evidence | undefined {
  const [siteA, siteB] = [a.frames[0], b.frames[0]];
  if (siteA === undefined || siteB === undefined) return undefined;
  if (siteA === siteB) return { weight: 0.5, reason: `both fail in ${siteA}` };
  const name = functionOf(siteA);
  const isTelling = name.length >= 6 || (name === '<init>' && related(classOf(siteA), classOf(siteB)));
  if (name === functionOf(siteB) && isTelling)
    return { weight: 0.35, reason: `functions of one name fail, ${siteA} and ${siteB}` };
  return undefined;
}

/** One crashes in what the other calls, or they share callers near the crash. */
function pathEvidence(a: IssueSketch, b: IssueSketch): Evidence | undefined {
  const nearB = b.frames.slice(1, 5);
  const shared = [...new Set(a.frames.slice(1, 5))].filter((frame) => nearB.includes(frame)).sort();
  const [siteA, siteB] = [a.frames[0] ?? '', b.frames[0] ?? ''];
  const nested = siteA !== siteB && (b.frames.slice(1, 3).includes(siteA) || a.frames.slice(1, 3).includes(siteB));
  if (nested) return { weight: 0.45, reason: 'one fails in what the other one calls' };
  if (shared.length === 0) return undefined;
  return {
    weight: Math.min(0.45, 0.15 * shared.length),
    reason: `shared callers near the crash: ${shared.slice(0, 2).join(', ')}`,
  };
}

/** Share of common words; needs three of them, so that "not found" alone says nothing. */
function wordingEvidence(a: IssueSketch, b: IssueSketch): Evidence | undefined {
  if (a.words.length === 0 || b.words.length === 0) return undefined;
  const inB = new Set(b.words);
  const setA = new Set(a.words);
  let common = 0;
  for (const word of setA) if (inB.has(word)) common++;
  const likeness = (2 * common) / (setA.size + inB.size);
  if (common < 3 || likeness < 0.5) return undefined;
  const percent = Math.round(likeness * 100);
  return { weight: 0.65 * likeness, reason: likeness === 1 ? 'same wording' : `wording alike by ${percent} %` };
}

function typeEvidence(a: IssueSketch, b: IssueSketch): Evidence | undefined {
  const shared = a.types.filter((name) => b.types.includes(name));
  const type = shared.find((name) => !isRaisedByRuntime(name)) ?? shared[0];
  if (type === undefined) return undefined;
  return { weight: isRaisedByRuntime(type) ? 0.15 : 0.3, reason: `same type of error, ${type}` };
}

function typesClash(a: IssueSketch, b: IssueSketch): boolean {
  return a.types.length > 0 && b.types.length > 0 && !a.types.some((name) => b.types.includes(name));
}

function contextEvidence(a: IssueSketch, b: IssueSketch): Evidence | undefined {
  const route = a.transactions.find((name) => b.transactions.includes(name));
  if (route !== undefined) return { weight: 0.15, reason: `on the same route, ${route}` };
  const release = a.releases.find((name) => b.releases.includes(name));
  return release === undefined ? undefined : { weight: 0.05, reason: `seen in release ${release}` };
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
