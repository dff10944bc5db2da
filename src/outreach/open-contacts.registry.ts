import { Injectable } from '@nestjs/common';
import { type Sql } from '../platform/db/database.js';

/** A customer and an incident about which they are in contact with support now. */
export interface OpenContact {
  readonly customerId: number;
  readonly incidentId: number;
}

/** Tells about which incidents these customers are in contact with support now. */
export type OpenContactsOf = (sql: Sql, customerIds: readonly number[]) => Promise<readonly OpenContact[]>;

/** Place where whoever keeps contacts says who is talking to us already, so that nobody gets a notice about what they are being helped with. */
@Injectable()
export class OpenContacts {
  private reader: OpenContactsOf = () => Promise.resolve([]);

  /** Takes the one reader. */
  readBy(reader: OpenContactsOf): void {
    this.reader = reader;
  }

  /** The open contacts of these customers; none while nobody keeps contacts. */
  of(sql: Sql, customerIds: readonly number[]): Promise<readonly OpenContact[]> {
    return this.reader(sql, customerIds);
  }
}
