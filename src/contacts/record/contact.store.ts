import { Injectable } from '@nestjs/common';
import { type OpenContact } from '../../outreach/open-contacts.registry.js';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { type Meant } from '../../explanations/meaning.service.js';
import { type Contact } from '../contact.js';

const COLUMNS = `c.id, c.channel, c.external_id AS "externalId", c.customer_id AS "customerId", c.project_id AS "projectId",
  c.incident_id AS "incidentId", c.matched_by AS "matchedBy", c.score, c.text, c.locale, c.at, c.reported_by AS "reportedBy"`;

/** Contacts of one customer that are looked through, newest first. */
const LOOKED_THROUGH = 100;

/** Time after a contact in which whoever answers it is the one to tell the customer; by judgement, not measured. */
const IN_CONTACT_MS = 24 * 3_600_000;

/** A filter of contacts, by id before `before`. */
export interface ContactFilter {
  readonly customerId?: number;
  readonly incidentId?: number;
  readonly before: number;
  readonly limit: number;
}

/** All SQL on contacts. */
@Injectable()
export class ContactStore {
  /** Keeps a contact; undefined if its channel has reported it before. */
  async insert(tx: Tx, contact: Omit<Contact, 'id'>, now: Date): Promise<Contact | undefined> {
    const [row] = await tx.query<Contact>(
      `INSERT INTO contact AS c
         (channel, external_id, customer_id, project_id, incident_id, matched_by, score, text, locale, at, received_at, reported_by)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
       ON CONFLICT (channel, external_id) DO NOTHING
       RETURNING ${COLUMNS}`,
      [
        contact.channel,
        contact.externalId,
        contact.customerId,
        contact.projectId,
        contact.incidentId,
        contact.matchedBy,
        contact.score,
        contact.text,
        contact.locale,
        contact.at,
        now,
        contact.reportedBy,
      ],
    );
    return row;
  }

  /** Finds a contact by its name on its channel. */
  async named(sql: Sql, channel: string, externalId: string): Promise<Contact | undefined> {
    const [row] = await sql.query<Contact>(
      `SELECT ${COLUMNS}
       FROM contact c
       WHERE c.channel = $1 AND c.external_id = $2`,
      [channel, externalId],
    );
    return row;
  }

  /** Finds a contact. */
  async find(sql: Sql, id: number): Promise<Contact | undefined> {
    const [row] = await sql.query<Contact>(
      `SELECT ${COLUMNS}
       FROM contact c
       WHERE c.id = $1`,
      [id],
    );
    return row;
  }

  /** Lists the latest contacts of a customer, and of strangers who turned out to be them, newest first. */
  async ofCustomer(sql: Sql, customerId: number): Promise<Contact[]> {
    return sql.query<Contact>(
      {
        name: 'contacts.of_customer',
        text: `SELECT ${COLUMNS}
          FROM contact c
          WHERE c.customer_id IN (SELECT id FROM customer WHERE id = $1 OR merged_into = $1)
          ORDER BY c.at DESC, c.id DESC
          LIMIT ${LOOKED_THROUGH}`,
      },
      [customerId],
    );
  }

  /** Lists contacts, newest first by id. */
  async list(sql: Sql, { customerId, incidentId, before, limit }: ContactFilter): Promise<Contact[]> {
    return sql.query<Contact>(
      `SELECT ${COLUMNS}
       FROM contact c
       WHERE c.id < $1
         AND ($2::bigint IS NULL OR c.customer_id IN (SELECT id FROM customer WHERE id = $2 OR merged_into = $2))
         AND ($3::bigint IS NULL OR c.incident_id = $3)
       ORDER BY c.id DESC
       LIMIT $4`,
      [before, customerId ?? null, incidentId ?? null, limit],
    );
  }

  /** Customers among these with the incidents about which they made contact within a day, or about which a hand-over is not closed. */
  async open(sql: Sql, customerIds: readonly number[], now: Date): Promise<OpenContact[]> {
    return sql.query(
      {
        name: 'contacts.open',
        text: `SELECT customer_id AS "customerId", incident_id AS "incidentId"
          FROM contact
          WHERE customer_id = ANY ($1::bigint[]) AND incident_id IS NOT NULL AND at >= $2
          UNION
          SELECT customer_id, incident_id
          FROM hand_over
          WHERE customer_id = ANY ($1::bigint[]) AND incident_id IS NOT NULL AND state <> 'closed'`,
      },
      [customerIds, new Date(now.getTime() - IN_CONTACT_MS)],
    );
  }

  /** Notes the incident that the words mean; undefined where somebody has said by now which it is. */
  async matched(sql: Sql, id: number, { incidentId, score }: Meant): Promise<Contact | undefined> {
    const [row] = await sql.query<Contact>(
      `UPDATE contact AS c
       SET incident_id = $2, matched_by = 'words', score = $3
       WHERE c.id = $1 AND c.incident_id IS NULL AND c.matched_by IS NULL
       RETURNING ${COLUMNS}`,
      [id, incidentId, score],
    );
    return row;
  }

  /** Says which incident a contact is about, as a person saw it; undefined if there is no such contact. */
  async assign(tx: Tx, id: number, incidentId: number | null): Promise<Contact | undefined> {
    const [row] = await tx.query<Contact>(
      `UPDATE contact AS c
       SET incident_id = $2, matched_by = 'person', score = NULL
       WHERE c.id = $1
       RETURNING ${COLUMNS}`,
      [id, incidentId],
    );
    return row;
  }
}
