import type { DetectionKind } from '../../detection/detection.js';

/** Detection with the facts by which we tell whether it and another are the same outage. All are of one project. */
export interface Finding {
  readonly id: string;
  /**
   * Null for a finding about a sum (the whole project, a service, an area, a release, sessions), which covers every
   * issue of its time.
   */
  readonly issueId: string | null;
  readonly kind: DetectionKind;
  /** Start, epoch milliseconds. */
  readonly since: number;
  readonly services: readonly string[];
  /** Release in which the issue was first seen, or the release of a sum; null when unknown. */
  readonly firstRelease: string | null;
  /** Area of the product that the issue or the sum belongs to. */
  readonly area?: string | null;
  /** Of a sum: the issues added up. */
  readonly issues?: readonly string[];
  /** Customers hit since the start, or a sample of them (64 do); ids of any form. */
  readonly customers: readonly string[];
  readonly customersHit: number;
  /** Trace ids of its events, or a sample. */
  readonly traces?: readonly string[];
}

/**
 * Likely common cause of two issues, found by grouping or set by ops; `confirmed` and `rejected` are the word of ops.
 */
export interface IssueLink {
  readonly a: string;
  readonly b: string;
  /** 0 to 1. */
  readonly score: number;
  readonly reason: string;
  readonly verdict?: 'confirmed' | 'rejected';
}

/** Answer to whether two findings are one outage, with reasons for people. */
export interface Together {
  readonly together: boolean;
  /** Log-odds; above 0 the findings belong together. */
  readonly score: number;
  readonly reasons: readonly string[];
}

/** Open incident with its findings. */
export interface OpenIncident {
  readonly id: string;
  readonly findings: readonly Finding[];
}

/** Findings of one incident: an open one, or a new one if `incidentId` is null. */
export interface FindingGroup {
  readonly incidentId: string | null;
  /** Findings to add; those already in the open incident are not repeated. */
  readonly findings: readonly Finding[];
  /** Reasons why they belong together, each once, strongest first. */
  readonly reasons: readonly string[];
}

/** Rank of one issue as the cause of an incident. */
export interface Cause {
  readonly findingId: string;
  readonly score: number;
  readonly reasons: readonly string[];
}

const MINUTE = 60_000;
/**
 * Time before a fault of the whole project from which on new issues count as its effects. Chosen by judgement, not
 * measured.
 */
export const BORN_BEFORE_MS = 10 * MINUTE;
/**
 * Log-odds of evidence. Findings are rare (some a week in a project), so two that start within two minutes of each
 * other are one outage unless something speaks against it; half an hour apart they need shared customers or a link.
 *
 * Chosen by judgement. Half and double of each change neither F1 nor delay in bench:detection, and incidents a fault (1.12)
 * by more than 0.01 for two: `prior` half −0.09, double +0.46; `wholeProject` half +0.06, double −0.09 (--vary, 6 apps, seeds 1000 to
 * 1005, 2026-11-29). It has some faults a week, so it says little about what joining too much costs.
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
/** Number of customers below which an overlap, or a sample, may be chance; by judgement, not measured. */
const FEW = 3;
/**
 * Findings of a group with which a new one is compared at most: half of them those that started nearest to it, half
 * those with most customers, and all that are linked to it. Comparing each with each would take minutes in an outage of
 * thousands of issues. The number is by judgement, not measured.
 */
const MOST_COMPARED = 64;

interface Evidence {
  readonly weight: number;
  readonly reason?: string;
}

/** Weighs whether two findings are one outage. */
export function belongTogether(a: Finding, b: Finding, links: readonly IssueLink[] = []): Together {
  return weigh(traitsOf(a), traitsOf(b), new LinkIndex(links));
}

/** Finding with its lists as sets, since we look them up again and again. */
interface Traits {
  readonly finding: Finding;
  readonly customers: ReadonlySet<string>;
  readonly traces: ReadonlySet<string>;
  /** Issue of the finding, or the issues that a sum adds up. */
  readonly issues: ReadonlySet<string>;
}

function traitsOf(finding: Finding): Traits {
  const { customers, traces, issueId, issues } = finding;
  return {
    finding,
    customers: new Set(customers),
    traces: new Set(traces),
    issues: new Set(issueId === null ? issues : [issueId]),
  };
}

/** Finds links by either of their issues. */
class LinkIndex {
  private readonly byIssue = new Map<string, Map<string, IssueLink>>();

