import { below, pick, type Random } from './mutate.js';

/** The parts of an OpenAPI document that requests are made from. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema?: Schema }[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> };
}

interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly format?: string;
}

/** One request as `fetch` takes it. */
export interface NastyRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
  readonly contentType: string;
}

const NASTY_TEXTS = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\udc00x',
  '\u202e\u0007\r\n',
  "'; DROP TABLE customer; --",
  '{{ 7 | times: 7 }}{% include ".env" %}',
  '__proto__',
  'constructor',
  'toString',
  'NaN',
  '-1',
  '0',
  '1e400',
  '9223372036854775808',
  '99999999999999999999999999',
  '../../etc/passwd',
  '<script>alert(1)</script>',
  'ﷺ'.repeat(50),
  'x'.repeat(3000),
  '0000-00-00T00:00:00Z',
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59Z',
  '+275760-09-13T00:00:00Z',
  '2026-02-30T25:61:61Z',
] as const;

const NASTY_VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  0.5,
  1e308,
  -1e308,
  2 ** 31,
  2 ** 53,
  2 ** 63,
  [],
  {},
  [[[[[[]]]]]],
  { a: { b: { c: null } } },
  Array.from({ length: 500 }, () => 'x'),
];

/** Requests for every operation of a document in turn: shaped as it says, with one place in three turned into something that nobody expects. */
export function nastyRequest(document: ApiDocument, random: Random, at: number): NastyRequest {
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const { path, method, operation } = operations[at % operations.length]!;
  const filled = path.replace(/\{(\w+)\}/g, () => encode(random() < 0.5 ? '1' : textOf(random)));
  const query = (operation.parameters ?? [])
    .filter((one) => one.in === 'query' && random() < 0.5)
    .map(({ name, schema }) => `${name}=${encode(String(valueOf(schema ?? {}, random, 0)))}`);
  const [type, content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? ['application/json', {}];
  const writes = method !== 'GET' && method !== 'DELETE';
  return {
    method,
    path: filled + (query.length > 0 ? `?${query.join('&')}` : ''),
    body: writes ? bodyOf(content.schema ?? {}, random) : undefined,
    contentType: random() < 0.1 ? pick(random, ['text/plain', 'text/csv', 'application/x-ndjson', 'x/y']) : type,
  };
}

/** Percent-encoded; half a surrogate pair as the three bytes that it would be. */
function encode(text: string): string {
  return /\p{Surrogate}/u.test(text) ? '%ED%A0%80' : encodeURIComponent(text);
}

function bodyOf(schema: Schema, random: Random): string {
  const text = JSON.stringify(valueOf(schema, random, 0)) ?? '';
  const roll = random();
  if (roll < 0.03) return text.slice(0, below(random, text.length));
  if (roll < 0.05) return '['.repeat(20_000);
  return text;
}

function valueOf(schema: Schema, random: Random, depth: number): unknown {
  if (depth > 5 || random() < 0.15) return random() < 0.6 ? textOf(random) : pick(random, NASTY_VALUES);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return valueOf(pick(random, choices), random, depth);
  if (schema.enum) return pick(random, schema.enum);
  const type = Array.isArray(schema.type) ? pick(random, schema.type as string[]) : schema.type;
  switch (type) {
    case 'object':
      return objectOf(schema.properties ?? {}, random, depth);
    case 'array':
      return Array.from({ length: below(random, 4) }, () => valueOf(schema.items ?? {}, random, depth + 1));
    case 'boolean':
      return random() < 0.5;
    case 'number':
    case 'integer':
      return below(random, 100);
    default:
      return schema.format === 'date-time' ? '2026-03-10T12:00:00Z' : pick(random, ['1', 'shop', 'en', 'text', 'sms']);
  }
}

function objectOf(properties: Readonly<Record<string, Schema>>, random: Random, depth: number): object {
  const entries = Object.entries(properties)
    .filter(() => random() < 0.8)
    .map(([name, schema]) => [name, valueOf(schema, random, depth + 1)]);
  if (random() < 0.1) entries.push([textOf(random), textOf(random)]);
  return Object.fromEntries(entries) as object;
}

function textOf(random: Random): string {
  return pick(random, NASTY_TEXTS);
}
