import { Liquid, type Template } from 'liquidjs';

/** Values that templates may use; every name is always given, null where there is nothing. */
export type TemplateValues = Readonly<Record<string, string | null>>;

/**
 * Tags that a template of the configuration may use. Without loops, captures and partials a text cannot grow beyond its variables, and nothing
 * reads a file: `include`, `render` and `layout` are gone, and the engine has no file system either.
 */
const TAGS = ['if', 'unless', 'case', 'comment', '#', 'raw', 'assign', 'echo'];

/**
 * Limits on what one template may cost: characters parsed, characters that filters make, milliseconds. The last is generous, since a busy machine may
 * take the processor away for some hundred; the longest text of ours has 600 characters, a hundredth of what is allowed.
 */
const engine = new Liquid({
  templates: {},
  strictVariables: true,
  strictFilters: true,
  ownPropertyOnly: true,
  memoryLimit: 100_000,
  parseLimit: 100_000,
  renderLimit: 2000,
});
for (const tag of Object.keys(engine.tags)) if (!TAGS.includes(tag)) delete engine.tags[tag];

/** Characters of one rendered template. */
const LONGEST = 60_000;

/**
 * Renders a Liquid template of the configuration.
 * @throws when it does not parse, uses a variable, filter or tag that it may not, or gets too long
 */
export function render(template: string, values: TemplateValues): string {
  const text = engine.renderSync(parsed(template), values) as string;
  if (text.length > LONGEST) throw new Error(`the text has ${text.length} characters, more than ${LONGEST}`);
  return text.trim();
}

/** Parsing costs twice what rendering does, and a campaign renders the same few templates for each of its customers. */
const templates = new Map<string, Template[]>();
/** All sections and channels of a dozen languages are some 500; beyond it all are parsed anew. */
const TEMPLATES_KEPT = 1000;

function parsed(template: string): Template[] {
  const known = templates.get(template);
  if (known) return known;
  const made = engine.parse(template);
  if (templates.size >= TEMPLATES_KEPT) templates.clear();
  templates.set(template, made);
  return made;
}

/** Finds the first problem of a template that may use these variables only; undefined if there is none. */
export function templateProblem(template: string, variables: readonly string[]): string | undefined {
  try {
    render(template, Object.fromEntries(variables.map((name) => [name, 'x'])));
    render(template, Object.fromEntries(variables.map((name) => [name, null])));
    return undefined;
  } catch (error) {
    return (error as Error).message.split('\n')[0];
  }
}

const PLACEHOLDER = /\{\{\s{0,9}([a-zA-Z]{1,40})\s{0,9}\}\}/g;

/** Fills `{{ name }}` in the words of a person, without an engine: whatever else stands there stays as it is. */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(PLACEHOLDER, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? '') : whole,
  );
}

/** Finds the first problem of a person's text in which these names are filled in; undefined if there is none. */
export function fillProblem(text: string, names: readonly string[]): string | undefined {
  const rest = text.replace(PLACEHOLDER, (whole, name: string) => (names.includes(name) ? '' : whole));
  const [wrong] = /\{\{|\{%/.exec(rest) ?? [];
  if (wrong === undefined) return undefined;
  const known = names.map((name) => `{{ ${name} }}`).join(', ');
  return `holds "${wrong}"; this is plain text, in which only ${known} is filled in`;
}

/** Longest name that a customer is greeted by, in characters. */
const LONGEST_NAME = 60;
/** Characters and patterns of addresses, links and markup. */
const NOT_A_NAME = /[/\\@:<>{}[\]]|[\p{L}\p{N}-]{2,}\.\p{L}{2,}/u;

/** A customer's name for a greeting; null for one that is no name, since whoever fills in a form chooses it, and a link in it would go out as ours. */
export function greetingName(name: string | null): string | null {
  const plain = name
    ?.normalize('NFC')
    .replace(/\p{C}+/gu, '')
    .replace(/\s+/g, ' ')
    .trim();
  if (!plain || [...plain].length > LONGEST_NAME || NOT_A_NAME.test(plain)) return null;
  return plain;
}

/** Text for an SMS: one line, single spaces, and none before or after what a missing value left behind. */
export function oneLine(text: string): string {
  return withoutControls(text).replace(/\s+/g, ' ').trim();
}

/** Text for an e-mail: at most one empty line in a row. */
export function tidyLines(text: string): string {
  return withoutControls(text)
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

/** Without control characters other than tab and line breaks, and without marks that turn the direction of what follows. */
function withoutControls(text: string): string {
  return text.replace(/[^\P{Cc}\t\n\r]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '');
}

/** The first `limit` characters (UTF-16 units) of a text, with an ellipsis where something is left out; no character is cut in two. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  let kept = '';
  for (const character of text) {
    if (kept.length + character.length + 1 > limit) break;
    kept += character;
  }
  return limit < 1 ? '' : `${kept.trimEnd()}…`;
}
