/**
 * `npm run bench:detection`: made-up faults over made-up noise (detection-world.ts), seen by the detector and by two
 * rules that people write, in one run; then the public series when BENCH_DATA names a folder that has them.
 * usage: detection [--worlds N] [--seed N] [--explain]; detection --vary (detection-vary.ts)
 */
import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { MinuteRow, Verdict } from '../src/detection/detection.js';
import { ARRIVAL_GAP_MINUTES, DEFAULT_THRESHOLDS } from '../src/detection/detection.js';
import { bySeries, type IssueMinute, issueOf, leastBehind, sumsOf } from '../src/detection/series.js';
import { beat, newPulse, type PulseState } from '../src/detection/algorithm/pulse.v1.js';
import { isAtRest, newWatch, observe, type WatchState } from '../src/detection/algorithm/detectors/watch.v1.js';
import { type Finding, groupFindings, type OpenIncident } from '../src/incidents/algorithm/cluster.v1.js';
import { type Fault, makeWorld, SIZES, type World } from './detection-world.js';

const MINUTE = 60;
const WEEKS = 4;
const FAULTS_PER_WEEK = 6;
/** Seconds between two looks at minutes that are still being counted, as those of the stage `detect`. */
const TICK = 1;
/** Worlds 1 to 99 were for choosing constants; the printed figures are from these on. */
const PRINTED_SEED = 1000;
/** Worlds for each variant of `--vary`: few, since there are some sixty variants. */
const VARIED_WORLDS = 3;

/** Somebody was told: an incident opened. */
interface Opened {
  readonly at: number;
  readonly issues: Set<number>;
  readonly wholeProject: boolean;
  readonly words: string;
}

interface Score {
  faults: { fault: Fault; delay: number | null; incidents: number }[];
  falseOnes: Opened[];
  projectWeeks: number;
}

/** A look at the world at one instant: what changed since the last one. */
interface Look {
  readonly now: number;
  readonly rows: ReadonlyMap<number, MinuteRow>;
  readonly minuteClosed: boolean;
  /** Distinct customers hit since a second on issues of which this is true. */
  readonly customersSince: (second: number, isOne: (issue: number) => boolean) => number;
}

type Detector = (look: Look) => Opened[];

/** Walks a world in steps of `tick` seconds; rows are what was counted up to then, of the running or last minute. */
function walk(world: World, tick: number, detector: Detector): Opened[] {
  const lastHit = new Map<string, number>();
  const opened: Opened[] = [];
  let next = 0;
  let minuteRows = new Map<number, Counting>();
  const startMinute = EPOCH / MINUTE;
  for (let now = tick; now <= world.seconds; now += tick) {
    const changed = new Map<number, MinuteRow>();
    const minute = Math.floor((now - 0.001) / MINUTE);
    if ((now - tick) % MINUTE === 0) minuteRows = new Map();
    for (let hit = world.hits[next]; hit && hit.at < now; hit = world.hits[(next += 1)]) {
      tally(minuteRows, hit.issue, hit.customer, hit.at, lastHit);
      changed.set(hit.issue, rowOf(startMinute + minute, minuteRows.get(hit.issue)));
    }
    const customersSince = (second: number, isOne: (issue: number) => boolean) =>
      distinctCustomers(world.hits, next, second, isOne);
    opened.push(...detector({ now, rows: changed, minuteClosed: now % MINUTE === 0, customersSince }));
  }
  return opened;
}

function distinctCustomers(
  hits: World['hits'],
  next: number,
  second: number,
  isOne: (issue: number) => boolean,
): number {
  const customers = new Set<number>();
  for (let at = next - 1; (hits[at]?.at ?? -1) >= second; at -= 1) {
    const hit = hits[at];
    if (hit && isOne(hit.issue)) customers.add(hit.customer);
  }
  return customers.size;
}

/** Worlds start on a Monday, 2026-01-05T00:00Z. */
const EPOCH = 1_767_571_200;
const WHOLE = 0;

