import { asObject, type Json, text } from './read-values.js';

/**
 * Strict reading of one JSON object whose keys we define: every mistake becomes a sentence that says what is wrong, where,
 * and what to send instead. Read all known keys first, then call `finish` for the unknown ones.
 */
export class Fields {
  private readonly known: string[] = [];

  private constructor(
    private readonly object: Json,
    private readonly path: string,
    private readonly problems: string[],
    private readonly renamed: Readonly<Record<string, string>>,
  ) {}

  /** `path` is how messages name the object, '' for the outermost; `renamed` maps keys of other formats to ours. */
  static of(
    value: unknown,
    path: string,
    problems: string[],
    renamed: Readonly<Record<string, string>> = {},
  ): Fields | undefined {
    const object = asObject(value);
    if (!object) problems.push(`${path ? `"${path}"` : 'an event'} must be a JSON object, not ${kindOf(value)}`);
    return object && new Fields(object, path, problems, renamed);
  }

  /** The raw value; undefined also for null, so that both mean "not given". */
  value(key: string): unknown {
    this.known.push(key);
    return Object.hasOwn(this.object, key) ? (this.object[key] ?? undefined) : undefined;
  }

  /** Text cut to `max` UTF-16 units; empty text counts as not given. */
  text(key: string, max: number): string | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === 'string') return text(value, max);
    this.expect(key, 'text in quotes', value);
    return undefined;
  }

  /** Text or a number, as text: ids are both. */
  id(key: string, max: number): string | undefined {
    const value = this.value(key);
    if (typeof value === 'number') {
      // It has lost its last digits in JSON, so that it may be anybody's.
      if (Number.isInteger(value) && !Number.isSafeInteger(value))
        this.problems.push(`"${this.at(key)}" must be in quotes: numbers beyond 2^53 lose their last digits`);
      return String(value);
    }
    if (typeof value === 'string' && value !== '' && value.trim() === '')
      this.expect(key, 'text that is not blank', value);
    if (value === undefined || typeof value === 'string') return text(value, max);
    this.expect(key, 'text or a number', value);
    return undefined;
  }

  boolean(key: string): boolean | undefined {
    const value = this.value(key);
    if (value === undefined || typeof value === 'boolean') return value;
    this.expect(key, 'true or false', value);
    return undefined;
  }

  natural(key: string): number | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0x7fffffff) return value;
    this.expect(key, 'a whole number from 0 up', value);
    return undefined;
  }

  /** Notes that the value of `key` is not what is expected. */
  expect(key: string, expected: string, value: unknown): void {
    this.problems.push(`"${this.at(key)}" must be ${expected}, not ${kindOf(value)}`);
  }

  /** How messages name the value of `key`. */
  at(key: string): string {
    return this.path ? `${this.path}.${key}` : key;
  }

  /** Notes the first key that was not asked for. */
  finish(): void {
    for (const key in this.object) {
      if (this.known.includes(key)) continue;
      const ours = Object.hasOwn(this.renamed, key) ? this.renamed[key] : undefined;
      const advice = ours ? `use "${this.at(ours)}"` : `known keys are ${this.known.join(', ')}`;
      this.problems.push(`unknown key "${this.at(key.slice(0, 64))}"; ${advice}`);
      return;
    }
  }
}

/** A value's kind in words for messages; the value itself may be personal and is not repeated. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'a list';
  return { string: 'this text', number: 'a number', boolean: 'true or false' }[typeof value as string] ?? 'an object';
}
