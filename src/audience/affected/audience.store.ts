import { Injectable } from '@nestjs/common';
import { int8s, texts } from '../../platform/db/arrays.js';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';
import { type Trust } from '../../projects/project-key.js';
import { type Beyond, type Member, type MemberEvidence, type NumberedMember, type Stretch } from '../audience.js';

/** Trust as a number, weakest first, as in the view audience_hit. */
const rank = (trust: string) => `array_position('{claimed,signed,server}'::text[], ${trust}) - 1`;

/** Stores who belongs to an incident's audience. */
@Injectable()
export class AudienceStore {
  /** Reads the minute up to which an incident's hits were swept; undefined before the first sweep. */
  async sweptUntil(sql: Sql, incidentId: number): Promise<Date | undefined> {
    const [row] = await sql.query<{ swept_until: Date }>('SELECT swept_until FROM cohort WHERE incident_id = $1', [
      incidentId,
    ]);
    return row?.swept_until;
  }

  /** Notes the end of a sweep. */
  async markSwept(tx: Tx, incidentId: number, until: Date): Promise<void> {
    await tx.query(
      `INSERT INTO cohort (incident_id, swept_until)
        VALUES ($1, $2)
        ON CONFLICT (incident_id) DO UPDATE SET swept_until = $2`,
      [incidentId, until],
    );
  }

  /**
   * Adds affected customers. Customers at risk become affected. Customers with better evidence than before count as new
   * arrivals, so that stages which passed them over look again. Returns the number of customers written.
   */
  async upsertAffected(
    tx: Tx,
    incidentId: number,
    members: readonly { customerId: number; evidence: MemberEvidence; trust: Trust }[],
    now: Date,
  ): Promise<number> {
    const rows = await tx.query<{ known: boolean }>(
      {
        name: 'audience.upsert',
        text: `INSERT INTO audience_member AS a (incident_id, customer_id, kind, evidence, trust, added_at)
               SELECT $1, customer_id, 'affected', evidence::jsonb, trust, $4
               FROM unnest($2::bigint[], $3::text[], $5::text[]) AS m (customer_id, evidence, trust)
               ON CONFLICT (incident_id, customer_id) DO UPDATE SET evidence = EXCLUDED.evidence, kind = 'affected',
                 trust = CASE WHEN (${rank('EXCLUDED.trust')}) > (${rank('a.trust')}) THEN EXCLUDED.trust ELSE a.trust END,
                 seq = CASE WHEN a.kind = 'affected' AND (${rank('EXCLUDED.trust')}) <= (${rank('a.trust')}) THEN a.seq
                   ELSE nextval(pg_get_serial_sequence('audience_member', 'seq')) END
               RETURNING true AS known`,
      },
      [
        incidentId,
        int8s(members.map((one) => one.customerId)),
        texts(members.map((one) => JSON.stringify(one.evidence))),
        now,
        texts(members.map((one) => one.trust)),
      ],
    );
    return rows.length;
  }

  /**
   * Lists, in order of id, the customers to add or renew: hit by these issues, merged, or with a merged or split issue,
   * in the minute `since` or later, and not yet affected members with the trust that is known now. Merged members must
   * be gone. One pass over the hits, then one over those who are left, and of the customers the index alone: there may be hundreds of thousands,
   * nearly all of whom are members.
   */
  async strangers(sql: Sql, incidentId: number, issueIds: readonly number[], since: Date): Promise<number[]> {
    const [row] = await sql.query<{ ids: string | null }>(
      `WITH hit AS MATERIALIZED (
         SELECT coalesce(u.merged_into, h.customer_id) AS id, max(h.trust) AS trust
         FROM audience_hit h
         LEFT JOIN customer u ON u.merged_into IS NOT NULL AND u.id = h.customer_id
         WHERE h.issue_id = ANY ($2::bigint[])
           AND (h.changed_at >= $3 OR h.customer_id = ANY (ARRAY(SELECT id FROM customer WHERE merged_into IS NOT NULL AND updated_at >= $3)
             || ARRAY(SELECT stranger_id FROM identity_event WHERE action = 'unlinked' AND at >= $3)))
           AND NOT EXISTS (SELECT FROM audience_member a WHERE a.incident_id = $1 AND a.customer_id = h.customer_id AND a.kind = 'affected' AND (${rank('a.trust')}) >= h.trust)
         GROUP BY 1),
       stranger AS MATERIALIZED (
         SELECT x.id
         FROM hit x
         WHERE NOT EXISTS (SELECT FROM audience_member a WHERE a.incident_id = $1 AND a.customer_id = x.id AND a.kind = 'affected' AND (${rank('a.trust')}) >= x.trust))
       SELECT string_agg(s.id::text, ',') AS ids
       FROM stranger s
       WHERE EXISTS (SELECT FROM customer c WHERE c.id = s.id)`,
      [incidentId, issueIds, since],
    );
    return (row?.ids?.split(',') ?? []).map(Number).sort((one, other) => one - other);
  }

