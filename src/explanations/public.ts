import { Inject, Injectable } from '@nestjs/common';
import { type Incident } from '../incidents/incident.js';
import { Audiences } from '../audience/public.js';
import { Clock } from '../platform/clock.js';
import { Brands } from '../projects/brands.service.js';
import { type Sql } from '../platform/db/database.js';
import { chooseLocale, formatMoment, isReadable, negotiateLocale } from './algorithm/locale.js';
import { fill, render } from './algorithm/render.js';
import { causeWords } from './algorithm/cause-words.js';
import { type Explanation, type ExplanationText, type ExplanationUpdate } from './explanation.js';
import { AREAS_CONFIG, type AreasConfig } from './explanations-config.js';
import { ExplanationStore } from './texts/explanation.store.js';
import { type LocaleTexts, TEXTS_CONFIG, type TextsConfig } from './texts-config.js';

/** An explanation as one reader sees it. */
export interface RenderedExplanation extends ExplanationText {
  /** Title once the incident is over. */
  readonly fixedTitle: string;
  readonly fixed: string;
  readonly locale: string;
  readonly version: number;
  readonly reviewState: Explanation['reviewState'];
}

/** Facts of an incident that its words are made of. */
type Explained = Pick<Incident, 'id' | 'projectId' | 'area' | 'startedAt' | 'resolvedAt'>;

/** Reader for whom words are made: the locale is one that `localeFor` gave, without a zone times are in UTC and say so. */
export interface Reader {
  readonly locale: string;
  readonly timeZone: string | null;
  /** Tag by whose customs dates are written; the locale where it is left out. */
  readonly dates?: string;
}

/** Explanations in the reader's language and zone: what other rooms may ask. */
@Injectable()
export class Explanations {
  constructor(
    @Inject(TEXTS_CONFIG) private readonly texts: TextsConfig,
    @Inject(AREAS_CONFIG) private readonly areas: AreasConfig,
    private readonly store: ExplanationStore,
    private readonly audiences: Audiences,
    private readonly brands: Brands,
    private readonly clock: Clock,
  ) {}

  /** Chooses the locale in which a reader of this language is written to. */
  localeFor(wanted: string | null | undefined): string {
    return chooseLocale(wanted, [...this.texts.keys()]);
  }

  /** Chooses the locale that a browser asks for by its `Accept-Language`. */
  localeForHeader(header: string | undefined): string {
    return negotiateLocale(header, [...this.texts.keys()]);
  }

  /** Lists the locales in which customers are written to; the first is for those whose language is not among them. */
  locales(): string[] {
    return [...this.texts.keys()];
  }

  /** Chooses, among these locales, the one for a reader of another. */
  localeAmong(locale: string, offered: readonly string[]): string {
    return chooseLocale(locale, offered);
  }

  /** Returns the templates of a locale that `localeFor` gave. */
  textsOf(locale: string): LocaleTexts {
    const texts = this.texts.get(locale);
    if (!texts) throw new Error(`there are no texts for ${locale}`);
    return texts;
  }

  /** Finds the name under which customers know the app. */
  productOf({ projectId }: Pick<Incident, 'projectId'>): string {
    return this.brands.of(projectId).name;
  }

  /**
   * Finds what customers of this language call an area: the name in the configuration, else the area itself; null where the incident has
   * none, or where the configuration names the area in other languages only.
   */
  areaOf({ area }: Pick<Incident, 'area'>, locale: string): string | null {
    if (area === null || !Object.hasOwn(this.areas, area)) return area;
    const names = new Map(Object.entries(this.areas[area] ?? {}));
    const near = [...names.keys()].find((one) => isReadable(one, locale));
    return names.get(locale) ?? (near === undefined ? null : (names.get(near) ?? null));
  }

  /** Reads the explanations in force, by incident; where there is none in the locale, the template's draft stands in. */
  async forReader(
    sql: Sql,
    incidents: readonly Explained[],
    locale: string,
    timeZone: string | null,
    dates = locale,
  ): Promise<Map<number, RenderedExplanation>> {
    const ids = incidents.map((incident) => incident.id);
    const rows = await this.store.current(sql, ids);
    const news = await this.store.updates(sql, ids);
    return new Map(
      incidents.map((incident) => {
        const row = rows.find((one) => one.incidentId === incident.id && one.locale === locale);
        const update = news.find((one) => one.incidentId === incident.id);
        return [incident.id, this.rendered(incident, row, update, { locale, timeZone, dates })];
      }),
    );
  }

