import { z } from 'zod';
import { count, maybeMoment, moment, pageAnswer } from '../../platform/http/answers.js';
import { INCIDENT_STATUSES, SEVERITIES } from '../incident.js';

/** An incident as the API shows it. */
export const incidentAnswer = z
  .object({
    id: z.string(),
    project: z.string().nullable(),
    status: z.enum(INCIDENT_STATUSES),
    severity: z.enum(SEVERITIES),
    title: z.string(),
    area: z.string().nullable(),
    startedAt: moment,
    openedAt: moment,
    resolvedAt: maybeMoment,
    resolution: z.enum(['ops', 'quiet', 'alerts', 'merged']).nullable(),
    reopened: count,
    previous: z
      .string()
      .nullable()
      .describe('The incident of the same fault whose customers were told that it is over.'),
    mergedInto: z.string().nullable(),
    merged: z.array(z.string()),
    issues: z.array(z.string()),
  })
  .meta({ id: 'Incident' });
export const incidentPage = pageAnswer(incidentAnswer);

const labels = z.record(z.string(), z.string());

/** An incident with its alerts and its history. */
export const wholeIncidentAnswer = incidentAnswer.extend({
  evidence: z.object({
    claimed: count,
    signed: count,
    server: count,
    sources: count.describe('Sources that made claims, in the hour in which there were most.'),
    widestSource: count.describe('Customers whom the one source named that named most.'),
  }),
  alerts: z.array(
    z.object({
      status: z.enum(['firing', 'resolved']),
      labels,
      annotations: labels,
      startsAt: moment,
      endsAt: maybeMoment,
      url: z.string().nullable(),
    }),
  ),
  outreach: z
    .object({
      told: count.describe('Customers who were told of it, as far as providers say.'),
      waiting: z
        .array(z.object({ campaignId: z.string(), kind: z.string(), state: z.string(), messages: count }))
        .describe('Campaigns with messages that have not gone out.'),
      words: z.string(),
    })
    .describe('Whom the outreach about it reached, and what still waits.'),
  timeline: z.array(
    z.object({
      at: moment,
      kind: z.string(),
      actor: z.string().describe('`forewarn`, `alertmanager` or the name of a token.'),
      details: z.record(z.string(), z.unknown()).describe('The facts of the kind.'),
    }),
  ),
});
