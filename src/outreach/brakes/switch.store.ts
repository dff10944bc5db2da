import { Injectable } from '@nestjs/common';
import { type Sql, type Tx } from '../../platform/db/database.js';
import { onlyRow } from '../../platform/db/sql.js';

/** Positions of the switch: `held` lets everything be planned and nothing leave. */
export const SENDING = ['live', 'held'] as const;
export type Sending = (typeof SENDING)[number];

/** The switch of the whole installation, and who set it. */
export interface SwitchState {
  readonly sending: Sending;
  readonly reason: string | null;
  /** `forewarn` or the name of a token. */
  readonly changedBy: string;
  readonly changedAt: Date;
}

/** All SQL on the switch but the question in the statements of messages. */
@Injectable()
export class SwitchStore {
  /** Reads the switch. */
  async read(sql: Sql): Promise<SwitchState> {
    const rows = await sql.query<SwitchState>({
      name: 'outreach_switch.read',
      text: 'SELECT sending, reason, changed_by AS "changedBy", changed_at AS "changedAt" FROM outreach_switch',
    });
    return onlyRow(rows, 'the switch');
  }

  /** Sets the switch; false when it stood so already, and then only its reason changes. */
  async set(tx: Tx, sending: Sending, reason: string | null, actor: string, now: Date): Promise<boolean> {
    const rows = await tx.query<{ was: Sending }>(
      `UPDATE outreach_switch s
       SET sending = $1, reason = $2, changed_by = $3, changed_at = $4
       FROM (SELECT sending AS was FROM outreach_switch FOR UPDATE) o
       RETURNING o.was`,
      [sending, reason, actor, now],
    );
    return onlyRow(rows, 'the switch').was !== sending;
  }
}
