import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Visit, visits } from './visits.js';

/** A kind of load: how many different faults and customers it has, and over how many connections it comes. */
export interface LoadKind {
  readonly name: 'manyFaults' | 'oneFault' | 'storm' | 'newFaults' | 'mixed';
  /** Sessions and transactions that come beside each error; none if left out. */
  readonly beside?: 10;
  readonly faults: number;
  readonly customers: number;
  readonly connections: number;
}

/**
 * A storm is what an outage looks like: one fault, everybody hit, every server sending at once. New faults are what the worst
 * release looks like: every request fails in a way of its own. Mixed is an app on a good day: ten times as much comes of what works.
 */
export const KINDS: readonly LoadKind[] = [
  { name: 'manyFaults', faults: 2000, customers: 50_000, connections: 256 },
  { name: 'oneFault', faults: 1, customers: 50_000, connections: 256 },
  { name: 'storm', faults: 1, customers: 500_000, connections: 256 },
  { name: 'newFaults', faults: 18_000, customers: 50_000, connections: 256 },
  { name: 'mixed', beside: 10, faults: 2000, customers: 50_000, connections: 256 },
];

/** Marks in a template body, as long as what replaces them. */
const EVENT_ID = 'e'.repeat(32);
const USER = 'customer-0000000';
const FAULT = 'chargeQQQQQQ';
/** gzip bodies cannot be patched, so this many of each are made, in mixed loads of all together, before the clock starts; past that they are made as they are needed. */
const PACKED = 20_000;

interface Template {
  readonly path: (project: string, key: string) => string;
  readonly headers: string;
  readonly body: Buffer;
  readonly gzip: boolean;
}

/** A template as one app sends it. */
interface Source extends Template {
  readonly nth: number;
  /** Where the marks stand in the body. */
  readonly marks: Readonly<Record<'eventId' | 'user' | 'fault', readonly number[]>>;
  /** Bodies made so far. */
  made: number;
  readonly packed: Buffer[];
  /** The request up to its body; made when the first is sent. */
  head?: Buffer;
}

/** Makes requests from captured envelopes, each with an event id, a customer and a fault of its own. */
export class Bodies {
  /** Errors; each is sent as often as the next. */
  private readonly sources: Source[];
  /** Errors with what comes beside them, in the order in which all is sent. */
  private readonly turn: Source[];
  private made = 0;
  private sent = 0;

  constructor(
    captures: string,
    private readonly kind: LoadKind,
    private readonly run: string,
  ) {
    this.sources = readTemplates(captures).map(sourceOf);
    const rounds = kind.beside ? visits(captures, { eventId: EVENT_ID, user: USER }) : [];
    const beside = rounds.map((round) => round.map((visit, nth) => sourceOf(templateOf(visit), nth)));
    this.turn = this.sources.flatMap((source, nth) => [source, ...(beside[nth % beside.length] ?? [])]);
    const packed = [...new Set(this.turn)].filter(({ gzip }) => gzip);
    for (const source of packed)
      for (let n = 0; n < (kind.beside ? PACKED / packed.length : PACKED); n++) source.packed.push(this.pack(source));
  }

  /** The next request as bytes on the wire. */
  next(project: string, key: string): Buffer {
    const source = this.turn[this.sent++ % this.turn.length]!;
    if (source.gzip) {
      const body = source.packed.pop() ?? this.pack(source);
      return Buffer.concat([headOf(source, project, key, body.length), body]);
    }
    source.head ??= headOf(source, project, key, source.body.length);
    const request = Buffer.allocUnsafe(source.head.length + source.body.length);
    request.set(source.head);
    this.fill(request, source.head.length, source);
    return request;
  }

  private pack(source: Source): Buffer {
    const body = Buffer.allocUnsafe(source.body.length);
    this.fill(body, 0, source);
    return gzipSync(body, { level: 1 });
  }

  /** Writes the next body at a place in a buffer. */
  private fill(into: Buffer, at: number, source: Source): void {
    const n = this.made++;
    into.set(source.body, at);
    const put = (places: readonly number[], value: string) => {
      for (const place of places) into.write(value, at + place, 'latin1');
    };
    put(source.marks.eventId, (this.run + n.toString(16)).padStart(32, '0').slice(-32));
    put(source.marks.user, `customer-${String((n * 7919) % this.kind.customers).padStart(7, '0')}`);
    put(source.marks.fault, `charge${letters(this.faultOf(source))}`);
  }

  /** Each fault is of one app: were it sent by all, there would be that many times as many. */
  private faultOf(source: Source): number {
    const ofApp = Math.max(1, Math.floor(this.kind.faults / this.sources.length));
    return (((source.made++ * 31) % ofApp) * this.sources.length + source.nth) % this.kind.faults;
  }
}

