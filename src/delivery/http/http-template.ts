/** Values that a template may name. */
export const TEMPLATE_VALUES = ['to', 'text', 'subject', 'html', 'messageId', 'locale', 'validSeconds'] as const;
export type TemplateValue = (typeof TEMPLATE_VALUES)[number];

const PLACE = /\{\{\s*([^{}]*?)\s*\}\}/g;

/** Says what is wrong with a template; undefined when it can be filled. */
export function templateProblem(template: string): string | undefined {
  const unknown = [...template.matchAll(PLACE)]
    .map(([, name = '']) => name)
    .find((name) => !TEMPLATE_VALUES.some((known) => known === name));
  if (unknown !== undefined) return `{{${unknown}}} is not known; there are ${TEMPLATE_VALUES.join(', ')}`;
  return /\{\{|\}\}/.test(template.replace(PLACE, '')) ? 'has braces that do not close' : undefined;
}

/** Ways to write a value so that it stays a value: no text of a message can end the string, field or header that it stands in. */
export const WRITERS = {
  json: (value: string) => JSON.stringify(value).slice(1, -1),
  form: (value: string) => encodeURIComponent(value),
  text: (value: string) => value,
  header: (value: string) => value.replace(/[^\x20-\x7e]+/g, ' '),
} as const;

/** Fills a template; a value that a message does not have is empty. */
export function fill(
  template: string,
  values: Readonly<Partial<Record<TemplateValue, string>>>,
  write: (value: string) => string,
): string {
  return template.replace(PLACE, (_, name: string) => write(values[name as TemplateValue] ?? ''));
}

/** The value at a path like `data.id` or `results.0.id` of an answer; undefined where there is none. */
export function valueAt(answer: unknown, path: string): unknown {
  let value = answer;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
