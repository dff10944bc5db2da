import { request as send, Agent } from 'node:http';
import { gzipSync } from 'node:zlib';

/** Orders for the hostile process. */
export interface HostileOrder {
  readonly port: number;
  readonly project: string;
  readonly key: string;
  readonly perSecond: number;
  readonly seconds: number;
  /** Kind of body that is sent alone; all in turn where it is left out. */
  readonly only?: string | undefined;
}

/** How many bodies of each kind were answered with which status; 0 for a connection that was cut. */
export type HostileReport = Readonly<Record<string, Readonly<Record<string, number>>>>;

interface Kind {
  readonly name: string;
  readonly path: (order: HostileOrder) => string;
  readonly headers: (order: HostileOrder) => Record<string, string>;
  readonly body: Buffer;
}

const gzip = (text: string) => gzipSync(text, { level: 9 });
const events = () => '/v1/events';
const store = ({ project, key }: HostileOrder) => `/api/${project}/store/?sentry_key=${key}`;
const bearer = ({ key }: HostileOrder) => ({ authorization: `Bearer ${key}` });
const zipped = (order: HostileOrder) => ({ ...bearer(order), 'content-encoding': 'gzip' });

/** Bodies of 50 kB at most that cost whoever reads them without a limit. */
const KINDS: readonly Kind[] = [
  { name: 'deep', path: events, headers: zipped, body: gzip(`{"message":${'['.repeat(5e6)}${']'.repeat(5e6)}}`) },
  { name: 'wide', path: store, headers: zipped, body: gzip(`{"message":"m","a":[${'{},'.repeat(3e6)}{}]}`) },
  { name: 'zeros', path: store, headers: zipped, body: gzip('\0'.repeat(2e7)) },
  { name: 'long text', path: events, headers: zipped, body: gzip(`{"message":"${' \\\\n'.repeat(3e6)}"}`) },
  { name: 'many events', path: events, headers: zipped, body: gzip('{"message":"m"}\n'.repeat(9999)) },
  {
    name: 'made-up faults',
    path: events,
    headers: bearer,
    body: Buffer.from(Array.from({ length: 800 }, (_, i) => `{"message":"m","fingerprint":["x${i}"]}`).join('\n')),
  },
  {
    name: 'no token',
    path: () => '/v1/incidents',
    headers: () => ({ 'content-type': 'application/json' }),
    body: Buffer.from('['.repeat(50_000)),
  },
  {
    name: 'half an envelope',
    path: ({ project, key }) => `/api/${project}/envelope/?sentry_key=${key}`,
    headers: () => ({}),
    body: Buffer.from(`{}\n${'{"type":"event","length":99999}\n'.repeat(1000)}`),
  },
];

async function run(order: HostileOrder): Promise<HostileReport> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const report: Record<string, Record<string, number>> = {};
  const underWay = new Set<Promise<void>>();
  const began = performance.now();
  const kinds = KINDS.filter(({ name }) => order.only === undefined || name === order.only);
  if (kinds.length === 0)
    throw new Error(`no kind ${order.only}; there are ${KINDS.map(({ name }) => name).join(', ')}`);
  for (let sent = 0; performance.now() - began < order.seconds * 1000; sent++) {
    const wait = began + (sent * 1000) / order.perSecond - performance.now();
    if (wait > 0) await new Promise((done) => setTimeout(done, wait));
    if (underWay.size >= 400) await Promise.race(underWay);
    const kind = kinds[sent % kinds.length]!;
    const one = post(agent, order, kind).then((status) => {
      const seen = (report[kind.name] ??= {});
      seen[status] = (seen[status] ?? 0) + 1;
      underWay.delete(one);
    });
    underWay.add(one);
  }
  await Promise.all(underWay);
  agent.destroy();
  return report;
}

function post(agent: Agent, order: HostileOrder, { path, headers, body }: Kind): Promise<number> {
  return new Promise((done) => {
    // An address of its own, as somebody else's machine has.
    const from = { localAddress: '127.0.0.2', timeout: 30_000 };
    const options = { host: '127.0.0.1', port: order.port, method: 'POST', path: path(order), agent, ...from };
    const request = send({ ...options, headers: { ...headers(order), 'content-length': body.length } }, (answer) => {
      answer.resume().on('end', () => done(answer.statusCode ?? 0));
    });
    request.on('timeout', () => request.destroy()).on('error', () => done(0));
    request.end(body);
  });
}

process.once('message', (order: HostileOrder) => {
  void run(order).then((report) => process.send?.(report, () => process.disconnect()));
});
