import type { DetectionKind } from '../../detection/detection.js';

/** A detection with what is needed to tell whether it and another are the same outage. All of one project. */
export interface Finding {
  readonly id: string;
  /** Null for a finding about a sum (the whole project, a service, an area, a release, sessions), which covers every issue of its time. */
  readonly issueId: string | null;
  readonly kind: DetectionKind;
  /** Start, epoch milliseconds. */
  readonly since: number;
  readonly services: readonly string[];
  /** Release in which the issue was first seen, or that a sum is about; null when unknown. */
  readonly firstRelease: string | null;
  /** Area of the product of the issue, or that a sum is about. */
  readonly area?: string | null;
  /** Of a sum: the issues that it adds up. */
  readonly issues?: readonly string[];
  /** Customers hit since the start, or a sample of them (64 do); ids of any form. */
  readonly customers: readonly string[];
  readonly customersHit: number;
  /** Trace ids that its events carried, or a sample. */
  readonly traces?: readonly string[];
}

/** A likely common cause of two issues, found by grouping or set by ops; `confirmed` and `rejected` are ops' word. */
export interface IssueLink {
  readonly a: string;
  readonly b: string;
  /** 0 to 1. */
  readonly score: number;
  readonly reason: string;
  readonly verdict?: 'confirmed' | 'rejected';
}

/** Whether two findings are one outage, and the reasons for people. */
export interface Together {
  readonly together: boolean;
  /** Log-odds; above 0 they belong together. */
  readonly score: number;
  readonly reasons: readonly string[];
}

/** An incident that is open, with the findings that it holds. */
export interface OpenIncident {
  readonly id: string;
  readonly findings: readonly Finding[];
}

/** Findings that are one incident: an open one, or a new one when `incidentId` is null. */
export interface FindingGroup {
  readonly incidentId: string | null;
  /** Only the findings to add; those of the open incident are not repeated. */
  readonly findings: readonly Finding[];
  /** Why they belong together, each reason once, strongest first. */
  readonly reasons: readonly string[];
}

/** One issue's rank as the cause of an incident. */
export interface Cause {
  readonly findingId: string;
  readonly score: number;
  readonly reasons: readonly string[];
}

const MINUTE = 60_000;
/**
 * Log-odds of evidence. Findings are rare (some a week in a project), so two that start within two minutes of each
 * other are one outage unless something speaks against it; half an hour apart it takes shared customers or a link.
 */
const WEIGHT = {
  prior: -3,
  start: [
    { within: 2 * MINUTE, weight: 4 },
    { within: 10 * MINUTE, weight: 2 },
    { within: 30 * MINUTE, weight: 0.5 },
  ],
  startFarther: -1,
  customers: 4,
  disjoint: -0.5,
  service: 1.5,
  otherService: -1.5,
  release: 1,
  area: 1,
  addsUp: 3,
  traces: 4,
  link: 4,
  wholeProject: 3,
};
/** Shared customers and samples below this may be chance. */
const FEW = 3;

interface Evidence {
  readonly weight: number;
  readonly reason?: string;
}

/** Weighs whether two findings are one outage. */
export function belongTogether(a: Finding, b: Finding, links: readonly IssueLink[] = []): Together {
  const link = linkBetween(a, b, links);
  if (link?.verdict === 'rejected') return { together: false, score: -Infinity, reasons: [] };
  if (link?.verdict === 'confirmed') return { together: true, score: Infinity, reasons: [`linked: ${link.reason}`] };
  const evidence = [
    sameStart(a, b),
    sharedCustomers(a, b),
    sameService(a, b),
    sameRelease(a, b),
    sameArea(a, b),
    addsUp(a, b),
    sharedTraces(a, b),
    link ? { weight: WEIGHT.link * link.score, reason: `linked: ${link.reason}` } : { weight: 0 },
    a.issueId === null || b.issueId === null
      ? { weight: WEIGHT.wholeProject, reason: 'the whole project is hit' }
      : { weight: 0 },
  ];
  const score = evidence.reduce((sum, { weight }) => sum + weight, WEIGHT.prior);
  const spoken = evidence.filter(({ weight, reason }) => weight > 0 && reason !== undefined);
  spoken.sort((x, y) => y.weight - x.weight);
  return { together: score > 0, score, reasons: spoken.map(({ reason }) => reason ?? '') };
}