  /** Has PostgreSQL look at what members are found by: until it has, it plans for a few of them. */
  async analyze(sql: Sql): Promise<void> {
    await sql.query('ANALYZE audience_member (incident_id, customer_id, kind, seq)');
  }

  /** Removes members who were merged into another member. */
  async dropMerged(tx: Tx, incidentId: number): Promise<void> {
    await tx.query(
      'DELETE FROM audience_member a USING customer c WHERE a.incident_id = $1 AND c.id = a.customer_id AND c.merged_into IS NOT NULL',
      [incidentId],
    );
  }

  /** Removes affected members from whom all that hit them was taken when a name was unlinked, in the minute `since` or later. */
  async dropUnlinked(tx: Tx, incidentId: number, issueIds: readonly number[], since: Date): Promise<void> {
    await tx.query(
      `DELETE FROM audience_member a
         WHERE a.incident_id = $1 AND a.kind = 'affected'
         AND a.customer_id = ANY (ARRAY(SELECT customer_id FROM identity_event WHERE action = 'unlinked' AND at >= $3))
         AND NOT EXISTS (SELECT FROM customer u JOIN audience_hit h ON h.customer_id = u.id
           WHERE (u.id = a.customer_id OR u.merged_into = a.customer_id) AND h.issue_id = ANY ($2::bigint[]))`,
      [incidentId, issueIds, since],
    );
  }

  /** Lists members by customer id after `after`. */
  async list(sql: Sql, incidentId: number, after: number, limit: number): Promise<Member[]> {
    return sql.query<Member>(
      `SELECT customer_id AS "customerId", kind, trust, evidence, added_at AS "addedAt"
        FROM audience_member
        WHERE incident_id = $1 AND customer_id > $2
        ORDER BY customer_id
        LIMIT $3`,
      [incidentId, after, limit],
    );
  }

  /** Lists the affected after the one numbered `seq`, in the order in which they came. */
  async after(sql: Sql, incidentId: number, seq: number, limit: number): Promise<NumberedMember[]> {
    return sql.query<NumberedMember>(
      `SELECT customer_id AS "customerId", kind, trust, evidence, added_at AS "addedAt", seq
       FROM audience_member
       WHERE incident_id = $1 AND kind = 'affected' AND seq > $2
       ORDER BY seq
       LIMIT $3`,
      [incidentId, seq, limit],
    );
  }

  /** The newest of the affected after the one numbered `seq`, up to `upTo`, and how many of these are known by such trust. */
  async beyond(sql: Sql, incidentId: number, { seq, upTo, trusts }: Stretch): Promise<Beyond> {
    const text = `SELECT coalesce(max(seq), $2) AS newest, count(*) FILTER (WHERE trust = ANY ($4::text[])) AS count
      FROM audience_member
      WHERE incident_id = $1 AND kind = 'affected' AND seq > $2 AND seq <= $3`;
    return onlyRow(await sql.query<Beyond>(text, [incidentId, seq, upTo, trusts]), 'the rest of an audience');
  }
}