  /** Lists the news about an incident for a reader, newest first, each with its time in words. */
  async news(
    sql: Sql,
    { id }: Explained,
    { locale, timeZone, dates = locale }: Reader,
  ): Promise<{ when: string; text: string }[]> {
    return (await this.store.updates(sql, [id])).map(({ at, texts }) => ({
      when: formatMoment(at, dates, timeZone),
      text: texts[chooseLocale(locale, Object.keys(texts))] ?? '',
    }));
  }

  /** Finds the newest news of an incident for a reader; undefined where none came since a moment. */
  async newsSince(sql: Sql, { id }: Explained, locale: string, since: Date): Promise<string | undefined> {
    const [newest] = await this.store.updates(sql, [id]);
    return newest && newest.at > since ? newest.texts[chooseLocale(locale, Object.keys(newest.texts))] : undefined;
  }

  /** Makes the words of one incident for a reader. `row` is the version in force, `update` the newest one; the draft stands in for no row. */
  rendered(
    incident: Explained,
    row: Explanation | undefined,
    update: ExplanationUpdate | undefined,
    { locale, timeZone, dates = locale }: Reader,
  ): RenderedExplanation {
    const text = row ?? this.draft(incident, locale);
    const values = { product: this.productOf(incident), area: this.areaOf(incident, locale), since: null };
    const since = formatMoment(incident.startedAt, dates, timeZone);
    const fixedAt = formatMoment(incident.resolvedAt ?? this.clock.now(), dates, timeZone);
    const filled = (words: string | null) => (words === null ? null : fill(words, { since }));
    const templates = this.textsOf(locale);
    const promised = this.promised(update);
    const nextUpdate =
      promised === undefined
        ? filled(text.nextUpdate)
        : render(templates.explanation.nextUpdateAt, { nextUpdateAt: formatMoment(promised, dates, timeZone) });
    return {
      title: fill(text.title, { since }),
      body: fill(text.body, { since }),
      workaround: filled(text.workaround),
      nextUpdate,
      fixedTitle: render(templates.fixed.title, { ...values, since, fixedAt }),
      fixed: fill(text.fixed ?? render(templates.fixed.body, { ...values, since, fixedAt }), { since, fixedAt }),
      locale,
      version: row?.version ?? 0,
      reviewState: row?.reviewState ?? 'draft',
    };
  }

  /** Returns the time by which news is promised; undefined without a promise, or once its time is over. */
  promised(update: ExplanationUpdate | undefined): Date | undefined {
    const at = update?.nextUpdateAt;
    return at && at > this.clock.now() ? at : undefined;
  }

  /** Words an explanation for those of whom nobody knows that the incident hit them: as "if", never as a fact. */
  asIf({ title, body, locale }: Pick<RenderedExplanation, 'title' | 'body' | 'locale'>, isFixed: boolean) {
    const { others, othersFixed } = this.textsOf(locale);
    const templates = isFixed ? othersFixed : others;
    return { title: render(templates.title, { title, body }), body: render(templates.body, { title, body }) };
  }

  /**
   * Makes the draft for an incident from the templates and what is known: the area, what those it hit share, and what helped when the same
   * fault was there before. `{{ since }}` and `{{ fixedAt }}` stay open until somebody reads it.
   */
  async draftFor(sql: Sql, incident: Incident, locale: string): Promise<ExplanationText> {
    const { previousIncidentId: previous } = incident;
    const before = previous === null ? [] : await this.store.current(sql, [previous]);
    const written = before.find((one) => one.locale === locale && one.reviewState === 'approved');
    const cause = await this.audiences.cause(sql, incident.id);
    const draft = this.draft(incident, locale, cause && causeWords(cause));
    return { ...draft, workaround: written?.workaround ?? draft.workaround };
  }

  /** Makes the draft from the templates and the incident alone, for where no row is there yet. */
  draft(incident: Explained, locale: string, cause: string | null = null): ExplanationText {
    const { explanation, fixed } = this.textsOf(locale);
    const { title, body, workaround, nextUpdate } = explanation;
    const facts = { product: this.productOf(incident), area: this.areaOf(incident, locale), since: '{{ since }}' };
    const values = { ...facts, cause };
    const fill = (template: string | undefined) => (template === undefined ? null : render(template, values));
    return {
      title: render(title, values),
      body: render(body, values),
      workaround: fill(workaround),
      nextUpdate: fill(nextUpdate),
      fixed: render(fixed.body, { ...facts, fixedAt: '{{ fixedAt }}' }),
    };
  }
}