  constructor(links: readonly IssueLink[]) {
    for (const link of links) {
      this.add(link.a, link.b, link);
      this.add(link.b, link.a, link);
    }
  }

  between(a: Finding, b: Finding): IssueLink | undefined {
    return a.issueId === null || b.issueId === null ? undefined : this.byIssue.get(a.issueId)?.get(b.issueId);
  }

  /** Lists the issues linked to this one. */
  linkedTo(issueId: string | null): Iterable<string> {
    return this.byIssue.get(issueId ?? '')?.keys() ?? [];
  }

  private add(from: string, to: string, link: IssueLink): void {
    const others = this.byIssue.get(from) ?? new Map<string, IssueLink>();
    if (!others.has(to)) others.set(to, link);
    this.byIssue.set(from, others);
  }
}

function weigh(a: Traits, b: Traits, links: LinkIndex): Together {
  // Words that fit no incident are about something else, whatever began at the same time; a person may merge them.
  if (a.finding.kind === 'contacts' || b.finding.kind === 'contacts')
    return { together: false, score: -Infinity, reasons: [] };
  const link = links.between(a.finding, b.finding);
  if (link?.verdict === 'rejected') return { together: false, score: -Infinity, reasons: [] };
  if (link?.verdict === 'confirmed') return { together: true, score: Infinity, reasons: [`linked: ${link.reason}`] };
  const evidence = [
    sameStart(a.finding, b.finding),
    sharedCustomers(a, b),
    sameService(a.finding, b.finding),
    sameRelease(a.finding, b.finding),
    sameArea(a.finding, b.finding),
    addsUp(a, b),
    sharedTraces(a, b),
    link ? { weight: WEIGHT.link * link.score, reason: `linked: ${link.reason}` } : { weight: 0 },
    a.finding.issueId === null || b.finding.issueId === null
      ? { weight: WEIGHT.wholeProject, reason: 'the whole project is hit' }
      : { weight: 0 },
  ];
  const score = evidence.reduce((sum, { weight }) => sum + weight, WEIGHT.prior);
  const spoken = evidence.filter(({ weight, reason }) => weight > 0 && reason !== undefined);
  spoken.sort((x, y) => y.weight - x.weight);
  return { together: score > 0, score, reasons: spoken.map(({ reason }) => reason ?? '') };
}

/**
 * Sorts findings into incidents: each joins the open incident or the other findings that it fits best. A finding that
 * fits two open incidents does not merge them; only ops do.
 */
export function groupFindings(
  findings: readonly Finding[],
  open: readonly OpenIncident[],
  links: readonly IssueLink[] = [],
): FindingGroup[] {
  const index = new LinkIndex(links);
  const groups = open.map(({ id, findings: held }) => new Group(id, held.map(traitsOf)));
  const inOrder = [...findings].sort((a, b) => a.since - b.since || compareText(a.id, b.id));
  for (const finding of inOrder) place(traitsOf(finding), groups, index);
  return groups.filter(({ added }) => added.length > 0).map((group) => group.finished());
}

/** Collects the findings of one incident during sorting. */
class Group {
  readonly added: Finding[] = [];
  private readonly reasons = new Map<string, number>();
  /** Findings by their start. */
  private readonly held: Traits[] = [];
  /** Findings with most customers, most first, as many as we compare. */
  private readonly widest: Traits[] = [];
  private readonly byIssue = new Map<string, Traits>();

  constructor(
    readonly id: string | null,
    held: readonly Traits[],
  ) {
    for (const one of held) this.hold(one);
  }

  add(traits: Traits, best?: Together): void {
    this.hold(traits);
    this.added.push(traits.finding);
    if (best) this.note(best);
  }

  /** Takes in another group: one finding joins both, and neither has an incident yet. */
  absorb(other: Group, best: Together): void {
    for (const one of other.held) this.hold(one);
    this.added.push(...other.added);
    for (const [reason, score] of other.reasons) this.noteReason(reason, score);
    this.note(best);
  }

  /** Computes the best fit of a finding in this group. */
  bestFit(traits: Traits, links: LinkIndex): Together {
    const { issueId } = traits.finding;
    if (issueId !== null && this.byIssue.has(issueId)) return SAME_ISSUE;
    let best: Together = { together: false, score: -Infinity, reasons: [] };
    for (const other of this.compared(traits.finding, links)) {
      const fit = weigh(traits, other, links);
      if (fit.score > best.score) best = fit;
    }
    return best;
  }

