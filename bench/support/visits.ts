import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A body of an app that works, with marks in it, and whether the SDK compresses it. */
export interface Visit {
  readonly body: Buffer;
  readonly gzip: boolean;
}

/** Marks that stand for the event id and the customer, as long as what replaces them. */
export interface VisitMarks {
  readonly eventId: string;
  readonly user: string;
}

/** Transactions that were captured, of two SDKs. */
const TRANSACTIONS = ['sentry-node-10.78.0/004', 'sentry-python-1.9.10/003'];
const ROUTES = ['GET /orders/:id', 'POST /checkout', 'GET /search', 'GET /account/invoices', 'PUT /cart/items/:id'];
const SYSTEMS = ['Android 14', 'Android 15', 'iOS 18.1', 'iOS 17.6', 'Windows 11'];
/** Spans of a transaction: a request with some queries and calls. By judgement. */
const SPANS = 10;

/**
 * Envelopes of apps that work, in the order in which an app sends them: a session that begins, transactions with spans, tags, flags, user,
 * release, system and device, and the session's end. The last is counts of a server (`sessions`), which name nobody.
 * @param captures folder of captured requests
 * @returns rounds of ten: five items of sessions, five transactions
 */
export function visits(captures: string, marks: VisitMarks): Visit[][] {
  const transactions = TRANSACTIONS.map((name) => readTransaction(join(captures, `${name}.body.envelope`)));
  return SYSTEMS.map((system, round) => {
    const release = `shop@2.${round}.1`;
    const session = (init: boolean) => sessionOf({ marks, release, init });
    const counts = sessionsOf(release);
    const transaction = (nth: number) => {
      const like = transactions[(round + nth) % transactions.length]!;
      return transactionOf(like, { marks, release, system, route: ROUTES[nth % ROUTES.length]! });
    };
    const visited = [0, 1, 2, 3, 4].map(transaction);
    const [begun, ended] = [session(true), session(false)];
    return [begun, ...visited.slice(0, 3), ended, begun, ...visited.slice(3), ended, counts];
  });
}

interface CapturedTransaction {
  readonly header: Record<string, unknown>;
  readonly payload: Record<string, unknown> & { contexts?: Record<string, unknown> };
  readonly gzip: boolean;
}

function readTransaction(path: string): CapturedTransaction {
  const [header = '', , payload = ''] = readFileSync(path, 'utf8').split('\n');
  const request = readFileSync(path.replace('.body.envelope', '.req.json'), 'utf8');
  return {
    header: JSON.parse(header) as CapturedTransaction['header'],
    payload: JSON.parse(payload) as CapturedTransaction['payload'],
    gzip: /"gzip"/.test(request),
  };
}

interface Varied {
  readonly marks: VisitMarks;
  readonly release: string;
  readonly system: string;
  readonly route: string;
}

function transactionOf(
  { header, payload, gzip }: CapturedTransaction,
  { marks, release, system, route }: Varied,
): Visit {
  const [name, version] = system.split(' ');
  const trace = '0e5fbd485283474b99c5d6db79f3b707';
  const spans = Array.from({ length: SPANS }, (_, nth) => ({
    trace_id: trace,
    span_id: `b7ba49288a84${nth.toString(16).padStart(4, '0')}`,
    parent_span_id: 'b7ba49288a842be5',
    op: nth % 3 === 0 ? 'http.client' : 'db',
    description: nth % 3 === 0 ? 'GET https://payments.example/v1/quotes' : 'SELECT * FROM orders WHERE customer = $1',
    status: 'ok',
    start_timestamp: 1795351504.6,
    timestamp: 1795351504.7,
    data: { 'sentry.op': 'db', 'db.system': 'postgresql' },
  }));
  const body = {
    ...payload,
    event_id: marks.eventId,
    timestamp: undefined,
    start_timestamp: undefined,
    release,
    transaction: route,
    user: { id: marks.user },
    tags: { plan: 'pro', tenant: 'north', 'http.status_code': '200' },
    contexts: {
      ...payload.contexts,
      os: { name, version },
      device: { family: system.startsWith('iOS') ? 'iPhone' : 'Pixel', model: 'Pixel 8' },
      flags: {
        values: [
          { flag: 'new-checkout', result: true },
          { flag: 'dark-mode', result: false },
        ],
      },
    },
    spans,
  };
  return { body: envelope({ ...header, event_id: marks.eventId, dsn: undefined }, 'transaction', body), gzip };
}

function sessionOf({ marks, release, init }: { marks: VisitMarks; release: string; init: boolean }): Visit {
  const body = {
    sid: marks.eventId,
    did: marks.user,
    init,
    status: init ? 'ok' : 'exited',
    errors: 0,
    duration: init ? 0 : 42.5,
    attrs: { release, environment: 'production' },
  };
  return { body: envelope(HEADER, 'session', body), gzip: false };
}

function sessionsOf(release: string): Visit {
  const body = {
    aggregates: [{ exited: 12, errored: 1 }],
    attrs: { release, environment: 'production' },
  };
  return { body: envelope(HEADER, 'sessions', body), gzip: false };
}

const HEADER = { sdk: { name: 'sentry.javascript.node', version: '11.12.0' } };

function envelope(header: unknown, type: string, item: unknown): Buffer {
  return Buffer.from([JSON.stringify(header), JSON.stringify({ type }), JSON.stringify(item), ''].join('\n'));
}
