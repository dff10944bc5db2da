import { Injectable } from '@nestjs/common';
import { Explanations } from '../../explanations/public.js';
import { type Incident } from '../../incidents/incident.js';
import { Incidents } from '../../incidents/public.js';
import { type Sql } from '../../platform/db/database.js';
import { attribute, type Attribution, type Candidate } from '../algorithm/attribute.js';
import { ConcernReadModel } from './concern.read-model.js';

/** Time after its end in which a customer may still write about what hit them; by judgement, not measured. */
const STILL_ABOUT_MS = 24 * 3_600_000;

/** A contact that is to be matched. */
export interface Unmatched {
  readonly customerId: number | null;
  /** Projects whose incidents come into question. */
  readonly projectIds: ReadonlySet<number>;
  readonly text: string;
  readonly locale: string | null;
}

/** Finds the incident that a contact is about. */
@Injectable()
export class Attributions {
  constructor(
    private readonly incidents: Incidents,
    private readonly explanations: Explanations,
    private readonly concerns: ConcernReadModel,
  ) {}

  /** Finds the incident; undefined if none fits. */
  async of(sql: Sql, { customerId, projectIds, text, locale }: Unmatched, now: Date): Promise<Attribution | undefined> {
    const open = await this.incidents.open(sql);
    const over = await this.incidents.resolvedSince(sql, new Date(now.getTime() - STILL_ABOUT_MS));
    const asked = [...open, ...over].filter(({ projectId }) => projectIds.has(projectId));
    if (asked.length === 0) return undefined;
    const ids = asked.map(({ id }) => id);
    const concern = customerId === null ? undefined : await this.concerns.of(sql, customerId, ids);
    const texts = await this.textsOf(sql, asked, locale);
    return attribute(
      text,
      asked.map((incident): Candidate => {
        const { id, startedAt, status } = incident;
        const own = concern?.hit.has(id) ? 'hit' : concern?.atRisk.has(id) ? 'atRisk' : 'none';
        return { incidentId: id, isOpen: status !== 'resolved', startedAt, concern: own, texts: texts.get(id) ?? [] };
      }),
    );
  }

  /** Reads the texts about incidents: explanations in the languages of the contact and of the configuration, and what others who were hit said. */
  private async textsOf(
    sql: Sql,
    incidents: readonly Incident[],
    locale: string | null,
  ): Promise<Map<number, string[]>> {
    const texts = new Map<number, string[]>(incidents.map(({ id }) => [id, []]));
    for (const one of new Set([locale, null, 'en', 'zh'].map((wanted) => this.explanations.localeFor(wanted)))) {
      for (const [id, { title, body }] of await this.explanations.forReader(sql, incidents, one, null))
        texts.get(id)?.push(title, body);
    }
    const ids = incidents.map(({ id }) => id);
    for (const { incidentId, text } of await this.concerns.said(sql, ids)) texts.get(incidentId)?.push(text);
    return texts;
  }
}
