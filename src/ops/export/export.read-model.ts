import { Injectable } from '@nestjs/common';
import { type Sql } from '../../platform/db/database.js';

/** Customers of an export: the one, and strangers who turned out to be them. */
const ALL = '(SELECT id FROM customer WHERE id = $1 OR merged_into = $1)';
/** All that is held of a customer, table by table. */
const HELD = {
  customer: 'SELECT * FROM customer WHERE id = $1 OR merged_into = $1 ORDER BY id',
  identities: `SELECT kind, value
    FROM customer_identity
    WHERE customer_id IN ${ALL}
    ORDER BY 1, 2`,
  identityHistory: `SELECT kind, value, action, cause, actor, reason, at
    FROM identity_event
    WHERE customer_id IN ${ALL}
    ORDER BY id`,
  devices: `SELECT device, last_at
    FROM device_login
    WHERE customer_id IN ${ALL}
    ORDER BY 1`,
  addresses: `SELECT channel, address, suppressed_at, suppressed_reason, created_at
    FROM contact_point
    WHERE customer_id IN ${ALL}
    ORDER BY 1`,
  consent: `SELECT channel, purpose, granted, source, at
    FROM consent_entry
    WHERE customer_id IN ${ALL}
    ORDER BY id`,
  activity: `SELECT p.slug AS project, a.last_at, a.days
    FROM customer_activity a
    JOIN project p ON p.id = a.project_id
    WHERE customer_id IN ${ALL}
    ORDER BY 1`,
  traits: `SELECT p.slug AS project, t.name, t.value, t.count, t.first_seen, t.last_seen
    FROM customer_trait t
    JOIN project p ON p.id = t.project_id
    WHERE customer_id IN ${ALL}
    ORDER BY 1, 2, 3`,
  health: `SELECT score, band, parts, scored_at
    FROM customer_health
    WHERE customer_id IN ${ALL}`,
  healthCalls: `SELECT band, called_at, silent
    FROM health_call
    WHERE customer_id IN ${ALL}
    ORDER BY 2`,
  hits: `SELECT i.root_id AS issue, i.title, h.first_at, h.last_at, h.events, h.last_event_id
    FROM issue_customer h
    JOIN cell c ON c.id = h.cell_id
    JOIN issue i ON i.id = c.issue_id
    WHERE h.customer_id IN ${ALL}
    ORDER BY h.first_at`,
  ignored: `SELECT issue_id AS issue, events, first_at, last_at
    FROM ignored_hit
    WHERE customer_id IN ${ALL}
    ORDER BY first_at`,
  feedback: `SELECT message, at
    FROM user_feedback
    WHERE customer_id IN ${ALL}
    ORDER BY at`,
  contacts: `SELECT channel, external_id, incident_id AS incident, text, locale, at
    FROM contact
    WHERE customer_id IN ${ALL}
    ORDER BY at`,
  handOvers: `SELECT channel, incident_id AS incident, reason, text, state, created_at
    FROM hand_over
    WHERE customer_id IN ${ALL}
    ORDER BY created_at`,
  botQuestions: `SELECT text, locale, at
    FROM bot_question
    WHERE customer_id IN ${ALL}
    ORDER BY at`,
  botOutcomes: `SELECT incident_id AS incident, outcome, at
    FROM bot_outcome
    WHERE customer_id IN ${ALL}
    ORDER BY at`,
  audiences: `SELECT incident_id AS incident, kind, evidence, added_at
    FROM audience_member
    WHERE customer_id IN ${ALL}
    ORDER BY added_at`,
  atRisk: `SELECT incident_id AS incident, since, expected, trust, left_at
    FROM at_risk_member
    WHERE customer_id IN ${ALL}
    ORDER BY since`,
  heldOut: `SELECT incident_id AS incident, audience, held_at, released_at
    FROM held_out
    WHERE customer_id IN ${ALL}
    ORDER BY held_at`,
  messages: `SELECT incident_id AS incident, kind, account, channel, locale, state, address, subject, body, why, created_at, sent_at
    FROM message
    WHERE customer_id IN ${ALL}
    ORDER BY created_at`,
  replies: `SELECT wish, text, at
    FROM reply
    WHERE customer_id IN ${ALL}
    ORDER BY at`,
  outbox: `SELECT channel, address, subject, body, at
    FROM outbox_mail
    WHERE customer_id IN ${ALL}
    ORDER BY at`,
} as const;

/** Everything held of a customer, by what it is. */
export type Held = Record<keyof typeof HELD, object[]>;

/** Reads what all rooms hold of one customer. */
@Injectable()
export class ExportReadModel {
  async of(sql: Sql, customerId: number): Promise<Held> {
    const parts = await Promise.all(
      Object.entries(HELD).map(async ([part, text]) => [part, await sql.query(text, [customerId])] as const),
    );
    return Object.fromEntries(parts) as Held;
  }
}
