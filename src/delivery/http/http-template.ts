/** Values that a template may name; `templateParameters` are those of an approved text as JSON, an object by their names. */
const TEMPLATE_VALUES = [
  'to',
  'text',
  'subject',
  'html',
  'messageId',
  'locale',
  'validSeconds',
  'templateId',
  'templateParameters',
] as const;
/** Values that stand in a JSON body as they are, outside of quotes: the parameters as an object, and as a list in their order. */
const JSON_VALUES = ['templateObject', 'templateList'] as const;
export type TemplateValue = (typeof TEMPLATE_VALUES)[number] | (typeof JSON_VALUES)[number] | `parameter.${string}`;

const ONE_PARAMETER = /^parameter\.\w{1,40}$/;
const PLACE = /\{\{\s*([^{}]*?)\s*\}\}/g;

/**
 * Says what is wrong with a template; undefined when it can be filled.
 * @param isJson true for the body of a JSON request
 */
export function templateProblem(template: string, isJson = false): string | undefined {
  const known: readonly string[] = [...TEMPLATE_VALUES, ...(isJson ? JSON_VALUES : [])];
  const unknown = [...template.matchAll(PLACE)]
    .map(([, name = '']) => name)
    .find((name) => !known.includes(name) && !ONE_PARAMETER.test(name));
  if (unknown !== undefined) return `{{${unknown}}} is not known; there are ${known.join(', ')}, parameter.NAME`;
  // Objects within each other end in two braces, too.
  if ((isJson ? /\{\{/ : /\{\{|\}\}/).test(template.replace(PLACE, ''))) return 'has braces that do not close';
  return isJson && !isJsonText(template) ? 'is not JSON once it is filled' : undefined;
}

/** True for a body that is JSON, whatever its values hold. */
function isJsonText(template: string): boolean {
  const sample = template.replace(PLACE, (_, name: string) => {
    if (isRaw(name)) return '["a\\"b"]';
    return name === 'validSeconds' ? '1' : 'a\\"b';
  });
  try {
    JSON.parse(sample);
    return true;
  } catch {
    return false;
  }
}

function isRaw(name: string): boolean {
  return (JSON_VALUES as readonly string[]).includes(name);
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
  return template.replace(PLACE, (_, name: string) => {
    const value = values[name as TemplateValue] ?? '';
    return isRaw(name) ? value || 'null' : write(value);
  });
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
