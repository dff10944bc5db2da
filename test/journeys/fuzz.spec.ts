import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import pg from 'pg';
import { DaemonProcess } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { expectedOutcomes, type OutcomeCounts, type SentRequest } from '../support/expected-outcomes.js';
import { allIssues } from '../support/issues.js';
import { below, MUTATIONS, pick, type Random, seededRandom } from '../support/mutate.js';
import { recordedBodies, type SdkBody, sdkBodies } from '../support/sdk-bodies.js';
import { writeConfig } from '../support/test-config.js';
import { createDatabase, type TestDatabase } from '../support/test-database.js';
import { send } from '../support/wire.js';

jest.setTimeout(300_000);

/** FUZZ_SEED takes another seed, FUZZ_BODIES another number; a failure names the body's number and its damage. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_122);
const BODIES = Number(process.env['FUZZ_BODIES'] ?? 10_000);
const CONNECTIONS = 32;
/** The daemon's heap, megabytes; small, so that what it keeps of each body would end it. */
const HEAP_MB = 160;
/** How much higher the memory of the daemon may peak in the last quarter than in the second, megabytes: so much its heap swings. */
const MAX_GROWTH_MB = 60;

const recorded = process.env['BENCH_DATA'] ? recordedBodies(join(process.env['BENCH_DATA'], 'sdk-captures')) : [];
const BODIES_BY_WAY = [...sdkBodies(), ...recorded];

