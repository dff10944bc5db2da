import { isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { z } from 'zod';

/** A place in a YAML file: keys and, in lists, numbers from 0. */
export type Path = readonly PropertyKey[];

/** A part of a schema as JSON Schema describes it. */
interface Shape {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: Shape | boolean;
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
  readonly minimum?: number;
}

/** Longest part of a wrong value that is quoted. */
const QUOTED = 60;
/** Letters by which a word may differ from the one that was meant, by its length: a third of it, three at most. */
const MOST_TYPOS = 3;

/** One YAML file, with the place of everything in it, so that each problem says where it is, what stands there and what may. */
export class YamlFile {
  private readonly lines = new LineCounter();
  private readonly document;

  /** @param path its name in problems */
  constructor(
    readonly path: string,
    text: string,
  ) {
    this.document = parseDocument(text, { uniqueKeys: true, lineCounter: this.lines });
  }

  /** Everything that makes it no YAML. */
  get syntaxProblems(): string[] {
    return this.document.errors.map(({ message, pos }) => `${this.place(pos[0])}: ${message.split('\n')[0]}`);
  }

  /** Parsed content; an empty file holds an empty map. */
  get value(): unknown {
    return (this.document.toJS() as unknown) ?? {};
  }

  /** True if it is YAML, and a map or empty. */
  get holdsMap(): boolean {
    const { errors, contents } = this.document;
    return (
      errors.length === 0 && (contents === null || isMap(contents) || (isScalar(contents) && contents.value === null))
    );
  }

  /** Reads it by a schema; every problem goes into `problems`. */
  read<T extends z.ZodType>(schema: T, problems: string[]): z.output<T> | undefined {
    problems.push(...this.syntaxProblems);
    if (this.document.errors.length > 0) return undefined;
    const parsed = schema.safeParse(this.value);
    if (parsed.success) return parsed.data;
    const shape = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Shape;
    problems.push(...parsed.error.issues.flatMap((issue) => this.problemsOf(issue, shape)));
    return undefined;
  }

  /**
   * A problem with a value that is there, or with a map that lacks it.
   * @param known words that may stand there, of which the nearest is offered
   */
  problem(path: Path, words: string, known: readonly string[] = []): string {
    const wrong = this.document.getIn(path);
    const meant = typeof wrong === 'string' ? nearest(wrong, known) : undefined;
    const hint = meant === undefined ? '' : `; did you mean ${JSON.stringify(meant)}?`;
    return `${this.placeOf(path)}: ${pathText(path)}: ${words}${hint}`;
  }

  private problemsOf(issue: z.core.$ZodIssue, shape: Shape): string[] {
    if (issue.code === 'unrecognized_keys') {
      const known = Object.keys(shapesAt(shape, issue.path).reduce((all, one) => ({ ...all, ...one.properties }), {}));
      return issue.keys.map((key) => this.unknownKey(issue.path, key, known));
    }
    if (issue.code === 'invalid_union') {
      const inner = this.innerProblems(issue, shape);
      if (inner.length > 0) return inner;
    }
    const expected = shapesAt(shape, issue.path);
    const known = expected.flatMap(wordsOf);
    const isKind = ['invalid_type', 'invalid_value', 'invalid_union'].includes(issue.code);
    if (issue.code === 'custom' && issue.params?.['secret'] === true) return [this.problem(issue.path, issue.message)];
    const wrong = this.document.getIn(issue.path);
    if (!isKind) return [this.problem(issue.path, withValue(wordsOfIssue(issue), wrong), known)];
    const may = [...new Set(expected.map(describe))].join(' | ') || 'something else';
    const words = wrong === undefined ? `is missing; it must be ${may}` : `${quoted(plain(wrong))} must be ${may}`;
    return [this.problem(issue.path, words, known)];
  }

  /** Problems of the one form of a union that somebody meant, judged by whether they wrote a map, a list or a word. */
  private innerProblems(issue: z.core.$ZodIssueInvalidUnion, shape: Shape): string[] {
    for (const inner of issue.errors) {
      const isForm = inner.every(({ code, path }) => path.length > 0 || code === 'unrecognized_keys');
      if (isForm) return inner.flatMap((one) => this.problemsOf({ ...one, path: [...issue.path, ...one.path] }, shape));
    }
    return [];
  }

  private unknownKey(path: Path, key: string, known: readonly string[]): string {
    const above = path.length === 0 ? this.document.contents : this.document.getIn(path, true);
    const pair = isMap(above) ? above.items.find((one) => isScalar(one.key) && one.key.value === key) : undefined;
    const offset = (pair?.key as Node | undefined)?.range?.[0];
    const meant = nearest(key, known);
    const hint = meant === undefined ? `; there are ${known.join(', ')}` : `; did you mean ${JSON.stringify(meant)}?`;
    return `${this.place(offset)}: ${pathText([...path, key])}: there is no such key${hint}`;
  }

  private placeOf(path: Path): string {
    for (let length = path.length; length > 0; length--) {
      const node = this.document.getIn(path.slice(0, length), true) as Node | undefined;
      if (node?.range) return this.place(node.range[0]);
    }
    return this.place(undefined);
  }

  private place(offset: number | undefined): string {
    if (offset === undefined) return this.path;
    const { line, col } = this.lines.linePos(offset);
    return `${this.path}:${line}:${col}`;
  }
}

/** The known word that differs least from a wrong one, if it differs by little. */
export function nearest(wrong: string, known: readonly string[]): string | undefined {
  const most = Math.min(MOST_TYPOS, Math.max(1, Math.floor(wrong.length / 3)));
  const close = known
    .map((word) => ({ word, typos: distance(wrong.toLowerCase(), word.toLowerCase()) }))
    .filter(({ typos }) => typos <= most)
    .sort((a, b) => a.typos - b.typos);
  return close[0]?.word;
}

/** Letters to add, drop, change or swap with the next one (optimal string alignment). */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const above = rows[i - 1] ?? [];
      const change = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (rows[i - 2]?.[j - 2] ?? Infinity) + 1 : Infinity;
      row.push(Math.min(change, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, swap));
    }
    rows.push(row);
  }
  return rows[a.length]?.[b.length] ?? 0;
}

