import { type Channel, CHANNELS, type CustomerEntry, type ConsentWord, type Purpose, PURPOSES } from '../customer.js';
import {
  type Cell,
  readAccount,
  readEmail,
  readLocale,
  readName,
  readPast,
  readPhone,
  readText,
  readTimeZone,
  readYesNo,
} from './cells.js';
import { fieldOf, type HeadingMap, LEFT_OUT } from './headings.js';

/** One customer of an import, as far as it could be read. */
export interface ImportRow {
  /** Counts from 1 as in an editor; of a record of several lines the last. */
  readonly line: number;
  readonly externalId: string;
  readonly entry: CustomerEntry;
}

/** Fault of a cell, or of a whole line when `field` is undefined. */
export interface Mistake {
  readonly line: number;
  readonly field?: string;
  readonly problem: string;
}

/** How cells are read. */
export interface ReadingOptions {
  readonly map: HeadingMap;
  /** ISO 3166 code of the country whose phone numbers are written without their code. */
  readonly country?: string;
  readonly now: Date;
}

/** A record as a file gives it: the field of each cell, and what is in it. */
export type RawCells = readonly (readonly [field: string, value: unknown])[];

/** A JSON object as cells; nested ones by dotted keys. */
export function cellsOfJson(value: Readonly<Record<string, unknown>>, map: HeadingMap): RawCells {
  return Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
    const nested = isObject(inner) ? inner : undefined;
    if (key === 'attributes' && nested) return Object.entries(nested).map(([name, one]) => [`attributes.${name}`, one]);
    if (key === 'consent' && nested)
      return Object.entries(nested).flatMap(([channel, word]) => consentCells(channel, word));
    return [[fieldOf(key, map) ?? key, inner]];
  });
}

/** Columns of words; messages about the service are meant where a column names no purpose. Each may have one with its date, `…At`. */
const CONSENT_FIELDS: ReadonlyMap<string, { readonly channel: Channel; readonly purpose: Purpose }> = new Map(
  CHANNELS.flatMap((channel) => PURPOSES.map((purpose) => [consentField(channel, purpose), { channel, purpose }])),
);

function consentField(channel: string, purpose: Purpose): string {
  const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
  return `consent${capital(channel)}${purpose === 'service' ? '' : capital(purpose)}`;
}

function consentCells(channel: string, word: unknown, purpose: Purpose = 'service'): [string, unknown][] {
  const field = CHANNELS.some((one) => one === channel) ? consentField(channel, purpose) : `consent.${channel}`;
  if (!isObject(word)) return [[field, word]];
  const purposes = PURPOSES.filter((one) => one in word);
  if (purposes.length > 0) return purposes.flatMap((one) => consentCells(channel, word[one], one));
  return [
    [field, word['granted']],
    [`${field}At`, word['at']],
  ];
}

/** Reads a record: a bad cell loses that cell and is named; without an id the whole record is lost. */
export function readRow(
  line: number,
  cells: RawCells,
  options: ReadingOptions,
): { row?: ImportRow; mistakes: Mistake[] } {
  const mistakes: Mistake[] = [];
  const values = new Map<string, unknown>();
  for (const [field, raw] of cells) {
    if (field === LEFT_OUT || raw === undefined || (typeof raw === 'string' && raw.trim() === '')) continue;
    const cell = readCell(field, raw, options);
    if ('problem' in cell) mistakes.push({ line, field, problem: said(raw, cell.problem) });
    else values.set(field, cell.value);
  }
  const externalId = values.get('externalId');
  if (typeof externalId === 'string') return { row: { line, externalId, entry: entryOf(values) }, mistakes };
  const why =
    mistakes.find((one) => one.field === 'externalId')?.problem ??
    'is missing; without the id nobody knows whose line it is';
  return { mistakes: [{ line, problem: `externalId: ${why}` }] };
}

function said(raw: unknown, problem: string): string {
  return typeof raw === 'string' && /^[\p{L}\p{N}/ ._-]{1,30}$/u.test(raw) && problem.includes('write it like')
    ? `"${raw}" ${problem}`
    : problem;
}

function readCell(field: string, raw: unknown, { country, now }: ReadingOptions): Cell<unknown> {
  if (field.startsWith('attributes.')) return readAttribute(field.slice(11), raw);
  switch (field) {
    case 'externalId':
      return readName(typeof raw === 'number' ? String(raw) : textOf(raw));
    case 'name':
      return nullable(raw, readText);
    case 'locale':
      return nullable(raw, readLocale);
    case 'timeZone':
      return nullable(raw, readTimeZone);
    case 'email':
      return nullable(raw, readEmail);
    case 'phone':
      return nullable(typeof raw === 'number' ? String(raw) : raw, (text) => readPhone(text, country));
    case 'account':
      return nullable(typeof raw === 'number' ? String(raw) : raw, readAccount);
    case 'accountContact':
      return readFlag(raw);
    case 'usernames':
      return readNames(raw, 20);
    case 'devices':
      return readNames(raw, 50);
    default:
      if (CONSENT_FIELDS.has(field)) return readFlag(raw);
      if (field.endsWith('At') && CONSENT_FIELDS.has(field.slice(0, -2))) return readPast(textOf(raw), now);
      return { problem: 'is a key that nobody knows; attributes go under "attributes"' };
  }
}

function readFlag(raw: unknown): Cell<boolean> {
  return typeof raw === 'boolean' ? { value: raw } : readYesNo(typeof raw === 'number' ? String(raw) : textOf(raw));
}

function nullable<T>(raw: unknown, read: (text: string) => Cell<T>): Cell<T | null> {
  if (raw === null) return { value: null };
  return typeof raw === 'string' ? read(raw) : { problem: 'is not a text' };
}

function textOf(raw: unknown): string {
  return typeof raw === 'string' ? raw : '';
}

function readAttribute(name: string, raw: unknown): Cell<string | number | boolean | null> {
  const key = readText(name);
  if ('problem' in key) return key;
  if (raw === null || typeof raw === 'boolean' || (typeof raw === 'number' && Number.isFinite(raw)))
    return { value: raw };
  return typeof raw === 'string' ? readText(raw) : { problem: 'is neither a text nor a number nor true or false' };
}

function readNames(raw: unknown, most: number): Cell<string[]> {
  const list: readonly unknown[] = Array.isArray(raw)
    ? raw
    : textOf(raw)
        .split(/[,;|]/)
        .filter((one) => one.trim() !== '');
  if (list.length > most) return { problem: `are more than ${most}` };
  const names = list.map((one) => readName(textOf(one)));
  const wrong = names.find((one) => 'problem' in one);
  return wrong ?? { value: names.flatMap((one) => ('value' in one ? [one.value] : [])) };
}

function entryOf(values: ReadonlyMap<string, unknown>): CustomerEntry {
  const entry: Record<string, unknown> = {};
  const attributes: Record<string, unknown> = {};
  for (const [field, value] of values) {
    if (field.startsWith('attributes.')) attributes[field.slice(11)] = value;
    else if (!field.startsWith('consent') && field !== 'externalId') entry[field] = value;
  }
  const consent: ConsentWord[] = [];
  for (const [field, about] of CONSENT_FIELDS) {
    const granted = values.get(field);
    const at = values.get(`${field}At`);
    if (typeof granted === 'boolean') consent.push({ ...about, granted, ...(at instanceof Date && { at }) });
  }
  if (consent.length > 0) entry['consent'] = consent;
  if (Object.keys(attributes).length > 0) entry['attributes'] = attributes;
  return entry;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