function sourceOf(template: Template, nth: number): Source {
  const marks = {
    eventId: placesOf(EVENT_ID, template.body),
    user: placesOf(USER, template.body),
    fault: placesOf(FAULT, template.body),
  };
  return { ...template, nth, marks, made: 0, packed: [] };
}

function templateOf({ body, gzip }: Visit): Template {
  return {
    body,
    gzip,
    headers: 'content-type: application/x-sentry-envelope\r\n',
    path: (project, key) => `/api/${project}/envelope/?sentry_version=7&sentry_key=${key}`,
  };
}

function headOf({ path, headers, gzip }: Template, project: string, key: string, length: number): Buffer {
  const encoding = gzip ? 'content-encoding: gzip\r\n' : '';
  return Buffer.from(
    `POST ${path(project, key)} HTTP/1.1\r\nhost: localhost\r\n${headers}${encoding}content-length: ${length}\r\n\r\n`,
    'latin1',
  );
}

/** Six letters, since digits in names are taken for build numbers. */
function letters(n: number): string {
  let text = '';
  for (let i = 0; i < 6; i++, n = Math.floor(n / 20)) text = 'BCDFGHJKLMNPQRSTVWXZ'[n % 20]! + text;
  return text;
}

function placesOf(mark: string, body: Buffer): number[] {
  const places: number[] = [];
  for (let at = body.indexOf(mark); at >= 0; at = body.indexOf(mark, at + mark.length)) places.push(at);
  return places;
}

/** The captured requests that hold an error event with a stack. */
function readTemplates(captures: string): Template[] {
  const templates: Template[] = [];
  for (const sdk of readdirSync(captures).sort()) {
    if (!sdk.startsWith('sentry-') || sdk.endsWith('crash')) continue;
    for (const file of readdirSync(join(captures, sdk))
      .filter((name) => name.endsWith('.envelope'))
      .sort()) {
      const template = readTemplate(join(captures, sdk, file));
      if (template) templates.push(template);
    }
  }
  if (templates.length === 0) throw new Error(`no captured error events in ${captures}`);
  return templates;
}

function readTemplate(path: string): Template | undefined {
  const text = readFileSync(path, 'utf8');
  const request = JSON.parse(readFileSync(path.replace('.body.envelope', '.req.json'), 'utf8')) as {
    url: string;
    rawHeaders: string[];
  };
  const store = request.url.includes('/store/');
  const lines = text.split('\n');
  const at = store ? 0 : 2;
  if (!store && !lines[1]?.includes('"event"')) return undefined;
  const event = JSON.parse(store ? text : (lines[at] ?? '')) as CapturedEvent;
  const values = event.exception?.values ?? [];
  if (!values.at(-1)?.stacktrace || JSON.stringify(event).length > 20_000) return undefined;
  event.event_id = EVENT_ID;
  event.user = { ...event.user, id: USER, email: undefined, username: undefined };
  const frame =
    values.at(-1)?.stacktrace?.frames?.findLast((one) => one.in_app) ?? values.at(-1)?.stacktrace?.frames?.at(-1);
  if (frame) frame.function = FAULT;
  event.timestamp = undefined;
  const payload = JSON.stringify(event);
  const head = store
    ? undefined
    : JSON.stringify({ ...(JSON.parse(lines[0] ?? '{}') as object), event_id: EVENT_ID, dsn: undefined });
  const body = Buffer.from(
    store
      ? payload
      : [head, JSON.stringify({ type: 'event', length: Buffer.byteLength(payload) }), payload, ''].join('\n'),
  );
  return {
    body,
    gzip: /gzip/.test(headerOf(request.rawHeaders, 'content-encoding')),
    headers: contentType(request.rawHeaders),
    path: (project, key) => `/api/${project}/${store ? 'store' : 'envelope'}/?sentry_version=7&sentry_key=${key}`,
  };
}

interface CapturedEvent {
  event_id?: string;
  timestamp?: unknown;
  user?: Record<string, unknown>;
  exception?: { values?: { stacktrace?: { frames?: { in_app?: boolean; function?: string }[] } }[] };
}

function contentType(headers: string[]): string {
  const type = headerOf(headers, 'content-type');
  return type === '' ? '' : `content-type: ${type}\r\n`;
}

function headerOf(headers: string[], name: string): string {
  const at = headers.findIndex((value, index) => index % 2 === 0 && value.toLowerCase() === name);
  return at < 0 ? '' : (headers[at + 1] ?? '');
}