/**
 * Sorts findings into incidents: each joins the open incident or the other findings that it fits best.
 * Open incidents are never merged by a finding that fits two of them; that is for ops.
 */
export function groupFindings(
  findings: readonly Finding[],
  open: readonly OpenIncident[],
  links: readonly IssueLink[] = [],
): FindingGroup[] {
  const groups: Draft[] = open.map(({ id, findings: held }) => ({
    id,
    held: [...held],
    added: [],
    reasons: new Map(),
  }));
  const inOrder = [...findings].sort((a, b) => a.since - b.since || compareText(a.id, b.id));
  for (const finding of inOrder) place(finding, groups, links);
  return groups.filter(({ added }) => added.length > 0).map(finish);
}

interface Draft {
  id: string | null;
  held: Finding[];
  added: Finding[];
  reasons: Map<string, number>;
}

function place(finding: Finding, groups: Draft[], links: readonly IssueLink[]): void {
  const fits = groups
    .map((group) => ({ group, best: bestFit(finding, group.held, links) }))
    .filter(({ best }) => best.together)
    .sort((x, y) => y.best.score - x.best.score);
  const [first, ...others] = fits;
  if (!first) {
    groups.push({ id: null, held: [finding], added: [finding], reasons: new Map() });
    return;
  }
  add(first.group, finding, first.best);
  const drafts = others.filter(({ group }) => group.id === null);
  for (const { group, best } of drafts) absorb(first.group, group, best, groups);
}

function add(group: Draft, finding: Finding, best: Together): void {
  group.held.push(finding);
  group.added.push(finding);
  noteReasons(group, best);
}

/** Two groups that are both still to be opened, and that one finding joins, are one. */
function absorb(into: Draft, group: Draft, best: Together, groups: Draft[]): void {
  into.held.push(...group.held);
  into.added.push(...group.added);
  noteReasons(into, best);
  groups.splice(groups.indexOf(group), 1);
}

function noteReasons(group: Draft, { reasons, score }: Together): void {
  for (const reason of reasons) group.reasons.set(reason, Math.max(score, group.reasons.get(reason) ?? -Infinity));
}

function bestFit(finding: Finding, held: readonly Finding[], links: readonly IssueLink[]): Together {
  let best: Together = { together: false, score: -Infinity, reasons: [] };
  for (const other of held) {
    if (other.issueId !== null && other.issueId === finding.issueId) return SAME_ISSUE;
    const fit = belongTogether(finding, other, links);
    if (fit.score > best.score) best = fit;
  }
  return best;
}

const SAME_ISSUE: Together = { together: true, score: Infinity, reasons: ['the same issue'] };

function finish({ id, added, reasons }: Draft): FindingGroup {
  const ranked = [...reasons.entries()].sort((a, b) => b[1] - a[1]).map(([reason]) => reason);
  return { incidentId: id, findings: added, reasons: ranked };
}