interface Counting {
  events: number;
  customers: Set<number>;
  arrivals: number;
  moments: number;
}

function tally(
  rows: Map<number, Counting>,
  issue: number,
  customer: number,
  at: number,
  lastHit: Map<string, number>,
): void {
  const row = rows.get(issue) ?? { events: 0, customers: new Set<number>(), arrivals: 0, moments: 0 };
  rows.set(issue, row);
  const key = `${issue}:${customer}`;
  const before = lastHit.get(key);
  if (before === undefined || at - before >= ARRIVAL_GAP_MINUTES * MINUTE) {
    row.arrivals += 1;
    row.moments |= 1 << Math.floor((at % MINUTE) / 10);
  }
  lastHit.set(key, at);
  row.events += 1;
  row.customers.add(customer);
}

function rowOf(minute: number, counting: Counting | undefined): MinuteRow {
  return {
    minute,
    events: counting?.events ?? 0,
    customers: counting?.customers.size ?? 0,
    arrivals: counting?.arrivals ?? 0,
    moments: counting?.moments ?? 0,
  };
}

/** The detector under test: one watch an issue and one a sum, added up as the product does; incidents by clustering. */
class Forewarn {
  private readonly watches = new Map<number, WatchState>();
  private readonly sums = new Map<string, WatchState>();
  /** Rows of the running minute. */
  private readonly minuteRows = new Map<number, IssueMinute>();
  private readonly pulse: PulseState = newPulse(EPOCH / MINUTE);
  private readonly restless = new Set<number>();
  private open: (OpenIncident & { record: Opened; at: number })[] = [];
  looks = 0;

  constructor(private readonly world: World) {}

  look(look: Look): Opened[] {
    const { now, rows, minuteClosed } = look;
    if (minuteClosed) this.beat(now / MINUTE - 1);
    const context = { now: (EPOCH + now) * 1000, pulse: this.pulse, deployedAt: this.deployedAt(now) };
    const findings: Finding[] = [];
    const due = minuteClosed ? new Set([...rows.keys(), ...this.restless]) : rows.keys();
    for (const issue of due) {
      const watch = this.watchOf(issue, now);
      const row = rows.get(issue);
      this.looks += 1;
      for (const verdict of observe(watch, row ? [row] : [], context)) this.take(issue, verdict, findings);
      if (isAtRest(watch)) this.restless.delete(issue);
      else this.restless.add(issue);
    }
    this.lookAtSums(look, findings, context);
    if (minuteClosed) this.minuteRows.clear();
    return this.call(findings, now);
  }

  private lookAtSums(look: Look, findings: Finding[], context: Parameters<typeof observe>[2]): void {
    for (const [issueId, row] of look.rows) {
      const since = this.watchOf(issueId, look.now).born;
      this.minuteRows.set(issueId, { ...row, issueId, since, service: this.serviceOf(issueId), area: null });
    }
    const fresh = look.rows.size === 0 ? new Map<string, MinuteRow[]>() : this.sumsNow();
    for (const series of fresh.keys()) {
      if (!this.sums.has(series)) this.sums.set(series, newWatch(Math.floor((context.now - 1) / 60_000), false));
    }
    for (const [series, watch] of this.sums) {
      const its = fresh.get(series);
      if (!its && (!look.minuteClosed || isAtRest(watch))) continue;
      for (const verdict of observe(watch, its ?? [], context)) {
        if (this.isOfMany(series, verdict, look)) this.take(WHOLE, verdict, findings);
        else watch.anomaly = null;
      }
    }
  }

  private sumsNow(): Map<string, MinuteRow[]> {
    const all = bySeries([...this.minuteRows.values()], EPOCH / MINUTE);
    return new Map([...all].filter(([series]) => issueOf(series) === undefined));
  }

