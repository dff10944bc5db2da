/** Parents of a region where CLDR names another than the language alone (supplemental data, parentLocales), by language. */
const PARENTS: Readonly<Record<string, (region: string) => string | undefined>> = {
  en: (region) => (region === 'US' ? undefined : 'en-001'),
  es: (region) => (region === 'ES' ? undefined : 'es-419'),
  pt: (region) => (region === 'BR' ? undefined : 'pt-PT'),
  zh: (region) => (region === 'MO' ? 'zh-Hant-HK' : undefined),
};

/**
 * Of the languages there are texts for, the one for a reader: the same tag, else its CLDR parents, else any of the same language and script, else
 * the first. Scripts are never mixed: a reader of Traditional Chinese gets no Simplified Chinese, and the other way round.
 */
export function chooseLocale(wanted: string | null | undefined, offered: readonly string[]): string {
  const fallback = offered[0] ?? 'en';
  const reader = wanted ? parsed(wanted) : undefined;
  if (!reader) return fallback;
  const fit = offered.flatMap((tag) => {
    const { language, script, region, own } = parsed(tag) ?? {};
    return language === reader.language && script === reader.script ? [{ tag, region: own ? region : undefined }] : [];
  });
  const withRegion = (region: string | undefined) => fit.find((one) => one.region === region)?.tag;
  const parent = PARENTS[reader.language]?.(reader.region)?.split('-').at(-1);
  return (
    withRegion(reader.region) ?? (parent && withRegion(parent)) ?? withRegion(undefined) ?? fit[0]?.tag ?? fallback
  );
}

/** Whether texts of one language tag can be read by readers of another: the same language in the same script. */
export function isReadable(offered: string, reader: string): boolean {
  const [one, other] = [parsed(offered), parsed(reader)];
  return one !== undefined && one.language === other?.language && one.script === other.script;
}

/** The tag by whose customs dates are written: the reader's own where the texts are in their language, so that a date in English is not American for all. */
export function dateLocale(reader: string | null | undefined, locale: string): string {
  const own = reader?.replaceAll('_', '-');
  return own && isReadable(locale, own) ? own : locale;
}

/** Languages and their weights that are read of an `Accept-Language` header (RFC 9110, 12.5.4). */
const MOST_LANGUAGES = 10;

/** Of the languages there are texts for, the one that a browser asks for; else the first. */
export function negotiateLocale(header: string | undefined, offered: readonly string[]): string {
  const wanted = (header ?? '')
    .slice(0, 500)
    .split(',', MOST_LANGUAGES)
    .map((one) => {
      const [tag = '', ...rest] = one.trim().split(';');
      const weight = /^q=(\d(?:\.\d{1,3})?)$/.exec((rest[0] ?? '').trim())?.[1];
      return { tag, weight: rest.length === 0 ? 1 : Number(weight ?? 0) };
    })
    .filter(({ tag, weight }) => weight > 0 && offered.some((one) => isReadable(one, tag)))
    .sort((one, other) => other.weight - one.weight);
  return chooseLocale(wanted[0]?.tag, offered);
}

/** Parts of a language tag, with those that it leaves open filled in by CLDR's likely subtags; `own`: the tag names a region itself. */
interface Tag {
  readonly language: string;
  readonly script: string;
  readonly region: string;
  readonly own: boolean;
}

/** Taking a tag apart costs as much as a tenth of an answer to a bot. Tags come from outside, so that only some are kept; there are some hundred in use. */
const tags = new Map<string, Tag | undefined>();
const TAGS_KEPT = 1000;

function parsed(tag: string): Tag | undefined {
  if (tags.has(tag)) return tags.get(tag);
  if (tags.size >= TAGS_KEPT) tags.clear();
  const made = taken(tag);
  tags.set(tag, made);
  return made;
}

function taken(tag: string): Tag | undefined {
  try {
    const locale = new Intl.Locale(tag.replaceAll('_', '-'));
    const { language, script = '', region = '' } = locale.maximize();
    return { language, script, region, own: locale.region !== undefined };
  } catch {
    return undefined;
  }
}

/** A moment as people of a language write it in their zone, with the zone's name where it is not known to be theirs. */
export function formatMoment(moment: Date, locale: string, timeZone: string | null): string {
  const text = formatter(locale, timeZone ?? 'UTC')
    .format(moment)
    .replace(/\u202f|\u00a0/g, ' ');
  return timeZone === null ? `${text} UTC` : text;
}

/** Making a formatter costs a hundred times what using one does; languages times zones in use are some hundred. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(locale: string, timeZone: string): Intl.DateTimeFormat {
  const key = `${locale} ${timeZone}`;
  const known = formatters.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone });
  formatters.set(key, made);
  return made;
}