/** Ranks the findings of an incident as its cause, likeliest first: early, wide, new, and linked to the others. */
export function likelyCauses(findings: readonly Finding[], links: readonly IssueLink[] = []): Cause[] {
  const issues = findings.filter(({ issueId }) => issueId !== null);
  const start = Math.min(...issues.map(({ since }) => since));
  const most = Math.max(1, ...issues.map(({ customersHit }) => customersHit));
  const causes = issues.map((finding) => {
    const delay = Math.round((finding.since - start) / MINUTE);
    const linked = links.filter(({ a, b }) => a === finding.issueId || b === finding.issueId).length;
    const score =
      3 / (1 + delay) + 2 * (finding.customersHit / most) + (isFirst(finding) ? 1 : 0) + Math.min(1, linked * 0.25);
    const reasons = [
      delay === 0 ? 'started first' : `started ${delay} min after the first`,
      `hit ${finding.customersHit} ${finding.customersHit === 1 ? 'customer' : 'customers'}`,
      ...(isFirst(finding) ? ['never seen before'] : []),
      ...(linked > 0 ? [`linked to ${linked} ${linked === 1 ? 'issue' : 'issues'}`] : []),
    ];
    return { findingId: finding.id, score, reasons };
  });
  return causes.sort((a, b) => b.score - a.score || compareText(a.findingId, b.findingId));
}

const isFirst = ({ kind }: Finding) => kind === 'new';

function sameStart(a: Finding, b: Finding): Evidence {
  const apart = Math.abs(a.since - b.since);
  const step = WEIGHT.start.find(({ within }) => apart <= within);
  if (!step) return { weight: WEIGHT.startFarther };
  const minutes = Math.round(apart / MINUTE);
  return { weight: step.weight, reason: minutes === 0 ? 'started together' : `started ${minutes} min apart` };
}

/** Overlap coefficient (Szymkiewicz–Simpson): a small issue inside a large one counts as wholly shared. */
function sharedCustomers(a: Finding, b: Finding): Evidence {
  const smaller = Math.min(a.customers.length, b.customers.length);
  if (smaller < FEW) return { weight: 0 };
  const set = new Set(a.customers);
  const shared = b.customers.filter((customer) => set.has(customer)).length;
  if (shared < FEW) return { weight: shared === 0 ? WEIGHT.disjoint : 0 };
  return { weight: WEIGHT.customers * Math.min(1, (2 * shared) / smaller), reason: `share ${shared} customers` };
}

function sameService(a: Finding, b: Finding): Evidence {
  if (a.services.length === 0 || b.services.length === 0) return { weight: 0 };
  const shared = a.services.find((service) => b.services.includes(service));
  return shared === undefined
    ? { weight: WEIGHT.otherService }
    : { weight: WEIGHT.service, reason: `same service ${shared}` };
}

function sameRelease(a: Finding, b: Finding): Evidence {
  if (a.firstRelease === null || a.firstRelease !== b.firstRelease) return { weight: 0 };
  return { weight: WEIGHT.release, reason: `same release ${a.firstRelease}` };
}

/** Areas that differ say nothing: an outage hits many. */
function sameArea(a: Finding, b: Finding): Evidence {
  if (!a.area || a.area !== b.area) return { weight: 0 };
  return { weight: WEIGHT.area, reason: `same area ${a.area}` };
}

/** A sum and what it adds up are one fault, however late the sum stood out. */
function addsUp(a: Finding, b: Finding): Evidence {
  if (a.issueId !== null && b.issueId !== null) return { weight: 0 };
  const [ofA, ofB] = [issuesIn(a), new Set(issuesIn(b))];
  return ofA.some((id) => ofB.has(id)) ? { weight: WEIGHT.addsUp, reason: 'counts the same errors' } : { weight: 0 };
}

const issuesIn = ({ issueId, issues = [] }: Finding) => (issueId === null ? issues : [issueId]);

function sharedTraces(a: Finding, b: Finding): Evidence {
  const set = new Set(a.traces ?? []);
  const shared = (b.traces ?? []).filter((trace) => set.has(trace)).length;
  return shared === 0 ? { weight: 0 } : { weight: WEIGHT.traces, reason: `share ${shared} requests` };
}

function linkBetween(a: Finding, b: Finding, links: readonly IssueLink[]): IssueLink | undefined {
  return links.find(
    (link) => (link.a === a.issueId && link.b === b.issueId) || (link.a === b.issueId && link.b === a.issueId),
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
