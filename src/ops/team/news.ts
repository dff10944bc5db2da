import { type Severity } from '../../incidents/incident.js';
import { type TeamEvent } from '../team-config.js';

/** One thing that a place is told. */
export interface News {
  readonly id: number;
  readonly event: TeamEvent;
  readonly incidentId: number;
  readonly campaignId: number | null;
  /** Slug. */
  readonly project: string;
  readonly severity: Severity;
  readonly customers: number;
  readonly mergedInto: number | null;
  /** Whether the incident came back. */
  readonly again: boolean;
  /** Messages of the campaign that failed, and all that were tried. */
  readonly failed: number;
  readonly messages: number;
  /** Times that this was tried before, the present time included. */
  readonly attempts: number;
}