  /** A sum counts a customer of two issues twice, so its customers are counted anew, as the stage does. */
  private isOfMany(series: string, { kind, since, at }: Verdict, { now, customersSince }: Look): boolean {
    if (kind === 'recovered') return true;
    const minute = Math.floor(at / 60_000);
    const isOne = (issueId: number) => {
      const row = { minute, since: this.watchOf(issueId, now).born, service: this.serviceOf(issueId), area: null };
      return sumsOf(row, EPOCH / MINUTE).includes(series);
    };
    return customersSince(since / 1000 - EPOCH, isOne) >= leastBehind(series, DEFAULT_THRESHOLDS);
  }

  private serviceOf(issue: number): string {
    return this.world.service.get(issue) ?? 'web';
  }

  private beat(minute: number): void {
    const received = this.world.received[minute] ?? false;
    beat(this.pulse, { minute: EPOCH / MINUTE + minute, active: this.world.active[minute] ?? 0, received });
  }

  private deployedAt(now: number): number | undefined {
    const last = this.world.deploys.findLast((at) => at <= now);
    return last === undefined ? undefined : (EPOCH + last) * 1000;
  }

  private watchOf(issue: number, now: number): WatchState {
    const known = this.watches.get(issue);
    if (known) return known;
    const watch = newWatch(Math.floor((EPOCH + now - 0.001) / MINUTE), true);
    this.watches.set(issue, watch);
    return watch;
  }

  private take(issue: number, verdict: Verdict, findings: Finding[]): void {
    if (verdict.kind === 'recovered') return;
    findings.push({
      id: `${issue}@${verdict.at} ${verdict.kind}: ${verdict.words}`,
      issueId: issue === WHOLE ? null : String(issue),
      kind: verdict.kind,
      since: verdict.since,
      services: issue === WHOLE ? [] : [this.serviceOf(issue)],
      firstRelease: null,
      customers: [],
      customersHit: verdict.seen,
    });
  }

  /** An incident is held open for an hour after its last finding; whether it then closes is not what is measured here. */
  private call(findings: Finding[], now: number): Opened[] {
    this.open = this.open.filter(({ at }) => now - at < 3600);
    if (findings.length === 0) return [];
    const opened: Opened[] = [];
    for (const group of groupFindings(findings, this.open)) {
      const ids = group.findings.map(({ issueId }) => Number(issueId ?? WHOLE));
      const held = this.open.find(({ id }) => id === group.incidentId);
      if (held) {
        for (const id of ids) held.record.issues.add(id);
        this.open.push({ ...held, findings: [...held.findings, ...group.findings], at: now });
        this.open.splice(this.open.indexOf(held), 1);
        continue;
      }
      const words = group.findings.map(({ id }) => id).join('; ');
      const record = { at: now, issues: new Set(ids), wholeProject: ids.includes(WHOLE), words };
      opened.push(record);
      this.open.push({ id: words, findings: group.findings, record, at: now });
    }
    return opened;
  }
}

/** The rule that people write first: more than 20 errors of one issue in 5 minutes. */
function fixedThreshold(): Detector {
  return perIssueRule((counts, minute) => sum(counts, minute, 5) > 20);
}

/** The rule that people write in PromQL: rate over 5 minutes more than 3 times the mean of the hour, and at least 10 errors. */
function ratioOverHour(): Detector {
  return perIssueRule((counts, minute) => {
    const last = sum(counts, minute, 5);
    return last >= 10 && last / 5 > (3 * sum(counts, minute, 60)) / 60;
  });
}

function sum(counts: ReadonlyMap<number, number>, minute: number, minutes: number): number {
  let total = 0;
  for (let at = minute - minutes + 1; at <= minute; at += 1) total += counts.get(at) ?? 0;
  return total;
}

/** Alerts of one issue within an hour of each other are one; the rules get their grouping for free: alerts of the same minute too. */
function perIssueRule(fires: (counts: ReadonlyMap<number, number>, minute: number) => boolean): Detector {
  const events = new Map<number, Map<number, number>>();
  const silentUntil = new Map<number, number>();
  return ({ now, rows }) => {
    const issues = new Set<number>();
    for (const [issue, row] of rows) {
      const counts = events.get(issue) ?? new Map<number, number>();
      events.set(issue, counts);
      counts.set(row.minute, row.events);
      if (!fires(counts, row.minute)) continue;
      if (now >= (silentUntil.get(issue) ?? 0)) issues.add(issue);
      silentUntil.set(issue, now + 3600);
    }
    return issues.size === 0 ? [] : [{ at: now, issues, wholeProject: false, words: 'rule' }];
  };
}

