import { Liquid } from 'liquidjs';

/** Values that templates may use; every name is always given, null where there is nothing. */
export type TemplateValues = Readonly<Record<string, string | null>>;

/**
 * Limits on what an operator's template may cost: characters rendered, loop iterations, milliseconds. The last is generous, since a busy
 * machine may take the processor away for some hundred.
 */
const engine = new Liquid({
  strictVariables: true,
  strictFilters: true,
  ownPropertyOnly: true,
  memoryLimit: 100_000,
  parseLimit: 100_000,
  renderLimit: 2000,
});

/**
 * Renders a Liquid template.
 * @throws when it does not parse, or uses a variable or a filter that does not exist
 */
export function render(template: string, values: TemplateValues): string {
  return (engine.parseAndRenderSync(template, values) as string).trim();
}

/** What is wrong with a template that shall use no more than these variables; undefined when nothing is. */
export function templateProblem(template: string, variables: readonly string[]): string | undefined {
  try {
    render(template, Object.fromEntries(variables.map((name) => [name, 'x'])));
    render(template, Object.fromEntries(variables.map((name) => [name, null])));
    return undefined;
  } catch (error) {
    return (error as Error).message.split('\n')[0];
  }
}

/** Text for an SMS: one line, single spaces, and none before or after what a missing value left behind. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Text for an e-mail: at most one empty line in a row. */
export function tidyLines(text: string): string {
  return text
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
