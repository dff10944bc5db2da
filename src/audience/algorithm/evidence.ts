import { type IssueHit } from '../../issues/issue.js';
import { type MemberEvidence } from '../audience.js';

/** One customer's evidence over all issues of an incident; `hits` are all of that customer. */
export function evidenceOf(hits: readonly IssueHit[]): MemberEvidence {
  const newest = hits.reduce((best, hit) => (hit.lastAt > best.lastAt ? hit : best));
  const oldest = hits.reduce((best, hit) => (hit.firstAt < best.firstAt ? hit : best));
  return {
    events: hits.reduce((sum, hit) => sum + hit.events, 0),
    firstAt: oldest.firstAt.toISOString(),
    lastAt: newest.lastAt.toISOString(),
    lastEventId: newest.lastEventId.replaceAll('-', ''),
    issues: [...new Set(hits.map((hit) => String(hit.issueId)))],
  };
}

/** Hits by customer. */
export function byCustomer(hits: readonly IssueHit[]): Map<number, IssueHit[]> {
  const groups = new Map<number, IssueHit[]>();
  for (const hit of hits) {
    const group = groups.get(hit.customerId);
    if (group) group.push(hit);
    else groups.set(hit.customerId, [hit]);
  }
  return groups;
}