/** A fault is found by an incident on one of its issues, or on the whole project, between its first hit and half an hour after its last. */
function judge(world: World, opened: readonly Opened[], score: Score): void {
  const explained = new Set<Opened>();
  for (const fault of world.faults) {
    const own = opened.filter((incident) => isOf(incident, fault));
    for (const incident of own) explained.add(incident);
    const [first] = own;
    score.faults.push({ fault, delay: first ? first.at - fault.firstHit : null, incidents: own.length });
  }
  score.falseOnes.push(...opened.filter((incident) => !explained.has(incident)));
  score.projectWeeks += world.seconds / (7 * 86_400);
}

function isOf(incident: Opened, fault: Fault): boolean {
  if (incident.at < fault.firstHit || incident.at > fault.lastHit + 1800) return false;
  return incident.wholeProject || [...incident.issues].some((issue) => fault.issues.has(issue));
}

interface Summary {
  recall20: number;
  recall: Record<string, number>;
  precision: number;
  falseIncidentsPerProjectWeek: number;
  medianDelaySeconds: number;
  medianDelaySecondsOnePercent: number;
  incidentsPerFault: number;
}

function summarise({ faults, falseOnes, projectWeeks }: Score): Summary {
  const big = faults.filter(({ fault }) => fault.customers >= 20);
  const found = faults.filter(({ delay }) => delay !== null);
  const recallOf = (some: Score['faults']) =>
    some.filter(({ delay }) => delay !== null).length / Math.max(1, some.length);
  const recall = Object.fromEntries(
    SIZES.map((size) => [size, recallOf(faults.filter(({ fault }) => fault.size === size))]),
  );
  return {
    recall20: recallOf(big),
    recall,
    precision: found.length / Math.max(1, found.length + falseOnes.length),
    falseIncidentsPerProjectWeek: falseOnes.length / projectWeeks,
    medianDelaySeconds: medianDelay(big),
    medianDelaySecondsOnePercent: medianDelay(faults.filter(({ fault }) => fault.size === '1%')),
    incidentsPerFault: found.reduce((total, { incidents }) => total + incidents, 0) / Math.max(1, found.length),
  };
}

/** Faults that were missed count as an endless delay. */
function medianDelay(faults: Score['faults']): number {
  const delays = faults.map(({ delay }) => delay ?? Infinity).sort((a, b) => a - b);
  return delays[Math.floor(delays.length / 2)] ?? Infinity;
}

/** The median time to the fifth customer: the least delay of any rule that asks for five, even one that knows the answer. */
function medianFifth(faults: Score['faults']): number {
  return medianDelay(faults.map(({ fault, incidents }) => ({ fault, incidents, delay: fault.fifthAfter })));
}

/** Detections per second and bytes a series, on series of all kinds that have lived for some days. */
function measureSpeed(world: World): {
  seriesPerMinutePerCore: number;
  bytesPerSeries: number;
  storedBytesPerSeries: number;
} {
  const pulse = newPulse(EPOCH / MINUTE);
  for (let minute = 0; minute < 1440; minute += 1) {
    beat(pulse, { minute: EPOCH / MINUTE + minute, active: world.active[minute] ?? 0, received: true });
  }
  const before = heap();
  const watches = Array.from({ length: 20_000 }, () => newWatch(EPOCH / MINUTE, true));
  // A tenth of the series is hit every minute, the others now and then, as in a storm.
  const row = (index: number, minute: number): MinuteRow[] =>
    index % 10 === 0 || (index + minute) % 97 === 0 ? [{ minute, events: 2, customers: 1, arrivals: 1 }] : [];
  const lookAt = (minute: number) => {
    const now = (EPOCH + (minute + 1) * MINUTE) * 1000;
    watches.forEach((watch, index) => observe(watch, row(index, EPOCH / MINUTE + minute), { now, pulse }));
  };
  for (let minute = 0; minute < 1400; minute += 20) lookAt(minute);
  const started = performance.now();
  for (let minute = 1400; minute < 1420; minute += 1) lookAt(minute);
  const seconds = (performance.now() - started) / 1000;
  return {
    seriesPerMinutePerCore: Math.round((watches.length * 20 * 60) / seconds),
    bytesPerSeries: Math.round((heap() - before) / watches.length),
    storedBytesPerSeries: Math.round(
      watches.reduce((total, watch) => total + JSON.stringify(watch).length, 0) / watches.length,
    ),
  };
}

