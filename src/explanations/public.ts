import { Inject, Injectable } from '@nestjs/common';
import { type Incident } from '../incidents/incident.js';
import { Projects } from '../projects/project.registry.js';
import { type Sql } from '../platform/db/database.js';
import { chooseLocale, formatMoment } from './algorithm/locale.js';
import { fill, render } from './algorithm/render.js';
import { type Explanation, type ExplanationText } from './explanation.js';
import { ExplanationStore } from './texts/explanation.store.js';
import { type LocaleTexts, TEXTS_CONFIG, type TextsConfig } from './texts-config.js';

/** An explanation as one reader sees it. */
export interface RenderedExplanation extends ExplanationText {
  readonly locale: string;
  readonly version: number;
  readonly reviewState: Explanation['reviewState'];
}

/** Explanations in the reader's language and zone: what other rooms may ask. */
@Injectable()
export class Explanations {
  constructor(
    @Inject(TEXTS_CONFIG) private readonly texts: TextsConfig,
    private readonly store: ExplanationStore,
    private readonly projects: Projects,
  ) {}

  /** The locale in which a reader of this language is written to. */
  localeFor(wanted: string | null | undefined): string {
    return chooseLocale(wanted, [...this.texts.keys()]);
  }

  /** The templates of a locale that `localeFor` gave. */
  textsOf(locale: string): LocaleTexts {
    const texts = this.texts.get(locale);
    if (!texts) throw new Error(`there are no texts for ${locale}`);
    return texts;
  }

  /** The name under which customers know the app. */
  productOf(incident: Incident): string {
    return this.projects.find(incident.projectId)?.name ?? '';
  }

  /** The explanation in force, by incident; where a person wrote none in the locale, the template's draft. */
  async forReader(
    sql: Sql,
    incidents: readonly Incident[],
    locale: string,
    timeZone: string | null,
  ): Promise<Map<number, RenderedExplanation>> {
    const rows = await this.store.current(
      sql,
      incidents.map((incident) => incident.id),
    );
    return new Map(
      incidents.map((incident) => {
        const row = rows.find((one) => one.incidentId === incident.id && one.locale === locale);
        const text = row ?? { ...this.draft(incident, locale), locale, version: 0, reviewState: 'draft' as const };
        return [incident.id, rendered(text, formatMoment(incident.startedAt, locale, timeZone))];
      }),
    );
  }

  /** The draft for an incident from the templates; `{{ since }}` stays open until somebody reads it. */
  draft(incident: Incident, locale: string): ExplanationText {
    const { title, body, workaround, nextUpdate } = this.textsOf(locale).explanation;
    const values = { product: this.productOf(incident), area: incident.area, since: '{{ since }}' };
    const fill = (template: string | undefined) => (template === undefined ? null : render(template, values));
    return {
      title: render(title, values),
      body: render(body, values),
      workaround: fill(workaround),
      nextUpdate: fill(nextUpdate),
    };
  }
}

function rendered(
  row: ExplanationText & Pick<RenderedExplanation, 'locale' | 'version' | 'reviewState'>,
  since: string,
): RenderedExplanation {
  const filled = (text: string | null) => (text === null ? null : fill(text, { since }));
  return {
    title: fill(row.title, { since }),
    body: fill(row.body, { since }),
    workaround: filled(row.workaround),
    nextUpdate: filled(row.nextUpdate),
    locale: row.locale,
    version: row.version,
    reviewState: row.reviewState,
  };
}
