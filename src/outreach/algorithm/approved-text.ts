import { cut, oneLine, type TemplateValues } from '../../explanations/reader.js';
import { type ApprovedText, fillPlaces, type MessageSection, UNCUT } from '../approved-texts-config.js';

/** A text that a provider approved, filled for one message. */
export interface ApprovedWords {
  /** The wording as its reader sees it. */
  readonly body: string;
  /** The provider's name of the text, or one by the name of each gateway. */
  readonly id: ApprovedText['id'];
  /** Values by the provider's names, in the order of the configuration. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** The message that a text is looked for. */
export interface Wanted {
  readonly section: MessageSection;
  readonly locale: string;
  /** Slug. */
  readonly project: string;
  readonly area: string | null;
}

/** The first text for a message: of its kind and language, and for its project and area where the text names some. */
export function pickApproved(texts: readonly ApprovedText[], wanted: Wanted): ApprovedText | undefined {
  return texts.find(
    ({ kind, locale, project, area }) =>
      kind === wanted.section &&
      locale === wanted.locale &&
      (project === undefined || project.includes(wanted.project)) &&
      (area === undefined || (wanted.area !== null && area.includes(wanted.area))),
  );
}

/** Fills a text: each value on one line and cut to what the provider takes, but for links, which are whole. */
export function fillApproved({ id, text, parameters }: ApprovedText, values: TemplateValues): ApprovedWords {
  const filled = Object.fromEntries(
    Object.entries(parameters).map(([name, { value, atMost = Infinity, else: instead = '' }]) => {
      const written = oneLine(values[value] ?? '');
      const fits = written !== '' && !(UNCUT.has(value) && written.length > atMost);
      return [name, cut(fits ? written : instead, atMost)];
    }),
  );
  return { id, parameters: filled, body: fillPlaces(text, filled) };
}
