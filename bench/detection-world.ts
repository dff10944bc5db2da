/**
 * A made-up app for `bench/detection.ts`: traffic, background issues and faults. It knows nothing of the detector: rates
 * are log-normal and drift, hits come in clusters, and nothing here is Poisson with a fixed rate.
 */

/** One error report. */
export interface Hit {
  /** Seconds since the start of the world. */
  readonly at: number;
  readonly issue: number;
  readonly customer: number;
}

/** A fault that was put in, to be found. */
export interface Fault {
  readonly shape: FaultShape;
  /** `1%` or the number of customers, as asked for. */
  readonly size: string;
  readonly carrier: 'new' | 'existing' | 'outage';
  readonly issues: ReadonlySet<number>;
  /** Seconds: the first and the last first-hit of a customer. */
  readonly firstHit: number;
  readonly lastHit: number;
  /** Seconds from the first customer to the fifth: nobody who asks for five can be faster. */
  readonly fifthAfter: number;
  readonly customers: number;
  /** Customers active in the minute in which it began. */
  readonly active: number;
}

/** Everything that happens to one app. */
export interface World {
  readonly seconds: number;
  readonly hits: readonly Hit[];
  readonly faults: readonly Fault[];
  /** Active customers of each minute as the app's sessions tell. */
  readonly active: readonly number[];
  /** False in minutes in which nothing arrived. */
  readonly received: readonly boolean[];
  /** Seconds of deploys and restarts that were announced. */
  readonly deploys: readonly number[];
  readonly service: ReadonlyMap<number, string>;
}

export type FaultShape = 'step' | 'ramp' | 'burst' | 'slow' | 'partial';
export const SHAPES: readonly FaultShape[] = ['step', 'ramp', 'burst', 'slow', 'partial'];
export const SIZES = ['5', '20', '100', '1%'] as const;

/** 1 % of a small app at night may be nobody; what hits fewer than this is no fault by the default configuration. */
const LEAST_FAULT = 5;

const DAY = 86_400;
const HOUR = 3_600;
const MINUTE = 60;

/** Mulberry32 (public domain, T. Ettinger): small, seeded, good enough to simulate with. */
export class Chance {
  constructor(private seed: number) {}
  next(): number {
    this.seed = (this.seed + 0x6d2b79f5) | 0;
    let t = Math.imul(this.seed ^ (this.seed >>> 15), 1 | this.seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }
  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }
  whole(low: number, high: number): number {
    return Math.floor(this.between(low, high + 1));
  }
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }
  poisson(mean: number): number {
    if (mean > 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * this.normal()));
    let product = this.next();
    let k = 0;
    for (const limit = Math.exp(-mean); product > limit; k += 1) product *= this.next();
    return k;
  }
  pareto(least: number, alpha: number, most: number): number {
    return Math.min(most, least * (1 - this.next()) ** (-1 / alpha));
  }
  pick<T>(values: readonly T[]): T {
    return values[this.whole(0, values.length - 1)] as T;
  }
}

/** Builds one world. @param weeks its length @param faultsPerWeek how many faults are put in */
export function makeWorld(seed: number, weeks: number, faultsPerWeek: number): World {
  const draft = new Draft(new Chance(seed), weeks);
  draft.background();
  draft.newcomers();
  draft.loopsAndBots();
  draft.deploysAndRestarts();
  draft.addFaults(faultsPerWeek);
  return draft.finish();
}

class Draft {
  private readonly seconds: number;
  private readonly hits: Hit[] = [];
  private readonly faults: Fault[] = [];
  private readonly deploys: number[] = [];
  private readonly active: number[] = [];
  private readonly received: boolean[] = [];
  private readonly peak: number;
  private readonly customers: number;
  private readonly issues: { id: number; share: number; pool: number[] | null; hour: number | null }[] = [];
  private nextIssue = 1;
  private readonly services = ['web', 'api', 'checkout', 'mobile'];
  private readonly service = new Map<number, string>();

  constructor(
    private readonly chance: Chance,
    private readonly weeks: number,
  ) {
    this.seconds = weeks * 7 * DAY;
    this.peak = 300 * 100 ** chance.next();
    this.customers = Math.round(this.peak * 60);
    this.traffic();
  }

  finish(): World {
    const { seconds, faults, active, received, deploys, service } = this;
    const hits = this.hits.filter(({ at }) => at < seconds && received[Math.floor(at / MINUTE)]);
    hits.sort((a, b) => a.at - b.at);
    deploys.sort((a, b) => a - b);
    return { seconds, hits, faults, active, received, deploys, service };
  }