let daemon: DaemonProcess;
let database: TestDatabase;
let config: ReturnType<typeof writeConfig>;
let sql: pg.Client;
let project: { id: string; key: string };
beforeAll(async () => {
  database = await createDatabase();
  config = writeConfig();
  daemon = await DaemonProcess.start({
    DATABASE_URL: database.url,
    FOREWARN_CONFIG: config.path,
    NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}`,
  });
  project = ((await daemon.api.get('/v1/projects')).body as { items: (typeof project)[] }).items[0]!;
  sql = new pg.Client({ connectionString: database.url });
  await sql.connect();
});
afterAll(async () => {
  await sql.end();
  await daemon.stop();
  await database.drop();
  config.remove();
});

/** One damaged request, with what was done to it. */
interface Damaged extends SentRequest {
  readonly kinds: readonly string[];
}

/** Damage that makes bodies of up to a megabyte; rare, or the run would measure how fast they travel. */
const LARGE = ['hugeString', 'deepNesting'];
/** Damage after which a body is often JSON still, so that it comes further than the first parser. */
const SUBTLE = ['wrongType', 'prototypeKeys', 'loneSurrogates'];
const ANY = Object.keys(MUTATIONS).filter((kind) => !LARGE.includes(kind));

function damage(body: Buffer, random: Random): { body: Buffer; kinds: string[] } {
  const subtle = random() < 0.6;
  const kinds = Array.from({ length: 1 + below(random, 2) }, () =>
    pick(random, subtle ? SUBTLE : random() < 0.1 ? LARGE : ANY),
  );
  let out = body;
  for (const kind of kinds) if (out.length > 0) out = MUTATIONS[kind]!(out, random);
  return { body: out, kinds };
}

function damaged(random: Random): Damaged {
  const { way, body } = pick(random, BODIES_BY_WAY);
  const { path, type } = target(way, random);
  const dice = random();
  if (dice < 0.05) return { path, type, encoding: 'gzip', ...damage(gzipSync(body), random) };
  const { body: broken, kinds } = damage(body, random);
  if (dice < 0.08) {
    return { path, type, encoding: pick(random, ['deflate', 'br', 'zstd', 'x', '']), body: broken, kinds };
  }
  return dice < 0.2
    ? { path, type, encoding: 'gzip', body: gzipSync(broken), kinds }
    : { path, type, body: broken, kinds };
}

/** The address and the content type; now and then the wrong one. */
function target(way: SdkBody['way'], random: Random): Pick<SentRequest, 'path' | 'type'> {
  if (way === 'envelope' || way === 'store') return { path: `/${way}` };
  const [signal, format] = way.split(' ') as ['logs' | 'traces', 'json' | 'protobuf'];
  const wrong = below(random, 50);
  const type =
    wrong === 0
      ? 'application/json'
      : wrong === 1
        ? undefined
        : `application/${format === 'json' ? 'json' : 'x-protobuf'}`;
  return { path: wrong === 2 ? '/otlp/v1/traces' : `/otlp/v1/${signal}`, type };
}

/** Sends it and answers the status; a daemon that does not answer fails the test by its number. */
async function deliver({ path, type, encoding, body }: Damaged, agent: Agent): Promise<number> {
  const place = path.startsWith('/otlp') ? path : `/api/${project.id}${path}/`;
  const headers = {
    ...(type !== undefined && { 'content-type': type }),
    ...(encoding !== undefined && { 'content-encoding': encoding }),
  };
  return (await send(`${daemon.api.base}${place}?sentry_key=${project.key}`, { headers, body, agent })).status;
}

async function counted(): Promise<Record<string, number>> {
  const { rows } = await sql.query<{ outcome: string; count: number }>(
    'SELECT outcome, sum(count)::int AS count FROM intake_outcome GROUP BY 1',
  );
  const byOutcome = Object.fromEntries(rows.map((row) => [row.outcome, row.count]));
  const { accepted = 0, duplicate = 0, ignored = 0, used = 0, ...others } = byOutcome;
  return { ...others, taken: accepted + duplicate + ignored + used };
}

/** Resident memory of the daemon, megabytes. */
function residentMb(): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(daemon.child.pid)], { encoding: 'utf8' })) / 1024;
}

function notePeak(peaks: number[], quarter: number): void {
  peaks[quarter] = Math.max(peaks[quarter] ?? 0, residentMb());
}

describe(`${BODIES} damaged bodies of seed ${SEED}`, () => {
  const expected: Required<Record<string, number>> = {};
  const statuses = new Map<number, number>();
  /** Peaks of resident memory by quarter of the run, megabytes. */
  const peaks = [0, 0, 0, 0];

  it('are each answered, and never with a fault of ours', async () => {
    const random = seededRandom(SEED);
    const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
    const faults: string[] = [];
    let next = 0;
    const worker = async () => {
      while (next < BODIES) {
        const number = next++;
        if (number % 100 === 0) notePeak(peaks, Math.floor((4 * number) / BODIES));
        const request = damaged(random);
        add(expected, expectedOutcomes(request, project.key, project.id));
        const name = `body ${number} (${request.path}, ${request.kinds.join(' + ')})`;
        const status = await deliver(request, agent).catch((error: unknown) => {
          throw new Error(`${name} got no answer`, { cause: error });
        });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (status >= 500) faults.push(`${name}: ${status}`);
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, worker));
    agent.destroy();

    expect(faults).toEqual([]);
    expect(daemon.child.exitCode).toBeNull();
    expect([...statuses.keys()].every((status) => [200, 400, 403, 413, 415].includes(status))).toBe(true);
    expect(statuses.get(200)).toBeGreaterThan(BODIES / 5);
  });

  it('leave memory steady', () => {
    expect(peaks[3]).toBeLessThan(peaks[1]! + MAX_GROWTH_MB);
  });

  it('end each in exactly one outcome, as the parsers alone say', async () => {
    const wanted = Object.fromEntries(Object.entries(expected).filter(([, count]) => count > 0));
    const settled = await eventually('the last counts are written', counted, (now) => total(now) >= total(wanted));

    expect(settled).toEqual(wanted);
    expect(total(settled)).toBeGreaterThan(BODIES * 0.9);
  });

  it('are counted in issues as often as they were accepted', async () => {
    const { rows } = await sql.query<{ accepted: number; seen: number }>(
      `SELECT (SELECT sum(count)::int FROM intake_outcome WHERE outcome = 'accepted') AS accepted,
              (SELECT count(*)::int FROM event_seen) AS seen`,
    );
    const issues = await allIssues(daemon.api);
    const accepted = rows[0]?.accepted;

    expect(issues.reduce((sum, issue) => sum + issue.events, 0)).toBe(accepted);
    expect(rows[0]?.seen).toBe(accepted);
  });

  it('do not keep the daemon from its work', async () => {
    expect((await daemon.api.get('/readyz')).status).toBe(200);
    expect(
      await deliver({ path: '/store', body: Buffer.from('{"message":"after the storm"}'), kinds: [] }, new Agent()),
    ).toBe(200);
  });
});

function add(sums: Record<string, number>, counts: OutcomeCounts): void {
  for (const [outcome, count] of Object.entries(counts)) sums[outcome] = (sums[outcome] ?? 0) + count;
}

function total(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, one) => sum + one, 0);
}
