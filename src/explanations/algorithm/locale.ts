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
  const base = { dateStyle: 'medium', timeStyle: 'short', timeZone: timeZone ?? 'UTC' } as const;
  const text = new Intl.DateTimeFormat(locale, base).format(moment).replace(/\u202f|\u00a0/g, ' ');
  return timeZone === null ? `${text} UTC` : text;
}
