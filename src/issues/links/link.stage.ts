import { setImmediate } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Database, type Tx } from '../../platform/db/database.js';
import { IDLE, type Stage, type StageResult } from '../../platform/stages/stage.js';
import { likelihoodV1, linkScoreV1, PROPOSE_LINK } from './link-score.v1.js';
import { foldSketch, type IssueSketch } from './link-sketch.v1.js';
import { LinkStore, type ProposedLink, type SketchedIssue } from './link.store.js';

/**
 * Issues compared in one run: reading the candidates costs more than comparing with them. The limits of this file were
 * chosen by judgement, not measured.
 */
const BATCH = 200;
/** Issues compared before others who wait for the processor get a turn. */
const AT_ONCE = 10;
/**
 * Most issues with which a new one is compared, and how far back: duplicates of one fault are hit in the same hours.
 */
const CANDIDATES = 500;
const WITHIN_MS = 24 * 3_600_000;
/** Most links proposed for one new issue; a person looks at each. */
const PROPOSED = 5;

/**
 * Proposes links between a new issue and others that are probably the same fault. Compares each issue once; the marks
 * commit together with the proposals.
 */
@Injectable()
export class LinkStage implements Stage {
  readonly name = 'link';
  readonly pauseMs = 2000;
  readonly limitMs = 60_000;

  constructor(
    private readonly store: LinkStore,
    private readonly database: Database,
  ) {}

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    return this.database.until(signal).transaction(async (tx) => {
      const fresh = await this.store.claimNew(tx, BATCH);
      if (fresh.length === 0) return IDLE;
      for (const projectId of new Set(fresh.map((one) => one.projectId))) {
        const ofProject = fresh.filter((one) => one.projectId === projectId);
        await this.compare(tx, ofProject, projectId, now);
      }
      await this.store.markCompared(
        tx,
        fresh.map((one) => one.issueId),
        now,
      );
      // Never asks to run again at once: in a storm of new issues the search for duplicates must not delay counting them.
      return { worked: fresh.length, more: false };
    });
  }

  private async compare(tx: Tx, fresh: readonly SketchedIssue[], projectId: number, now: Date): Promise<void> {
    const since = new Date(now.getTime() - WITHIN_MS);
    const candidates = await this.store.candidates(tx, projectId, since, CANDIDATES);
    const known = new Map(candidates.map((one) => [one.issueId, sketchOf(one)]));
    const links: ProposedLink[] = [];
    for (const [nth, issue] of fresh.entries()) {
      if (nth % AT_ONCE === 0) await setImmediate();
      const sketch = sketchOf(issue);
      if (sketch) links.push(...likeliest(sketch, issue.issueId, known));
    }
    await this.store.propose(tx, links, now);
  }
}

function likeliest(sketch: IssueSketch, self: number, known: ReadonlyMap<number, IssueSketch | undefined>) {
  const found: ProposedLink[] = [];
  for (const [issueId, other] of known) {
    if (issueId === self || !other || likelihoodV1(sketch, other) < PROPOSE_LINK) continue;
    const { score, reason } = linkScoreV1(sketch, other);
    found.push({ between: [self, issueId], score, reason });
  }
  return found.sort((a, b) => b.score - a.score || a.between[1] - b.between[1]).slice(0, PROPOSED);
}

/** Joins the sketches of an issue's cells, and adds the releases seen since. */
function sketchOf({ sketches, releases }: SketchedIssue): IssueSketch | undefined {
  const [first, ...others] = sketches ?? [];
  if (!first) return undefined;
  return foldSketch(others.reduce(foldSketch, first), { ...first, releases: releases ?? [] });
}
