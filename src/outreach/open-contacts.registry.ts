import { Injectable } from '@nestjs/common';
import { type Sql } from '../platform/db/database.js';

/** Tells whether a customer is in contact with support about an incident now. */
export type IsInContact = (sql: Sql, customerId: number, incidentId: number) => Promise<boolean>;

/** Place where whoever keeps contacts says who is talking to us already, so that nobody gets a notice about what they are being helped with. */
@Injectable()
export class OpenContacts {
  private reader: IsInContact = () => Promise.resolve(false);

  /** Takes the one reader. */
  readBy(reader: IsInContact): void {
    this.reader = reader;
  }

  /** True if a customer is in contact about an incident now; false for all while nobody keeps contacts. */
  isIn(sql: Sql, customerId: number, incidentId: number): Promise<boolean> {
    return this.reader(sql, customerId, incidentId);
  }
}
