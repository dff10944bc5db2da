import { Inject, Injectable } from '@nestjs/common';
import { type Incident } from '../../incidents/incident.js';
import { Incidents } from '../../incidents/public.js';
import { Database, type Tx } from '../../platform/db/database.js';
import { IDLE, type Stage, type StageResult } from '../../platform/stages/stage.js';
import { type Explanation, type ExplanationText, MACHINE } from '../explanation.js';
import { ExplanationStore } from './explanation.store.js';
import { Explanations } from '../public.js';
import { Boards } from '../answers/boards.service.js';
import { ChangeReadModel } from '../stream/change.read-model.js';
import { TEXTS_CONFIG, type TextsConfig } from '../texts-config.js';

/**
 * ANSWER: gives each open incident a draft in each language, so that a person edits rather than starts from nothing. A draft follows its
 * incident when area or templates change; what a person wrote is never written over. Counts it as a change, too, when the time is over in which
 * bots are told that an incident is fixed.
 */
@Injectable()
export class DraftStage implements Stage {
  readonly name = 'draft';
  readonly pauseMs = 5000;
  readonly limitMs = 60_000;

  constructor(
    @Inject(TEXTS_CONFIG) private readonly texts: TextsConfig,
    private readonly incidents: Incidents,
    private readonly explanations: Explanations,
    private readonly store: ExplanationStore,
    private readonly boards: Boards,
    private readonly changes: ChangeReadModel,
    private readonly database: Database,
  ) {}

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    const database = this.database.until(signal);
    const open = await this.incidents.open(database);
    return database.transaction(async (tx) => {
      if (!(await tx.tryLock('draft'))) return IDLE;
      let worked = 0;
      const ids = open.map((one) => one.id);
      const present = new Map(
        (await this.store.current(tx, ids)).map((row) => [`${row.incidentId} ${row.locale}`, row]),
      );
      for (const incident of open)
        for (const locale of this.texts.keys())
          worked += await this.renew(tx, incident, locale, present.get(`${incident.id} ${locale}`), now);
      worked += await this.changes.retire(tx, this.boards.since());
      return { worked, more: false };
    });
  }

  /** Appends a draft where there is none, or where the machine's own is out of date; returns how many. */
  private async renew(
    tx: Tx,
    incident: Incident,
    locale: string,
    current: Explanation | undefined,
    now: Date,
  ): Promise<number> {
    if (current && (current.author !== MACHINE || current.reviewState !== 'draft')) return 0;
    const draft = await this.explanations.draftFor(tx, incident, locale);
    if (current && isSame(current, draft)) return 0;
    const text = { ...draft, reviewState: 'draft', author: MACHINE } as const;
    return (await this.store.append(tx, incident.id, locale, 1 + (current?.version ?? 0), text, now)) ? 1 : 0;
  }
}

function isSame(one: ExplanationText, other: ExplanationText): boolean {
  return (['title', 'body', 'workaround', 'nextUpdate', 'fixed'] as const).every((key) => one[key] === other[key]);
}