function heap(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

const newScore = (): Score => ({ faults: [], falseOnes: [], projectWeeks: 0 });

function flag(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
}

function simulate(worlds: number, seed: number) {
  const scores = { minute: newScore(), tick: newScore(), fixed: newScore(), ratio: newScore() };
  for (let n = 0; n < worlds; n += 1) {
    const world = makeWorld(seed + n, WEEKS, FAULTS_PER_WEEK);
    const watched = (tick: number) => {
      const forewarn = new Forewarn(world);
      return walk(world, tick, (look) => forewarn.look(look));
    };
    judge(world, watched(60), scores.minute);
    judge(world, watched(TICK), scores.tick);
    judge(world, walk(world, 60, fixedThreshold()), scores.fixed);
    judge(world, walk(world, 60, ratioOverHour()), scores.ratio);
  }
  return scores;
}

/** Scores the detector on 1-minute counts alone, as one JSON line. */
function brief(worlds: number, seed: number): void {
  const score = newScore();
  for (let n = 0; n < worlds; n += 1) {
    const world = makeWorld(seed + n, WEEKS, FAULTS_PER_WEEK);
    const forewarn = new Forewarn(world);
    judge(
      world,
      walk(world, 60, (look) => forewarn.look(look)),
      score,
    );
  }
  const summary = summarise(score);
  const found = score.faults.filter(({ delay }) => delay !== null).length;
  const more = {
    recallOfAll: rounded(found / Math.max(1, score.faults.length)),
    incidentsPerFault: rounded(summary.incidentsPerFault),
  };
  console.log(JSON.stringify({ ...figures('', summary), ...more }));
}

function explain(scores: Score): void {
  for (const { fault, delay } of scores.faults) {
    if (delay === null && fault.customers >= 20)
      console.log('missed', fault.shape, fault.size, fault.carrier, fault.customers);
  }
  for (const { words, at } of scores.falseOnes) console.log('false', (at / 86_400).toFixed(2), words.slice(0, 160));
}

const percent = (value: number) => `${(100 * value).toFixed(1)} %`;

function print(name: string, summary: Summary): void {
  const sizes = SIZES.map((size) => percent(summary.recall[size] ?? 0).padStart(8)).join('');
  const numbers = [
    percent(summary.precision),
    percent(summary.recall20),
    summary.falseIncidentsPerProjectWeek.toFixed(2),
    `${summary.medianDelaySeconds.toFixed(0)} s`,
    `${summary.medianDelaySecondsOnePercent.toFixed(1)} s`,
    summary.incidentsPerFault.toFixed(2),
  ];
  console.log(name.padEnd(26) + numbers.map((text) => text.padStart(12)).join('') + sizes);
}

const rounded = (value: number) => (Number.isFinite(value) ? Number(value.toFixed(4)) : null);

function figures(prefix: string, summary: Summary): Record<string, number | null> {
  const { recall20, precision, falseIncidentsPerProjectWeek, medianDelaySeconds, medianDelaySecondsOnePercent } =
    summary;
  const all = { recall20, precision, falseIncidentsPerProjectWeek, medianDelaySeconds, medianDelaySecondsOnePercent };
  return Object.fromEntries(
    Object.entries(all).map(([name, value]) => [
      prefix === '' ? name : prefix + name.charAt(0).toUpperCase() + name.slice(1),
      rounded(value),
    ]),
  );
}

/** The public series, when there is a folder of them; the module is this repository's other half of the benchmark. */
async function series(): Promise<Record<string, unknown>> {
  const folder = process.env['BENCH_DATA'];
  if (!folder) {
    console.log('\nBENCH_DATA is not set: the public series (NAB, cloud monitoring) were not scored.');
    return { series: 'not run: BENCH_DATA is not set' };
  }
  const { benchSeries } = await import('./detection-series.js');
  const { table, numbers } = await benchSeries(folder);
  console.log(`\n${table}`);
  return { ...numbers };
}

async function main(): Promise<void> {
  const worlds = flag('worlds', 16);
  const seed = flag('seed', PRINTED_SEED);
  if (process.argv.includes('--brief')) return brief(worlds, seed);
  if (process.argv.includes('--vary')) {
    const { varyDetection } = await import('./detection-vary.js');
    const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : undefined;
    return varyDetection({ worlds: flag('worlds', VARIED_WORLDS), seed, only });
  }
  const started = performance.now();
  const scores = simulate(worlds, seed);
  const [minute, tick] = [summarise(scores.minute), summarise(scores.tick)];
  const [fixed, ratio] = [summarise(scores.fixed), summarise(scores.ratio)];
  console.log(`${worlds} apps of ${WEEKS} weeks, ${scores.minute.faults.length} faults, seed ${seed}\n`);
  const heads = ['precision', 'recall 20+', 'false/week', 'delay 20+', 'delay 1 %', 'incidents'];
  console.log(
    ' '.repeat(26) + heads.map((text) => text.padStart(12)).join('') + SIZES.map((size) => size.padStart(8)).join(''),
  );
  print('forewarn, 1-minute counts', minute);
  print('forewarn, a look a second', tick);
  print('fixed: 20 errors in 5 min', fixed);
  print('rate(5m) > 3 x rate(1h)', ratio);
  const onePercent = scores.tick.faults.filter(({ fault }) => fault.size === '1%');
  const fifth = medianFifth(scores.tick.faults.filter(({ fault }) => fault.customers >= 20));
  const fifthOnePercent = medianFifth(onePercent);
  console.log(
    `the fifth customer is hit after (median): 20+ ${fifth.toFixed(0)} s, 1 % ${fifthOnePercent.toFixed(1)} s`,
  );
  const large = medianDelay(onePercent.filter(({ fault }) => fault.active >= 1000));
  const small = medianDelay(onePercent.filter(({ fault }) => fault.active < 1000));
  console.log(
    `1 % of active customers at a look every second: median ${large.toFixed(1)} s where 1000 or more are active, else ${small.toFixed(1)} s`,
  );
  if (process.argv.includes('--explain')) explain(scores.minute);
  const speed = measureSpeed(makeWorld(seed, 1, 1));
  console.log(
    `\n${speed.seriesPerMinutePerCore} series scored a minute on one core; ${speed.bytesPerSeries} bytes of memory a series`,
  );
  console.log(`simulated in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  const result = {
    bench: 'detection',
    ...figures('', minute),
    medianDelaySecondsOnePercent: rounded(tick.medianDelaySecondsOnePercent),
    medianFifthCustomerSeconds: rounded(fifth),
    medianFifthCustomerSecondsOnePercent: rounded(fifthOnePercent),
    medianDelaySecondsOnePercentOf1000: rounded(large),
    medianDelaySecondsOnePercentBelow1000: rounded(small),
    recallBySize: minute.recall,
    incidentsPerFault: rounded(minute.incidentsPerFault),
    ...figures('minuteCounts', minute),
    ...figures('ticks', tick),
    ...figures('fixedThreshold', fixed),
    ...figures('ratioOverHour', ratio),
    ...speed,
    ...(await series()),
  };
  console.log(JSON.stringify(result));
}

await main();
