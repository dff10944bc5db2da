import { type AppEvent, type EventUser, type ExceptionValue, type Frame } from './event.js';
import { asList, asObject, type Json, text } from './reading/read-values.js';
import { HIDDEN, HIDDEN_USER, isCard, scrubString } from './scrub/scrub-text.js';
import { KeyRules } from './scrub/secret-keys.js';

/** Settings of an operator; keys are compared without case, dashes and underscores. */
export interface ScrubOptions {
  /** More keys whose values are hidden. */
  readonly hideKeys?: readonly string[];
  /** Keys whose values are kept although their names look secret. */
  readonly keepKeys?: readonly string[];
  /** More patterns that are hidden in texts; they need the `g` flag and are the operator's to keep linear. */
  readonly hidePatterns?: readonly RegExp[];
}

/** Deepest nesting kept of a payload, levels; Sentry's own events need about ten. */
const MAX_DEPTH = 20;
/** Most values kept of a payload; real events have some hundred to some thousand. */
const MAX_VALUES = 20_000;
/** Longest string kept, UTF-16 units. */
const MAX_STRING = 16_384;
/** Most text kept of a payload in all, UTF-16 units, so that payloads that are blown up fill no disk. */
const MAX_TEXT = 256 * 1024;
const MAX_KEY = 200;
/** Shape of a name; a list of two texts that begins with one may be a pair. */
const NAME = /^[\w.-]{1,64}$/;
const LOOKS_LIKE_JSON = /^\s*(?:\{[\s\S]*\}|\[[\s\S]*\])\s*$/;
/** Where log records keep their template, and keys of what is filled into one (Sentry structured logs and `logentry`). */
const LOG_TEMPLATE = 'sentry.message.template';
const PARAMETERS = /^(?:params|sentry\.message\.parameter\..*)$/;
/** Keys of a user beside those by which customers are known. */
const USER_NAMES = [
  'name',
  'full_name',
  'fullName',
  'first_name',
  'firstName',
  'last_name',
  'lastName',
  'display_name',
  'displayName',
];
const TRIMMED = '[trimmed]';
/** Shortest of the user's values looked for inside texts: shorter ones are in every text. */
const MIN_KNOWN = 3;

/** Keys whose texts are names from code or of ours; a user called "error" must not blank them. */
const NAMES = new Set(
  'type level platform function module filename abs_path package category event_id release environment status'.split(
    ' ',
  ),
);

/** Takes secrets and the customer's identity out of what is stored. Make one for a configuration and share it. */
export class Scrubber {
  private readonly keys: KeyRules;
  private readonly patterns: readonly RegExp[];

  constructor(options: ScrubOptions = {}) {
    this.keys = new KeyRules(options.hideKeys ?? [], options.keepKeys ?? []);
    this.patterns = options.hidePatterns ?? [];
  }

  /** A text without secrets, people's addresses and the values of the given user; storable in PostgreSQL. */
  text(value: string, user?: EventUser): string {
    return this.string(value, knownValues(user));
  }

  /**
   * A copy of a payload without secrets and without the customer's identity, whose own columns hold it: no user object, no
   * addresses, none of the user's values. Bounded in depth, values and string length; never throws on a JSON value. Keys
   * that reach for prototypes are left out.
   */
  payload(raw: Json, user?: EventUser): Json {
    const known = [...knownValues(user), ...namesOf(raw.user)];
    const state: State = { known, left: MAX_VALUES, text: MAX_TEXT };
    const out: Json = {};
    for (const key in raw) {
      if (key === '__proto__' || key === 'user') continue;
      // The names of installed packages look like secrets ("cookie", "js-tokens") and are none.
      const isNames = key === 'modules';
      out[this.key(key, known)] = isNames ? boundedNames(raw[key]) : this.member(key, raw[key], state, 1);
    }
    return out;
  }

