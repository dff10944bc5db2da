import { type Trust } from '../../projects/project-key.js';
import { type IssueHit } from '../../issues/issue.js';
import { type MemberEvidence } from '../audience.js';

/** Adds up one customer's evidence over all issues of an incident; `hits` are all of that customer. */
export function evidenceOf(hits: readonly IssueHit[]): MemberEvidence {
  const newest = hits.reduce((best, hit) => (hit.lastAt > best.lastAt ? hit : best));
  const oldest = hits.reduce((best, hit) => (hit.firstAt < best.firstAt ? hit : best));
  const sum = (of: (hit: IssueHit) => number) => hits.reduce((total, hit) => total + of(hit), 0);
  const [events, signed, server] = [sum((hit) => hit.events), sum((hit) => hit.signed), sum((hit) => hit.server)];
  return {
    events,
    firstAt: oldest.firstAt.toISOString(),
    lastAt: newest.lastAt.toISOString(),
    lastEventId: newest.lastEventId.replaceAll('-', ''),
    issues: [...new Set(hits.map((hit) => String(hit.issueId)))],
    known: { claimed: events - signed - server, signed, server },
  };
}

/** Picks the best trust of a customer's evidence. */
export function trustIn({ known }: MemberEvidence): Trust {
  if (known.server > 0) return 'server';
  return known.signed > 0 ? 'signed' : 'claimed';
}

/** Groups hits by customer. */
export function byCustomer(hits: readonly IssueHit[]): Map<number, IssueHit[]> {
  const groups = new Map<number, IssueHit[]>();
  for (const hit of hits) {
    const group = groups.get(hit.customerId);
    if (group) group.push(hit);
    else groups.set(hit.customerId, [hit]);
  }
  return groups;
}
