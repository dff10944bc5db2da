/** Of the languages there are texts for, the one for a reader: the same tag, else the same language, else the first. */
export function chooseLocale(wanted: string | null | undefined, offered: readonly string[]): string {
  const fallback = offered[0] ?? 'en';
  if (!wanted) return fallback;
  const tag = wanted.toLowerCase();
  const language = tag.split('-')[0];
  return (
    offered.find((one) => one.toLowerCase() === tag) ??
    offered.find((one) => one.toLowerCase().split('-')[0] === language) ??
    fallback
  );
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