/** Every shape that may stand at a place. */
function shapesAt(shape: Shape, path: Path): Shape[] {
  let here = forms(shape);
  for (const key of path) {
    here = here.flatMap(({ items, properties, additionalProperties }) => {
      const below = typeof key === 'number' ? items : properties?.[String(key)];
      const other = typeof additionalProperties === 'object' ? additionalProperties : undefined;
      return [below ?? other].flatMap((one) => (one ? forms(one) : []));
    });
  }
  return here;
}

function forms(shape: Shape): Shape[] {
  return shape.anyOf ? shape.anyOf.flatMap(forms) : [shape];
}

function wordsOf(shape: Shape): string[] {
  const words = shape.enum ?? (shape.const === undefined ? [] : [shape.const]);
  return words.filter((one) => typeof one === 'string');
}

function describe(shape: Shape): string {
  const words = shape.enum ?? (shape.const === undefined ? undefined : [shape.const]);
  if (words) return words.join(' | ');
  if (shape.type === 'object')
    return shape.properties ? `a section with ${Object.keys(shape.properties).join(', ')}` : 'a section';
  if (shape.type === 'array')
    return `a list of ${shape.items ? forms(shape.items).map(describe).join(' | ') : 'values'}`;
  if (shape.type === 'integer')
    return shape.minimum === undefined ? 'a whole number' : `a whole number from ${shape.minimum}`;
  if (shape.description !== undefined) return shape.description;
  const names: Readonly<Record<string, string>> = { string: 'a text', number: 'a number', boolean: 'true | false' };
  return names[shape.type ?? ''] ?? 'something else';
}

/** Says what is wrong in our words where the schema has none of its own, as for numbers and lists of a wrong size. */
function wordsOfIssue(issue: z.core.$ZodIssue): string {
  const { code, message } = issue;
  if (code !== 'too_small' && code !== 'too_big') return message;
  const [bound, number] = code === 'too_small' ? ['at least', issue.minimum] : ['at most', issue.maximum];
  const more = issue.inclusive === false ? ' and not that itself' : '';
  switch (issue.origin) {
    case 'string':
      return `must have ${bound} ${number} ${number === 1 ? 'character' : 'characters'}`;
    case 'array':
    case 'set':
      return `must have ${bound} ${number} ${number === 1 ? 'entry' : 'entries'}`;
    default:
      return `must be ${bound} ${number}${more}`;
  }
}

function withValue(message: string, wrong: unknown): string {
  const value = plain(wrong);
  const isShown =
    value === undefined || typeof value === 'object' || message.includes(quoted(value).replaceAll('"', ''));
  return isShown ? message : `${quoted(value)} ${message}`;
}

function plain(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'toJSON' in value
    ? (value as { toJSON(): unknown }).toJSON()
    : value;
}

function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text;
}

function pathText(path: Path): string {
  return path.map(String).join('.') || '(top level)';
}
