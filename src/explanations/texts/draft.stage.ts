import { Inject, Injectable } from '@nestjs/common';
import { Incidents } from '../../incidents/public.js';
import { Database } from '../../platform/db/database.js';
import { type Stage, type StageResult } from '../../platform/stages/stage.js';
import { ExplanationStore } from './explanation.store.js';
import { Explanations } from '../public.js';
import { TEXTS_CONFIG, type TextsConfig } from '../texts-config.js';

/** ANSWER: gives each open incident a draft in each language, so that a person edits rather than starts from nothing. */
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
    private readonly database: Database,
  ) {}

  async runOnce(now: Date, signal: AbortSignal): Promise<StageResult> {
    const database = this.database.until(signal);
    const open = await this.incidents.open(database);
    const present = new Set(
      (
        await this.store.current(
          database,
          open.map((one) => one.id),
        )
      ).map((row) => `${row.incidentId} ${row.locale}`),
    );
    const wanted = open
      .flatMap((incident) => [...this.texts.keys()].map((locale) => ({ incident, locale })))
      .filter(({ incident, locale }) => !present.has(`${incident.id} ${locale}`));
    if (wanted.length === 0) return { worked: 0, more: false };
    await database.transaction(async (tx) => {
      if (!(await tx.tryLock('draft'))) return;
      for (const { incident, locale } of wanted) {
        await this.store.append(
          tx,
          incident.id,
          locale,
          this.explanations.draft(incident, locale),
          'draft',
          'forewarn',
          now,
        );
      }
    });
    return { worked: wanted.length, more: false };
  }
}