  /** Day and week as people live them, a slow drift, noise that lasts, campaigns, a clock change, gaps. */
  private traffic(): void {
    const { chance } = this;
    const offset = chance.between(0, 24);
    const weekend = chance.between(0.25, 1.3);
    const depth = chance.between(0.03, 0.4);
    const clockChange = chance.next() < 0.5 ? chance.between(0, this.seconds) : Infinity;
    let noise = 0;
    let campaign = { until: 0, factor: 1 };
    for (let minute = 0; minute < this.seconds / MINUTE; minute += 1) {
      const local = minute / 60 + offset + (minute * MINUTE > clockChange ? 1 : 0);
      const hour = local % 24;
      const day = Math.floor(local / 24) % 7;
      const shape = depth + (1 - depth) * Math.exp(-(((hour - 14.5) / 5) ** 2)) * (hour > 12 && hour < 13 ? 0.85 : 1);
      noise = noise * 0.99 + chance.normal() * 0.012;
      if (chance.next() < 1 / (5 * 1440))
        campaign = { until: minute + chance.between(20, 120), factor: chance.between(1.3, 3) };
      const factor = minute < campaign.until ? campaign.factor : 1;
      const mean = this.peak * shape * (day >= 5 ? weekend : 1) * Math.exp(noise) * factor;
      this.active.push(chance.poisson(mean));
      this.received.push(true);
    }
    for (let week = 0; week < this.weeks; week += 1) this.gap();
    if (chance.next() < 0.3) this.maintenance();
  }

  private gap(): void {
    const start = this.chance.whole(0, this.seconds / MINUTE - 1);
    const length = this.chance.whole(5, 60);
    for (let minute = start; minute < start + length && minute < this.received.length; minute += 1) {
      this.received[minute] = false;
    }
  }

  private maintenance(): void {
    const start = this.chance.whole(0, this.seconds / MINUTE - 1);
    this.active.fill(0, start, start + this.chance.whole(20, 40));
  }

  private activeAt(second: number): number {
    return this.active[Math.floor(second / MINUTE)] ?? 0;
  }

  private issueId(): number {
    const id = this.nextIssue;
    this.nextIssue += 1;
    this.service.set(id, this.chance.pick(this.services));
    return id;
  }

  private anybody(): number {
    return this.chance.whole(0, this.customers);
  }

  /** The long list of known trouble that every app has: most of it rare, some of it constant. */
  background(): void {
    const count = Math.round(40 * (this.peak / 200) ** 0.3 * this.chance.between(0.7, 1.6));
    for (let n = 0; n < count; n += 1) {
      const share = 2e-7 * Math.exp(Math.min(2.5, this.chance.normal()) * 2);
      const pool = this.chance.next() < 0.2 ? Array.from({ length: 20 }, () => this.anybody()) : null;
      const hour = this.chance.next() < 0.08 ? this.chance.whole(0, 23) : null;
      const late = this.chance.next() < 0.2;
      // One that appears later and reaches many would be a fault; those are put in below, with their truth.
      const small = late ? Math.min(share, 5 / (1440 * 0.4 * this.peak)) : share;
      const issue = { id: this.issueId(), share: small, pool, hour };
      this.issues.push(issue);
      this.occurrences(issue, late ? this.chance.between(0, this.seconds) : 0, this.seconds);
    }
  }

  private occurrences(issue: Draft['issues'][number], from: number, to: number): void {
    let drift = 0;
    for (let start = from; start < to; start += HOUR) {
      drift = drift * 0.98 + this.chance.normal() * 0.1;
      const nightly = issue.hour === null ? 1 : Math.floor(start / HOUR) % 24 === issue.hour ? 12 : 0.2;
      const noisy = Math.exp(drift + this.chance.normal() * 0.4);
      const mean = issue.share * this.activeAt(start + HOUR / 2) * 60 * noisy * nightly;
      for (let n = this.chance.poisson(mean); n > 0; n -= 1)
        this.occurrence(issue, start + this.chance.between(0, HOUR));
    }
  }

  /** One customer, now and then an office of some; each tries again a few times, some very often. */
  private occurrence(issue: Draft['issues'][number], at: number): void {
    const people = this.chance.next() < 0.03 ? this.chance.whole(2, 4) : 1;
    for (let n = 0; n < people; n += 1) {
      const customer = issue.pool ? this.chance.pick(issue.pool) : this.anybody();
      this.tries(issue.id, customer, at + this.chance.between(0, 60), Math.floor(this.chance.pareto(1, 1.3, 40)));
    }
  }

  private tries(issue: number, customer: number, at: number, times: number): void {
    let time = at;
    for (let n = 0; n < times; n += 1) {
      this.hits.push({ at: time, issue, customer });
      time += this.chance.exponential(40);
    }
  }

  /** Issues that appear, reach a few people over a day or two, and mean nothing. */
  newcomers(): void {
    const count = this.chance.poisson(10 * this.weeks * Math.sqrt(this.peak / 1000));
    for (let n = 0; n < count; n += 1) {
      const id = this.issueId();
      const start = this.chance.between(0, this.seconds);
      const people = Math.floor(this.chance.pareto(1, 1.1, 12));
      for (let k = 0; k < people; k += 1) {
        const at = k === 0 ? start : start + this.chance.exponential(DAY);
        this.tries(id, this.anybody(), at, Math.floor(this.chance.pareto(1, 1.3, 40)));
      }
    }
  }