  /** The event with its texts for people, its tags and its own fingerprint scrubbed; `user` and names from code stay. */
  event(event: AppEvent): AppEvent {
    const known = knownValues(event.user);
    const scrub = (value: string | undefined): string | undefined => value && this.string(value, known);
    return {
      ...event,
      message: scrub(event.message),
      messageTemplate: scrub(event.messageTemplate),
      transaction: scrub(event.transaction),
      service: scrub(event.service),
      fingerprint: event.fingerprint?.map((part) => this.string(part, known)),
      exceptions: event.exceptions.map((exception) => this.exception(exception, known)),
      stack: event.stack && this.frames(event.stack, known),
      tags: this.tags(event.tags, known),
    };
  }

  private exception(exception: ExceptionValue, known: readonly string[]): ExceptionValue {
    const value = exception.value && this.string(exception.value, known);
    const frames = this.frames(exception.frames, known);
    return value === exception.value && frames === exception.frames ? exception : { ...exception, value, frames };
  }

  /** Frames with their source lines scrubbed; the list itself where nothing had to be hidden. */
  private frames(frames: readonly Frame[], known: readonly string[]): readonly Frame[] {
    let out: Frame[] | undefined;
    frames.forEach((frame, i) => {
      const contextLine = frame.contextLine && this.string(frame.contextLine, known);
      if (contextLine === frame.contextLine) return;
      out ??= [...frames];
      out[i] = { ...frame, contextLine };
    });
    return out ?? frames;
  }

  private tags(tags: Readonly<Record<string, string>>, known: readonly string[]): Record<string, string> {
    const out: Record<string, string> = {};
    for (const key in tags) {
      const verdict = this.keys.of(key);
      out[this.key(key, known)] = verdict ? mark(verdict) : this.string(tags[key] ?? '', known);
    }
    return out;
  }

  private member(key: string, value: unknown, state: State, depth: number): unknown {
    const verdict = this.keys.of(key) ?? (/^(?:end)?user\./.test(key) ? 'identity' : undefined);
    if (
      verdict &&
      value !== null &&
      typeof value !== 'boolean' &&
      !(verdict === 'hideText' && typeof value === 'number')
    ) {
      return mark(verdict);
    }
    state.text -= key.length;
    if (typeof value === 'string' && NAMES.has(key)) return this.kept(value, [], state);
    return this.value(value, state, depth);
  }

  private value(value: unknown, state: State, depth: number): unknown {
    if (--state.left < 0) return TRIMMED;
    if (typeof value === 'string') return this.kept(value, state.known, state, depth);
    if (typeof value === 'number') return this.number(value, state);
    if (typeof value !== 'object' || value === null) return value;
    if (depth >= MAX_DEPTH) return TRIMMED;
    const list = asList(value);
    return list ? this.list(list, state, depth) : this.object(value as Json, state, depth);
  }

  /** A text as it is kept, while there is room for it. */
  private kept(value: string, known: readonly string[], state: State, depth = MAX_DEPTH): string {
    state.text -= Math.min(value.length, MAX_STRING);
    if (state.text < 0) return TRIMMED;
    const json = depth < MAX_DEPTH ? this.json(value, state, depth) : undefined;
    return json ?? this.string(value, known);
  }

  private list(list: readonly unknown[], state: State, depth: number): unknown[] {
    const [key, value] = list;
    // Headers, cookies and tags are also sent as pairs; a text of several words is no name.
    if (list.length === 2 && typeof key === 'string' && NAME.test(key) && this.keys.of(key)) {
      return [this.key(key, state.known), this.member(key, value, state, depth + 1)];
    }
    const out: unknown[] = [];
    for (let i = 0; i < list.length && state.left > 0; i++) out.push(this.value(list[i], state, depth + 1));
    return out;
  }

  private object(object: Json, state: State, depth: number): Json {
    const out: Json = {};
    const name = text(object.key, 64) ?? text(object.name, 64);
    const fillsSecret = this.fillsSecret(object, state.known);
    for (const key in object) {
      if (state.left <= 0) break;
      if (key === '__proto__') continue;
      // `{"key": "password", "value": "…"}`: the name stands beside the value.
      const isNamed = key === 'value' && name !== undefined && this.keys.of(name) !== undefined;
      out[this.key(key, state.known)] =
        fillsSecret && PARAMETERS.test(key) ? HIDDEN : this.member(isNamed ? name : key, object[key], state, depth + 1);
    }
    return out;
  }

