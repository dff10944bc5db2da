import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { type Readable } from 'node:stream';
import { eventsOfEnvelope, looksLikeSentryEvent } from '../events/sentry-payload.js';
import { type GroupRecord } from '../grouping/grouper.js';

/** A record, or a problem that says where, what and what to do. */
export type GroupInput = { readonly record: GroupRecord } | { readonly problem: string };

/** Files that hold plain lines by their name; any other file is looked into. */
const PLAIN = new Set(['.log', '.txt', '.out', '.err']);
/** Files in a folder that are read; others there are passed over. */
const IN_FOLDERS = new Set(['.json', '.jsonl', '.ndjson', '.envelope', ...PLAIN]);

/** Reads JSON lines, or plain lines when `plain` is true, whose ids are their line numbers. Blank lines are passed over. */
export async function* readLines(input: Readable, plain: boolean, name = ''): AsyncGenerator<GroupInput> {
  const prefix = name === '' ? '' : `${name}:`;
  let number = 0;
  for await (const raw of createInterface({ input, crlfDelay: Infinity })) {
    number++;
    const line = number === 1 ? raw.replace(/^\uFEFF/, '') : raw;
    if (line.trim() === '') continue;
    if (plain) yield { record: { id: prefix === '' ? number : `${prefix}${number}`, content: line } };
    else yield readJsonLine(line, `${prefix === '' ? 'line ' : prefix}${number}`);
  }
}

/** Reads a file by what it holds, or every file of a folder and of the folders in it, in the order of their names. */
export async function* readPath(path: string): AsyncGenerator<GroupInput> {
  if (!(await stat(path)).isDirectory()) {
    yield* readOneFile(path, '');
    return;
  }
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && IN_FOLDERS.has(extname(entry.name)));
  const names = files.map((entry) => relative(path, join(entry.parentPath, entry.name))).sort();
  if (names.length === 0) {
    yield {
      problem: `${path}: no file with one of the endings ${[...IN_FOLDERS].join(' ')}; give another folder or a file`,
    };
  }
  for (const name of names) yield* readOneFile(join(path, name), name);
}

async function* readOneFile(path: string, name: string): AsyncGenerator<GroupInput> {
  const ending = extname(path);
  if (ending === '.json') yield* readEventFile(await readFile(path, 'utf8'), name === '' ? path : name);
  else if (ending === '.envelope') yield* readEnvelope(await readFile(path), name === '' ? path : name);
  else yield* readLines(createReadStream(path), PLAIN.has(ending) || !(await startsWithBrace(path)), name);
}

async function startsWithBrace(path: string): Promise<boolean> {
  for await (const chunk of createReadStream(path, { end: 64, encoding: 'utf8' }))
    return (chunk as string).trimStart().startsWith('{');
  return false;
}

/** An event, or a list of events, in one JSON file. An envelope that is called .json is read as such. */
function* readEventFile(text: string, name: string): Generator<GroupInput> {
  const value = parseJson(text);
  if (Array.isArray(value)) {
    for (const [index, one] of value.entries()) yield recordOf(one, `${name}[${index}]`, `${name}[${index}]`);
  } else if (value !== undefined) yield recordOf(value, name, name);
  else yield* readEnvelope(Buffer.from(text), name);
}

function* readEnvelope(body: Buffer, name: string): Generator<GroupInput> {
  const envelope = eventsOfEnvelope(body);
  if (!envelope.ok) {
    yield {
      problem: `${name}: neither JSON nor a Sentry envelope (${envelope.reason}); save one event or envelope to a file`,
    };
    return;
  }
  const { texts } = envelope;
  for (const [index, text] of texts.entries()) {
    yield recordOf(parseJson(text), texts.length === 1 ? name : `${name}[${index}]`, name);
  }
}

function readJsonLine(line: string, where: string): GroupInput {
  const value = parseJson(line);
  if (value === undefined) {
    return { problem: `${where}: not valid JSON; write one object per line, or use --lines for plain text` };
  }
  return recordOf(value, undefined, where);
}

/** Reads `{"id","content"}`, `{"id","event"}`, or a bare event, whose id is `fallbackId` or its own event_id. */
function recordOf(value: unknown, fallbackId: string | undefined, where: string): GroupInput {
  if (!isObject(value))
    return { problem: `${where}: ${kind(value)} where an object with "id" and "content" or "event" belongs` };
  const bare = value.content === undefined && value.event === undefined;
  if (bare && !looksLikeSentryEvent(value)) {
    return { problem: `${where}: has neither "content" (a text) nor "event" (a Sentry-shaped event)` };
  }
  const id = (bare ? undefined : value.id) ?? fallbackId ?? (bare ? value.event_id : undefined);
  if (typeof id !== 'string' && typeof id !== 'number') {
    return { problem: `${where}: "id" is ${kind(id)}; give every line an id, text or number` };
  }
  if (bare) return { record: { id, event: value } };
  const hasProject = typeof value.project === 'string' || typeof value.project === 'number';
  const project = hasProject ? String(value.project) : undefined;
  if (typeof value.content === 'string') return { record: { id, project, content: value.content } };
  if (isObject(value.event)) return { record: { id, project, event: value.event } };
  const [field, expected] = value.event === undefined ? ['content', 'a text'] : ['event', 'an object'];
  return { problem: `${where}: "${field}" is ${kind(value[field])}, it must be ${expected}` };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kind(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