  /** One customer's browser in a loop; a scanner with a handful of made-up accounts. */
  loopsAndBots(): void {
    for (let n = this.chance.poisson(5 * this.weeks); n > 0; n -= 1) {
      const { id } = this.chance.pick(this.issues);
      const pause = this.chance.between(2, 30);
      const start = this.chance.between(0, this.seconds);
      const customer = this.anybody();
      for (let at = start; at < start + this.chance.between(0.2, 6) * HOUR; at += pause)
        this.hits.push({ at, issue: id, customer });
    }
    for (let n = this.chance.poisson(2 * this.weeks); n > 0; n -= 1) {
      const { id } = this.chance.pick(this.issues);
      const start = this.chance.between(0, this.seconds);
      for (let k = this.chance.whole(2, 4); k > 0; k -= 1) this.tries(id, this.anybody(), start, 100);
    }
  }

  /** Connections drop and old pages miss their files for some minutes; the odd small new issue comes with the release. */
  deploysAndRestarts(): void {
    const bump = { id: this.issueId(), share: 0, pool: null, hour: null };
    this.issues.push(bump);
    for (let n = this.chance.poisson(6 * this.weeks); n > 0; n -= 1) {
      const at = this.chance.between(0, this.seconds);
      if (this.chance.next() < 0.8) this.deploys.push(at);
      const share = Math.min(0.02, 0.002 * Math.exp(this.chance.normal()));
      const length = this.chance.between(60, 240);
      for (let k = this.chance.poisson(share * this.activeAt(at)); k > 0; k -= 1) {
        this.tries(bump.id, this.anybody(), at + this.chance.between(0, length), this.chance.whole(1, 4));
      }
      for (let k = this.chance.whole(0, 2); k > 0; k -= 1) {
        const share = 1e-7 * Math.exp(this.chance.normal());
        this.occurrences({ id: this.issueId(), share, pool: null, hour: null }, at, this.seconds);
      }
    }
  }

  addFaults(perWeek: number): void {
    const every = (7 * DAY) / perWeek;
    for (let start = 0; start + every <= this.seconds; start += every) {
      const at = start + this.chance.between(0.05, 0.5) * every;
      if (!this.quietDataAround(at)) continue;
      this.fault(at, this.chance.pick(SHAPES), this.chance.pick(SIZES));
    }
  }

  /** A fault in a gap of the data cannot be seen by anyone, so none is put there. */
  private quietDataAround(at: number): boolean {
    const from = Math.floor(at / MINUTE);
    return (
      this.received.slice(from, from + 30).every(Boolean) && this.active.slice(from, from + 30).every((n) => n > 0)
    );
  }

  private fault(at: number, asked: FaultShape, size: string): void {
    const shape = size === '1%' ? 'step' : asked;
    const wanted = size === '1%' ? Math.max(LEAST_FAULT, Math.round(0.01 * this.activeAt(at))) : Number(size);
    const draw = this.chance.next();
    const carrier = draw < 0.55 ? 'new' : draw < 0.8 ? 'existing' : 'outage';
    const issues = this.carriers(carrier, wanted);
    const length = size === '1%' ? 0 : this.lengthOf(shape);
    const firsts: number[] = [];
    for (let n = 0; n < wanted; n += 1) {
      const first = at + (size === '1%' ? this.chance.exponential(45) : this.delay(shape, length));
      firsts.push(first);
      const customer = this.anybody();
      const through = carrier === 'outage' && this.chance.next() < 0.3 ? 2 : 1;
      for (let k = 0; k < through; k += 1)
        this.tries(this.chance.pick(issues), customer, first + k * 5, this.chance.whole(1, 4));
    }
    firsts.sort((a, b) => a - b);
    const [firstHit = at] = firsts;
    this.faults.push({
      shape,
      size,
      carrier,
      issues: new Set(issues),
      firstHit,
      lastHit: firsts.at(-1) ?? at,
      fifthAfter: (firsts[4] ?? firsts.at(-1) ?? at) - firstHit,
      customers: wanted,
      active: this.activeAt(at),
    });
  }

  private carriers(carrier: Fault['carrier'], wanted: number): number[] {
    if (carrier === 'existing') return [this.chance.pick(this.issues).id];
    if (carrier === 'new') return [this.issueId()];
    const service = this.chance.pick(this.services);
    return Array.from({ length: this.chance.whole(2, Math.max(2, Math.min(50, wanted / 3))) }, () => {
      const id = this.issueId();
      this.service.set(id, service);
      return id;
    });
  }

  private lengthOf(shape: FaultShape): number {
    if (shape === 'burst') return this.chance.between(30, 180);
    if (shape === 'slow') return this.chance.between(2, 4) * HOUR;
    return this.chance.between(5, 60) * MINUTE;
  }

  /** When, after the start, one customer meets the fault for the first time. */
  private delay(shape: FaultShape, length: number): number {
    if (shape === 'ramp') return length * Math.sqrt(this.chance.next());
    if (shape !== 'partial') return this.chance.between(0, length);
    const time = this.chance.between(0, length / 2);
    return time + Math.floor(time / 300) * 300;
  }
}
