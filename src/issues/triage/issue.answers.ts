import { z } from 'zod';
import { count, listAnswer, maybeMoment, moment, pageAnswer } from '../../platform/http/answers.js';
import { ISSUE_STATUSES } from '../issue.js';

const severity = z.enum(['minor', 'major', 'critical']).nullable();

/** An issue as the API shows it. */
export const issueAnswer = z
  .object({
    id: z.string(),
    project: z.string().nullable(),
    mergedInto: z.string().nullable(),
    status: z.enum(ISSUE_STATUSES),
    catchAll: z.boolean().describe('True of the issue that takes what is beyond the cap of new issues.'),
    title: z.string(),
    culprit: z.string().nullable(),
    level: z.string(),
    blocking: z.boolean(),
    severity,
    area: z.string().nullable(),
    service: z.string().nullable(),
    environment: z.string(),
    firstRelease: z.string().nullable(),
    lastRelease: z.string().nullable(),
    firstSeen: moment,
    lastSeen: moment,
    events: count,
    customers: count,
    ignoredEvents: count,
    ignoredCustomers: count,
    resolvedAt: maybeMoment,
    resolvedIn: z.string().nullable(),
    ignoredAt: maybeMoment,
    ignoredUntil: maybeMoment,
    ignoredUntilCustomers: count.nullable(),
    regressedAt: maybeMoment,
    regressedRelease: z.string().nullable(),
  })
  .meta({ id: 'Issue' });
export const issuePage = pageAnswer(issueAnswer);

/** Whether the list of affected customers is whole, and which reports the SDKs dropped. */
export const completenessAnswer = z.object({
  complete: z.boolean(),
  missing: count,
  claimsCount: z.boolean().describe('False where most customers of the issue are known by a server key.'),
  words: z.string(),
  drops: z.array(
    z.object({
      reason: z.string(),
      quantity: count,
      claimed: count.describe('Part of it that was reported with a public key, which anybody can do.'),
      fix: z.string(),
    }),
  ),
});

/** An issue with its fingerprints and newest samples. */
export const wholeIssueAnswer = issueAnswer.extend({
  fingerprints: z.array(
    z.object({
      key: z.string(),
      version: z.string(),
      parts: z.unknown(),
      events: count,
      countedIn: z.string().describe('Fingerprints with the same number can only be split off together.'),
    }),
  ),
  affected: completenessAnswer,
  samples: z.array(z.object({ eventId: z.string(), receivedAt: moment, payload: z.unknown() })),
});

/** A customer whom an issue hit. */
export const hitAnswer = z
  .object({
    customerId: z.string(),
    externalId: z.string().nullable(),
    firstAt: moment,
    lastAt: moment,
    events: count,
    signed: count,
    server: count,
    lastEventId: z.string(),
  })
  .meta({ id: 'IssueHit' });
export const hitPage = pageAnswer(hitAnswer);

const patterns = z.union([z.string(), z.array(z.string())]);

/** A rule of the configuration with what it ignored. */
export const ruleAnswer = z
  .object({
    name: z.string(),
    match: z.looseObject({ tags: z.record(z.string(), patterns).optional() }),
    set: z.object({
      fingerprint: z.array(z.string()).optional(),
      ignore: z.boolean().optional(),
      severity: z.enum(['minor', 'major', 'critical']).optional(),
      area: z.string().optional(),
    }),
    until: z.string().optional(),
    state: z.enum(['active', 'ended']),
    ignored: z
      .object({ events: count, firstAt: moment, lastAt: moment, projects: z.record(z.string(), count) })
      .nullable(),
  })
  .meta({ id: 'GroupingRule' });
export const ruleList = wholeList(ruleAnswer);

/** Effect of rules on recent samples. */
export const trialAnswer = z.object({
  samples: count,
  unreadable: count,
  rules: z.array(z.object({ name: z.string(), matched: count })),
  issues: z.array(
    z.object({
      issueId: z.string(),
      title: z.string(),
      samples: count,
      ignored: count,
      noLongerIgnored: count,
      regrouped: count,
      fingerprints: z.array(z.string()),
      joins: z.array(z.string()),
      severity: z.string().nullable(),
      area: z.string().nullable(),
    }),
  ),
});

/** Decision of a person about an issue; times are texts, since they were stored so. */
const decision = z.object({
  status: z.enum(ISSUE_STATUSES),
  resolvedAt: z.string().nullable(),
  resolvedIn: z.string().nullable(),
  regressedAt: z.string().nullable(),
  regressedRelease: z.string().nullable(),
  ignoredAt: z.string().nullish(),
  ignoredUntil: z.string().nullish(),
  ignoredUntilCustomers: count.nullish(),
});

/** A merge, a split or a change of status; `kind` says which of the last fields are there. */
export const actionAnswer = z
  .object({
    id: z.string(),
    issueId: z.string(),
    kind: z.enum(['merge', 'split', 'status']),
    actor: z.string(),
    at: moment,
    undoneAt: maybeMoment,
    undoneBy: z.string().nullable(),
    into: z.string().optional(),
    to: z.string().optional(),
    fingerprints: z.array(z.string()).optional(),
    before: decision.optional(),
    after: decision.optional(),
  })
  .meta({ id: 'IssueAction' });
export const actionPage = pageAnswer(actionAnswer);
export const mergedAnswer = z.object({ actionId: z.string(), issue: issueAnswer });
export const splitAnswer = mergedAnswer.extend({ from: issueAnswer });
export const undoneAnswer = actionAnswer.extend({ issue: issueAnswer });

/** Two issues that may be the same fault. */
export const linkAnswer = z
  .object({
    id: z.string(),
    issues: z.array(z.string()).describe('The two of them.'),
    score: z.number(),
    reason: z.string(),
    state: z.enum(['proposed', 'confirmed', 'rejected']),
    proposedAt: moment,
    decidedAt: maybeMoment,
    decidedBy: z.string().nullable(),
  })
  .meta({ id: 'IssueLink' });
export const linkList = wholeList(linkAnswer.extend({ issue: issueAnswer.optional() }));

/** A list without further pages, in the form of one that has them. */
function wholeList<S extends z.ZodType>(item: S) {
  return listAnswer(item).extend({ nextCursor: z.null() });
}