  /** True where an object holds a template for texts with a secret in it ("password=%s"): what is filled in is the secret. */
  private fillsSecret(object: Json, known: readonly string[]): boolean {
    const logged = object[LOG_TEMPLATE];
    const given =
      text(object.params && object.message, MAX_STRING) ?? text(asObject(logged)?.value ?? logged, MAX_STRING);
    const template = given?.replace(/\{[\w.]{0,64}\}/g, '%s');
    return template !== undefined && this.string(template, known) !== template;
  }

  /** JSON within a text is scrubbed as what it is; undefined where it is none or nothing had to be hidden. */
  private json(value: string, state: State, depth: number): string | undefined {
    if (value.length > MAX_STRING || !LOOKS_LIKE_JSON.test(value)) return undefined;
    let parsed: unknown;
    let before: string;
    try {
      parsed = JSON.parse(value);
      before = JSON.stringify(parsed);
    } catch {
      return undefined; // it is a text like any other, or nested too deep for the engine
    }
    const after = JSON.stringify(this.value(parsed, state, depth + 1));
    return after === before ? undefined : after;
  }

  private number(value: number, { known }: State): unknown {
    const digits = String(value);
    return known.includes(digits) ? HIDDEN_USER : isCard(digits) ? HIDDEN : value;
  }

  /** Names of keys are code as a rule, so only what is no plain word is looked for in them. */
  private key(key: string, known: readonly string[]): string {
    const clean = cleanKey(key);
    if (/^[A-Za-z_-]*$/.test(clean)) return clean;
    return this.string(
      clean,
      known.filter((one) => !/^[A-Za-z_-]*$/.test(one)),
    );
  }

  private string(value: string, known: readonly string[]): string {
    let out = text(value, MAX_STRING) ?? '';
    for (const one of known) out = withoutWord(out, one);
    return scrubString(out, this.keys, this.patterns);
  }
}

interface State {
  readonly known: readonly string[];
  /** Values and text that may still be kept. */
  left: number;
  text: number;
}

function mark(verdict: 'hide' | 'hideText' | 'identity'): string {
  return verdict === 'identity' ? HIDDEN_USER : HIDDEN;
}

function knownValues(user: EventUser | undefined): readonly string[] {
  if (!user) return [];
  const values = [user.id, user.email, user.phone, user.username, user.ipAddress, user.name];
  return values.flatMap(knownForms);
}

/** A value of the user as texts may have it: as it is, and as addresses encode it. */
function knownForms(value: string | undefined): string[] {
  if (value === undefined || value.length < MIN_KNOWN) return [];
  const encoded = encodeURIComponent(value.replace(/\p{Surrogate}/gu, ''));
  return encoded === value ? [value] : [value, encoded];
}

function namesOf(user: unknown): string[] {
  const object = asObject(user);
  return object ? USER_NAMES.flatMap((key) => knownForms(text(object[key], 200))) : [];
}

/** The text with every whole-word occurrence of `word` replaced. */
function withoutWord(value: string, word: string): string {
  let at = value.indexOf(word);
  if (at < 0) return value;
  let out = '';
  let from = 0;
  for (; at >= 0; at = value.indexOf(word, at + word.length)) {
    if (isWordAt(value, at - 1) || isWordAt(value, at + word.length)) continue;
    out += value.slice(from, at) + HIDDEN_USER;
    from = at + word.length;
  }
  return out + value.slice(from);
}

function isWordAt(value: string, at: number): boolean {
  const code = value.charCodeAt(at);
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}

function cleanKey(key: string): string {
  return text(key, MAX_KEY) ?? '';
}

function boundedNames(value: unknown): Json {
  const out: Json = {};
  const names = asObject(value);
  let left = 1000;
  for (const key in names) {
    if (left-- <= 0 || key === '__proto__') continue;
    out[cleanKey(key)] = text(names[key], 128);
  }
  return out;
}
