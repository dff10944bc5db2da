import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';

const SET_ASIDE = {
  name: 'intake.set_aside',
  text: `INSERT INTO poison_event (key, project_id, event_id, reason, body, set_aside_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (key) DO NOTHING
    RETURNING id`,
};

/** An event that was set aside. */
export interface PoisonEvent {
  readonly id: number;
  /** 0 when the message could not be read. */
  readonly projectId: number;
  readonly eventId: string | undefined;
  readonly reason: string;
  /** How often digest was tried with it alone. */
  readonly attempts: number;
  readonly setAsideAt: Date;
}

/** Facts needed to set an event aside. */
export interface NewPoison {
  /** Project and event id, or a hash of what could not be read. */
  readonly key: string;
  readonly projectId: number;
  readonly eventId: string | undefined;
  readonly reason: string;
  /** The event in the wire format. */
  readonly body: Buffer;
}

interface Row {
  readonly id: number;
  readonly project_id: number;
  readonly event_id: string | null;
  readonly reason: string;
  readonly attempts: number;
  readonly set_aside_at: Date;
}

/** SQL on the events that were set aside. */
@Injectable()
export class PoisonStore {
  /** Sets an event aside; false when it is already. */
  async setAside(tx: Tx, poison: NewPoison, now: Date): Promise<boolean> {
    const { key, projectId, eventId, reason, body } = poison;
    const rows = await tx.query(SET_ASIDE, [key, projectId, eventId ?? null, reason, body, now]);
    return rows.length > 0;
  }

  /** Newest first, from ids below `before`. */
  async list(sql: Sql, before: number, limit: number): Promise<PoisonEvent[]> {
    const rows = await sql.query<Row>(
      `SELECT id, project_id, event_id, reason, attempts, set_aside_at
       FROM poison_event
       WHERE id < $1
       ORDER BY id DESC
       LIMIT $2`,
      [before, limit],
    );
    return rows.map(eventOf);
  }

  /** The event and its body; undefined when there is none of this id. */
  async find(sql: Sql, id: number): Promise<(PoisonEvent & { body: Buffer }) | undefined> {
    const [row] = await sql.query<Row & { body: Buffer }>('SELECT * FROM poison_event WHERE id = $1', [id]);
    return row && { ...eventOf(row), body: row.body };
  }

  /** Takes the event off the list; false when it was gone. */
  async remove(tx: Tx, id: number): Promise<boolean> {
    return (await tx.query('DELETE FROM poison_event WHERE id = $1 RETURNING id', [id])).length > 0;
  }

  /** Notes another try that failed. */
  async failedAgain(sql: Sql, id: number, reason: string): Promise<void> {
    await sql.query('UPDATE poison_event SET attempts = attempts + 1, reason = $2 WHERE id = $1', [id, reason]);
  }

  /** Reads the name that tells this installation from others that share a message log: the same for every process on this database. */
  async installation(sql: Sql): Promise<string> {
    const [row] = await sql.query<{ name: string }>('SELECT id || current_database() AS name FROM installation');
    if (!row) throw new Error('the table installation is empty');
    return row.name;
  }
}

function eventOf(row: Row): PoisonEvent {
  return {
    id: row.id,
    projectId: row.project_id,
    eventId: row.event_id ?? undefined,
    reason: row.reason,
    attempts: row.attempts,
    setAsideAt: row.set_aside_at,
  };
}
