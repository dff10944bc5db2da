import { type Weekly } from '../algorithm/weekly.v1.js';

/**
 * Time in which nothing that it matches is called and nobody is written to; one from the configuration has the id
 * `config:NAME`.
 */
export interface Silence {
  readonly id: string;
  readonly projectId: number | null;
  readonly issueId: number | null;
  readonly service: string | null;
  readonly area: string | null;
  readonly from: Date;
  readonly until: Date;
  readonly reason: string;
  readonly createdBy: string;
  /** Set for a weekly silence; `from` and `until` are those of the current occurrence, or of the next. */
  readonly weekly?: {
    readonly days: readonly string[];
    readonly from: string;
    readonly to: string;
    readonly timeZone: string;
    /** End of the repetition; a silence of the configuration repeats for as long as it stands there. */
    readonly until?: Date;
  };
}

/** Silence as people made it: from one moment to another, or every week between them. */
export interface MadeSilence extends Omit<Silence, 'weekly'> {
  readonly weekly: Weekly | null;
}

/** Subject that a silence may cover. */
export interface Silenceable {
  readonly projectId: number;
  readonly issueId: number | null;
  readonly services: readonly string[];
  readonly area: string | null;
}

/** Whether a silence covers a subject: everything that it names must fit. */
export function covers(silence: Silence, what: Silenceable): boolean {
  if (silence.projectId !== null && silence.projectId !== what.projectId) return false;
  if (silence.issueId !== null && silence.issueId !== what.issueId) return false;
  if (silence.service !== null && !what.services.includes(silence.service)) return false;
  return silence.area === null || silence.area === what.area;
}