  finished(): FindingGroup {
    const ranked = [...this.reasons.entries()].sort((a, b) => b[1] - a[1]).map(([reason]) => reason);
    return { incidentId: this.id, findings: this.added, reasons: ranked };
  }

  private compared(finding: Finding, links: LinkIndex): Iterable<Traits> {
    if (this.held.length <= MOST_COMPARED) return this.held;
    const from = placeOf(this.held, ({ finding: { since } }) => since < finding.since) - MOST_COMPARED / 4;
    const first = Math.max(0, Math.min(from, this.held.length - MOST_COMPARED / 2));
    const nearest = this.held.slice(first, first + MOST_COMPARED / 2);
    const linked = [...links.linkedTo(finding.issueId)].flatMap((issueId) => this.byIssue.get(issueId) ?? []);
    return new Set([...nearest, ...this.widest, ...linked]);
  }

  private hold(traits: Traits): void {
    const { since, customersHit, issueId } = traits.finding;
    const at = placeOf(this.held, ({ finding }) => finding.since <= since);
    this.held.splice(at, 0, traits);
    const rank = placeOf(this.widest, ({ finding }) => finding.customersHit >= customersHit);
    this.widest.splice(rank, 0, traits);
    if (this.widest.length > MOST_COMPARED / 2) this.widest.pop();
    if (issueId !== null && !this.byIssue.has(issueId)) this.byIssue.set(issueId, traits);
  }

  private note({ reasons, score }: Together): void {
    for (const reason of reasons) this.noteReason(reason, score);
  }

  private noteReason(reason: string, score: number): void {
    this.reasons.set(reason, Math.max(score, this.reasons.get(reason) ?? -Infinity));
  }
}

/** Finds the first index at which `isBefore` is false, in a list where it is first true and then false. */
function placeOf(sorted: readonly Traits[], isBefore: (one: Traits) => boolean): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (isBefore(sorted[middle]!)) from = middle + 1;
    else to = middle;
  }
  return from;
}

function place(traits: Traits, groups: Group[], links: LinkIndex): void {
  const fits = groups
    .map((group) => ({ group, best: group.bestFit(traits, links) }))
    .filter(({ best }) => best.together)
    .sort((x, y) => y.best.score - x.best.score);
  const [first, ...others] = fits;
  if (!first) {
    const group = new Group(null, []);
    group.add(traits);
    groups.push(group);
    return;
  }
  first.group.add(traits, first.best);
  for (const { group, best } of others) {
    if (group.id !== null) continue;
    first.group.absorb(group, best);
    groups.splice(groups.indexOf(group), 1);
  }
}

const SAME_ISSUE: Together = { together: true, score: Infinity, reasons: ['the same issue'] };

/**
 * Ranks the findings of an incident as its cause, likeliest first: early, wide, new, and linked to the others. The
 * weights are by judgement, not measured.
 */
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

/**
 * Weighs shared customers by the overlap coefficient (Szymkiewicz–Simpson): a small issue inside a large one counts as
 * wholly shared.
 */
function sharedCustomers(a: Traits, b: Traits): Evidence {
  const smaller = Math.min(a.customers.size, b.customers.size);
  if (smaller < FEW) return { weight: 0 };
  const shared = countShared(a.customers, b.customers);
  if (shared < FEW) return { weight: shared === 0 ? WEIGHT.disjoint : 0 };
  return { weight: WEIGHT.customers * Math.min(1, (2 * shared) / smaller), reason: `share ${shared} customers` };
}

function countShared(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const [small, large] = a.size <= b.size ? [a, b] : [b, a];
  let shared = 0;
  for (const one of small) if (large.has(one)) shared++;
  return shared;
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

/** Weighs a common area. Different areas say nothing, since an outage hits many. */
function sameArea(a: Finding, b: Finding): Evidence {
  if (!a.area || a.area !== b.area) return { weight: 0 };
  return { weight: WEIGHT.area, reason: `same area ${a.area}` };
}

/** Weighs a sum beside an issue that it adds up: they are one fault, however late the sum stood out. */
function addsUp(a: Traits, b: Traits): Evidence {
  if (a.finding.issueId !== null && b.finding.issueId !== null) return { weight: 0 };
  return countShared(a.issues, b.issues) > 0
    ? { weight: WEIGHT.addsUp, reason: 'counts the same errors' }
    : { weight: 0 };
}

function sharedTraces(a: Traits, b: Traits): Evidence {
  const shared = countShared(a.traces, b.traces);
  return shared === 0 ? { weight: 0 } : { weight: WEIGHT.traces, reason: `share ${shared} requests` };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
