import { z } from 'zod';
import { HEALTH_BANDS } from '../../audience/algorithm/health.v1.js';
import { INCIDENT_STATUSES, SEVERITIES } from '../../incidents/incident.js';
import { type Answer, count, maybeMoment, moment } from '../../platform/http/answers.js';
import { TRUSTS } from '../../projects/project-key.js';
import { HAND_OVER_REASONS, HAND_OVER_STATES } from '../contact.js';
import { shortContactAnswer } from '../record/contact-fields.js';
import { type CustomerContext } from './context.service.js';

/** Context of a customer as it leaves: answer of the API and content of a hand-over. */
export const contextAnswer = z
  .object({
    customer: z.object({
      externalId: z.string().nullable(),
      directory: z.string(),
      name: z.string().nullable(),
      locale: z.string().nullable(),
      timeZone: z.string().nullable(),
    }),
    incidents: z
      .array(
        z.object({
          incidentId: z.string(),
          project: z.string().nullable(),
          area: z.string().nullable(),
          severity: z.enum(SEVERITIES),
          status: z.enum(INCIDENT_STATUSES),
          startedAt: moment,
          resolvedAt: maybeMoment,
          concern: z
            .enum(['hit', 'atRisk', 'contact'])
            .describe('`hit`: own events. `atRisk`: it may concern them. `contact`: they asked about it.'),
          evidence: z
            .object({
              events: count,
              firstAt: moment,
              lastAt: moment,
              issues: z.array(z.string()),
              trust: z.enum(TRUSTS),
            })
            .nullable(),
          explanation: z
            .object({
              locale: z.string(),
              reviewState: z.enum(['draft', 'approved']),
              title: z.string(),
              body: z.string(),
              workaround: z.string().nullable(),
              nextUpdate: z.string().nullable(),
            })
            .nullable(),
        }),
      )
      .describe('Open, or over for a week at most; those that hit the customer first.'),
    issues: z
      .array(
        z.object({
          issueId: z.string(),
          title: z.string(),
          status: z.string(),
          events: count,
          firstAt: moment,
          lastAt: moment,
        }),
      )
      .describe('What hit the customer, newest first, twenty at most.'),
    messages: z
      .array(
        z.object({
          incidentId: z.string(),
          kind: z.string(),
          channel: z.string().nullable(),
          state: z.string(),
          at: moment,
        }),
      )
      .describe('What we told them, newest first, twenty at most.'),
    contacts: z.array(shortContactAnswer).describe('On all channels, newest first, twenty at most.'),
    handOvers: z.array(
      z.object({
        id: z.string(),
        incidentId: z.string().nullable(),
        reason: z.enum(HAND_OVER_REASONS),
        state: z.enum(HAND_OVER_STATES),
        at: moment,
      }),
    ),
    unresolved: z.array(
      z.object({
        incidentId: z.string().nullable(),
        asked: count,
        channels: z.array(z.string()),
        firstAt: maybeMoment,
        lastAt: maybeMoment,
        handOver: z.object({ id: z.string(), state: z.enum(HAND_OVER_STATES) }).nullable(),
        words: z.string(),
      }),
    ),
    health: z
      .object({ band: z.enum(HEALTH_BANDS) })
      .nullable()
      .describe('How likely the customer is to give up, as of the last hour; null where it is not known.'),
  })
  .meta({ id: 'CustomerContext' });

/** Shows a context; `slugOf` names projects. */
export function shownContext(
  context: CustomerContext,
  slugOf: (projectId: number) => string | undefined,
): Answer<typeof contextAnswer> | undefined {
  const { customer } = context;
  if (!customer) return undefined;
  const { externalId, directory, name, locale, timeZone } = customer;
  return {
    customer: { externalId, directory, name, locale, timeZone },
    incidents: context.incidents.map(({ incident, concern, evidence, explanation }) => ({
      incidentId: String(incident.id),
      project: slugOf(incident.projectId) ?? null,
      area: incident.area,
      severity: incident.severity,
      status: incident.status,
      startedAt: incident.startedAt,
      resolvedAt: incident.resolvedAt,
      concern,
      evidence: evidence && {
        events: evidence.events,
        firstAt: evidence.firstAt,
        lastAt: evidence.lastAt,
        issues: evidence.issues,
        trust: evidence.trust,
      },
      explanation: explanation
        ? {
            locale: explanation.locale,
            reviewState: explanation.reviewState,
            title: explanation.title,
            body: explanation.body,
            workaround: explanation.workaround,
            nextUpdate: explanation.nextUpdate,
          }
        : null,
    })),
    issues: context.issues.map(({ id, title, status, events, firstAt, lastAt }) => ({
      ...{ issueId: String(id), title, status, events, firstAt, lastAt },
    })),
    messages: context.messages.map((one) => ({ ...one, incidentId: String(one.incidentId) })),
    contacts: context.contacts.map(({ id, channel, externalId: own, incidentId, text, at }) => ({
      ...{ id: String(id), channel, externalId: own, incidentId: textOf(incidentId), text, at },
    })),
    handOvers: context.handOvers.map(({ id, incidentId, reason, state, createdAt }) => ({
      ...{ id: String(id), incidentId: textOf(incidentId), reason, state, at: createdAt },
    })),
    unresolved: context.unresolved.map((one) => ({
      ...one,
      incidentId: textOf(one.incidentId),
      handOver: one.handOver && { id: String(one.handOver.id), state: one.handOver.state },
    })),
    health: context.health === undefined ? null : { band: context.health },
  };
}

function textOf(id: number | null): string | null {
  return id === null ? null : String(id);
}
