import { type ApprovedText, MESSAGE_SECTIONS, type MessageSection } from '../approved-texts-config.js';
import { type Policy } from '../policy.js';

/** Says which kinds of messages have an approved text in which languages, and which that the policies send by SMS have none. */
export function describeApproved(
  texts: readonly ApprovedText[],
  policies: readonly Policy[],
  locales: readonly string[],
): string[] {
  const bySms = policies.filter(({ channels }) => channels.includes('sms'));
  const sent = new Set(bySms.flatMap(sectionsOf));
  return MESSAGE_SECTIONS.flatMap((section) => {
    const own = texts.filter(({ kind }) => kind === section);
    const has = [...new Set(own.map(({ locale }) => locale))];
    const lacks = sent.has(section) ? locales.filter((locale) => !has.includes(locale)) : [];
    if (has.length === 0 && lacks.length === 0) return [];
    // A text for some projects or areas leaves the others without one.
    const partly = has.filter((locale) =>
      own
        .filter((one) => one.locale === locale)
        .every(({ project, area }) => project !== undefined || area !== undefined),
    );
    const parts = [
      ...(has.length > 0 ? [`approved in ${has.join(', ')}`] : []),
      ...(partly.length > 0 ? [`in ${partly.join(', ')} for some projects or areas only`] : []),
      ...(lacks.length > 0
        ? [`none in ${lacks.join(', ')}, so such customers are told on the next channel of the policy or not at all`]
        : []),
    ];
    return [`${section}: ${parts.join('; ')}`];
  });
}

/** Kinds of messages that a policy sends. */
function sectionsOf({ audience, accounts, merge, updates, onResolve, onReturn }: Policy): MessageSection[] {
  const isTold = audience.includes('affected');
  const isWarned = audience.includes('at_risk');
  return [
    ...(isTold ? (['notice'] as const) : []),
    ...(isWarned ? (['atRisk'] as const) : []),
    ...(accounts === 'contact' && isTold ? (['account'] as const) : []),
    ...(merge && isTold ? (['several'] as const) : []),
    ...(merge && isWarned ? (['severalAtRisk'] as const) : []),
    ...(updates ? (['update'] as const) : []),
    ...(merge && updates ? (['severalUpdate'] as const) : []),
    ...(merge && onResolve ? (['severalResolved'] as const) : []),
    ...(onResolve ? (['resolved'] as const) : []),
    ...(onReturn ? (['returned'] as const) : []),
  ];
}
