import { Injectable } from '@nestjs/common';
import { type AppEvent } from '../../events/event.js';
import { IntakeLedger } from '../../intake/public.js';
import { type Sql } from '../../platform/db/database.js';
import { applyRules, type CompiledRule, compileRules, type GroupingRule } from '../../grouping/rules/rules.js';
import { CellStore } from '../digest/cell.store.js';
import { type Grouped, SEVERITY_RANK } from '../../grouping/facts.js';
import { Fingerprinter } from '../../grouping/fingerprinter.js';

/** Changes for one issue, as far as its samples tell. */
export interface TrialIssue {
  readonly issueId: string;
  readonly title: string;
  readonly samples: number;
  /** Samples that would not count any more, and that would count again. */
  ignored: number;
  noLongerIgnored: number;
  /** Samples that would get another fingerprint. */
  regrouped: number;
  /** The fingerprints that its samples would have. */
  readonly fingerprints: string[];
  /** Other issues that would share one of those. */
  readonly joins: string[];
  severity: string | null;
  area: string | null;
}

/** Effect of rules on recent samples. */
export interface RuleTrial {
  readonly samples: number;
  /** Samples of protocols whose payloads cannot be read by themselves. */
  readonly unreadable: number;
  /** How many samples each rule matches, in order. */
  readonly rules: readonly { readonly name: string; readonly matched: number }[];
  /** Issues for which something would change. */
  readonly issues: readonly TrialIssue[];
}

interface Tried {
  readonly issueId: number;
  readonly title: string;
  readonly before: Grouped;
  readonly after: Grouped;
}

/** Runs rules over recent samples beside the rules in force, and says what would change. Changes nothing. */
@Injectable()
export class RuleTrials {
  constructor(
    private readonly ledger: IntakeLedger,
    private readonly cells: CellStore,
    private readonly fingerprinter: Fingerprinter,
  ) {}

  /** Tries rules on the newest `limit` samples of a project, or of all. */
  async run(
    sql: Sql,
    rules: readonly GroupingRule[],
    projectId: number | undefined,
    limit: number,
  ): Promise<RuleTrial> {
    const compiled = compileRules(rules);
    const samples = await this.ledger.recentSamples(sql, projectId, limit);
    const owners = await this.cells.issuesOf(sql, [...new Set(samples.map((one) => one.cellId))]);
    const byCell = new Map(owners.map((one) => [one.cellId, one]));
    const read = samples.flatMap(({ cellId, event }) => {
      const owner = byCell.get(cellId);
      return event && owner ? [{ event, owner }] : [];
    });
    const tried = read.map(({ event, owner: { issueId, title } }) => ({
      issueId,
      title,
      before: this.fingerprinter.read(event),
      after: this.fingerprinter.read(event, compiled),
    }));
    const events = read.map((one) => one.event);
    return {
      samples: samples.length,
      unreadable: samples.length - read.length,
      rules: countMatches(compiled, events),
      issues: changes(tried),
    };
  }
}

function countMatches(rules: readonly CompiledRule[], events: readonly AppEvent[]) {
  const counts = new Map(rules.map(({ rule }) => [rule.name, 0]));
  for (const event of events)
    for (const name of applyRules(rules, event).matched) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, matched]) => ({ name, matched }));
}

function changes(tried: readonly Tried[]): TrialIssue[] {
  const issues = new Map<number, TrialIssue>();
  const changed = new Set<number>();
  const holders = new Map<string, Set<number>>();
  for (const { issueId, title, before, after } of tried) {
    const seen = issues.get(issueId);
    const issue = seen ? { ...seen, samples: seen.samples + 1 } : blank(issueId, title);
    issues.set(issueId, issue);
    if (take(issue, before, after)) changed.add(issueId);
    const key = after.keys[0]?.key;
    if (key === undefined || after.ignore) continue;
    if (!issue.fingerprints.includes(key)) issue.fingerprints.push(key);
    holders.set(key, (holders.get(key) ?? new Set()).add(issueId));
  }
  for (const [id, issue] of issues) {
    const others = issue.fingerprints.flatMap((key) => [...(holders.get(key) ?? [])]).filter((other) => other !== id);
    issue.joins.push(...[...new Set(others)].sort((a, b) => a - b).map(String));
  }
  return [...issues].filter(([id]) => changed.has(id)).map(([, issue]) => issue);
}

function blank(issueId: number, title: string): TrialIssue {
  return {
    issueId: String(issueId),
    title,
    samples: 1,
    ignored: 0,
    noLongerIgnored: 0,
    regrouped: 0,
    fingerprints: [],
    joins: [],
    severity: null,
    area: null,
  };
}

/** Adds one sample; true when something changes for it. */
function take(issue: TrialIssue, before: Grouped, after: Grouped): boolean {
  const regrouped = before.keys[0]?.key !== after.keys[0]?.key;
  if (after.ignore && !before.ignore) issue.ignored++;
  if (before.ignore && !after.ignore) issue.noLongerIgnored++;
  if (regrouped) issue.regrouped++;
  issue.severity = worse(issue.severity, after.severity);
  issue.area ??= after.area ?? null;
  return (
    regrouped || before.ignore !== after.ignore || before.severity !== after.severity || before.area !== after.area
  );
}

function worse(known: string | null, rank: number | undefined): string | null {
  const names = Object.keys(SEVERITY_RANK);
  return rank !== undefined && rank > names.indexOf(known ?? '') + 1 ? (names[rank - 1] ?? null) : known;
}
