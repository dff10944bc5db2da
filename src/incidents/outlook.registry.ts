import { Injectable } from '@nestjs/common';
import { type Sql } from '../platform/db/database.js';
import { type Incident } from './incident.js';

/** A campaign of an incident with messages that have not gone out. */
export interface WaitingCampaign {
  readonly campaignId: string;
  readonly kind: string;
  readonly state: string;
  readonly messages: number;
}

/** Outreach about an incident: whom it reached and what still waits. */
export interface OutreachOutlook {
  /** Customers who were told of the incident, as far as providers say. */
  readonly told: number;
  readonly waiting: readonly WaitingCampaign[];
  readonly words: string;
}

/** Reads the outlook of an incident; outreach comes after incidents, so it registers itself. */
export type ReadOutlook = (sql: Sql, incident: Incident) => Promise<OutreachOutlook>;

/** Place where outreach says how it stands about an incident. */
@Injectable()
export class Outlooks {
  private reader: ReadOutlook = () => Promise.resolve({ told: 0, waiting: [], words: '' });

  /** Takes the one reader. */
  readBy(reader: ReadOutlook): void {
    this.reader = reader;
  }

  /** Reads how outreach about an incident stands. */
  of(sql: Sql, incident: Incident): Promise<OutreachOutlook> {
    return this.reader(sql, incident);
  }
}
