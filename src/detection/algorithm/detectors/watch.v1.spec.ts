import { describe, expect, it } from '@jest/globals';
import { DEFAULT_THRESHOLDS, type DetectionThresholds, type MinuteRow, type Verdict } from '../../detection.js';
import { beat, newPulse, noteFlare, type PulseState } from '../pulse.v1.js';
import { newWatch, observe, type WatchState } from './watch.v1.js';

/** Monday 2026-01-05T00:00Z, in epoch minutes. */
const START = 29_459_520;
const DAY = 1440;

interface Options {
  readonly active?: (minute: number) => number | null;
  readonly received?: (minute: number) => boolean;
  readonly deployedAt?: number;
  readonly canBeNew?: boolean;
  readonly thresholds?: DetectionThresholds;
}

/** Plays arrivals by minute through one watch; the series is born at `from`. */
class Play {
  readonly pulse: PulseState = newPulse(START);
  watch: WatchState | null = null;
  readonly verdicts: Verdict[] = [];

  constructor(private readonly options: Options = {}) {}

  /** @param arrivals customers newly hit in a minute; events and customers follow, unless given */
  run(from: number, to: number, arrivals: (minute: number) => number | Partial<MinuteRow>): this {
    for (let minute = from; minute < to; minute += 1) {
      const active = this.options.active ? this.options.active(minute) : 1000;
      beat(this.pulse, { minute: START + minute, active, received: this.options.received?.(minute) ?? true });
      this.look(minute, arrivals(minute));
    }
    return this;
  }

  private look(minute: number, given: number | Partial<MinuteRow>): void {
    const arrivals = typeof given === 'number' ? given : (given.arrivals ?? 0);
    const row = {
      minute: START + minute,
      arrivals,
      customers: arrivals,
      events: arrivals,
      ...(typeof given === 'number' ? {} : given),
    };
    if (!this.watch && row.events === 0) return;
    this.watch ??= newWatch(START + minute, this.options.canBeNew ?? true);
    const deployedAt = this.options.deployedAt === undefined ? undefined : (START + this.options.deployedAt) * 60_000;
    const { thresholds } = this.options;
    const context = { now: (START + minute + 1) * 60_000, pulse: this.pulse, deployedAt, thresholds };
    this.verdicts.push(...observe(this.watch, row.events > 0 ? [row] : [], context));
  }

  /** Looks so many seconds into a minute that is still being counted. */
  hitWithin(minute: number, seconds: number, arrivals: number): void {
    const row = { minute: START + minute, arrivals, customers: arrivals, events: arrivals };
    const now = (START + minute) * 60_000 + seconds * 1000;
    if (this.watch)
      this.verdicts.push(...observe(this.watch, [row], { now, pulse: this.pulse, deployedAt: undefined }));
  }

  kinds(): string[] {
    return this.verdicts.map(({ kind }) => kind);
  }
}

const rare = (minute: number) => (minute % 600 === 0 ? 1 : 0);
const silence = () => 0;

describe('a watched issue', () => {
  it('calls a new issue when it has hit five customers within ten minutes', () => {
    const play = new Play().run(0, 1.5 * DAY, silence).run(1.5 * DAY, 1.5 * DAY + 5, () => 1);
    expect(play.kinds()).toEqual(['new']);
    expect(play.verdicts[0]?.words).toMatch(/^5 customers in 5 min, expected 0\.\d+ \(p < 1e-\d+\), since 12:00 UTC$/);
  });

  it('stays calm about four customers within ten minutes in a busy app', () => {
    const play = new Play({ active: () => 5000 })
      .run(0, 1.5 * DAY, silence)
      .run(1.5 * DAY, 1.5 * DAY + 60, (m) => (m % 60 < 4 ? 1 : 0));
    expect(play.kinds()).toEqual([]);
  });

  it('calls a new issue at its third customer once the project is known', () => {
    const play = new Play({ active: () => 5000 }).run(0, 4 * DAY, silence).run(4 * DAY, 4 * DAY + 3, () => 1);
    expect(play.kinds()).toEqual(['new']);
    expect(play.verdicts[0]?.seen).toBe(3);
  });

  it('waits for the configured number of customers where small groups came to nothing before', () => {
    const play = new Play({ active: () => 5000 }).run(0, 4 * DAY, silence);
    noteFlare(play.pulse, (START + 4 * DAY) * 60_000, 3, false);
    expect(play.run(4 * DAY, 4 * DAY + 3, () => 1).kinds()).toEqual([]);
    expect(play.run(4 * DAY + 3, 4 * DAY + 5, () => 1).kinds()).toEqual(['new']);
  });

  it('calls a new issue at its second customer where two are half a percent of the active customers', () => {
    const pair = (minute: number) =>
      minute === 4 * DAY ? { events: 2, customers: 2, arrivals: 2, moments: 0b101 } : 0;
    const kindsOf = (active: number | null) =>
      new Play({ active: () => active })
        .run(0, 4 * DAY, silence)
        .run(4 * DAY, 4 * DAY + 5, pair)
        .kinds();
    expect(kindsOf(400)).toEqual(['new']);
    expect(kindsOf(401)).toEqual([]);
    expect(kindsOf(null)).toEqual([]);
  });

  it('takes several accounts within the same ten seconds for one script and not for a group', () => {
    const script = (minute: number) =>
      minute === 4 * DAY ? { events: 9, customers: 4, arrivals: 4, moments: 0b100 } : 0;
    const play = new Play({ active: () => 400 }).run(0, 4 * DAY, silence).run(4 * DAY, 4 * DAY + 60, script);
    expect(play.kinds()).toEqual([]);
    expect(play.pulse.flares.bySize).toEqual({});
  });

  it('demands small groups in proportion to the configured number of customers', () => {
    const thresholds = { ...DEFAULT_THRESHOLDS, newFault: { customers: 10, withinMinutes: 10 } };
    const play = new Play({ active: () => 5000, thresholds }).run(0, 4 * DAY, silence);
    expect(play.run(4 * DAY, 4 * DAY + 5, () => 1).kinds()).toEqual([]);
    expect(play.run(4 * DAY + 5, 4 * DAY + 6, () => 1).kinds()).toEqual(['new']);
  });

  it('does not count four people of one office as independent customers in a busy app', () => {
    const office = (minute: number) => (minute === 4 * DAY ? 4 : 0);
    const play = new Play({ active: () => 5000 }).run(0, 4 * DAY, silence).run(4 * DAY, 4 * DAY + 60, office);
    expect(play.kinds()).toEqual([]);
  });

  it('remembers for the project whether a small group grew into a fault', () => {
    const play = new Play({ active: () => 5000 })
      .run(0, 2 * DAY, silence)
      .run(2 * DAY, 2 * DAY + 60, (m) => (m % 60 < 3 ? 1 : 0));
    expect(play.pulse.flares.bySize).toEqual({ '3': 1 });
    const grown = new Play({ active: () => 5000 }).run(0, 2 * DAY, silence).run(2 * DAY, 2 * DAY + 60, () => 1);
    expect(grown.pulse.flares).toMatchObject({ bySize: {}, grew: 1 });
  });

  it('uses the configured number on the first day of an app that tells no activity', () => {
    const play = new Play({ active: () => null }).run(0, 10, (minute) => (minute < 5 ? 1 : 0));
    expect(play.kinds()).toContain('new');
  });

  it('expects some hits even at the start of a project whose use is unknown', () => {
    const pulse = newPulse(START);
    beat(pulse, { minute: START, active: null, received: false });
    const now = (START + 1) * 60_000 + 30_000;
    const row = { minute: START + 1, arrivals: 6, customers: 6, events: 6 };
    const [first] = observe(newWatch(START + 1, true), [row], { now, pulse, deployedAt: undefined });
    expect(first?.expected).toBeGreaterThan(0);
    expect(first?.words).toMatch(/^6 customers in 30 s, expected 0\.\d+ \(p < 1e-\d\d?\), since/);
  });

  it('does not call one customer who retries every second', () => {
    const loop = (minute: number) => ({ events: 60, customers: 1, arrivals: minute === 3 * DAY ? 1 : 0 });
    const play = new Play().run(0, 3 * DAY, rare).run(3 * DAY, 3 * DAY + 300, loop);
    expect(play.kinds()).toEqual([]);
  });

  it('calls a spike of a rare old issue, and its recovery once the app is used without it', () => {
    const play = new Play()
      .run(0, 4 * DAY, rare)
      .run(4 * DAY, 4 * DAY + 15, () => 3)
      .run(4 * DAY + 15, 4 * DAY + 60, silence);
    expect(play.kinds()).toEqual(['spike', 'recovered']);
  });

  it('does not extrapolate the customers of the first seconds to a pace of so many a second', () => {
    const play = new Play().run(0, DAY, rare);
    play.hitWithin(DAY, 2, 8);
    play.run(DAY, DAY + 10, (minute) => (minute === DAY ? 8 : 0));
    expect(play.kinds()).toEqual(['spike', 'recovered']);
    expect(play.verdicts.at(-1)?.expected).toBeLessThan(8 * 10);
  });

  it('does not call a recovery while the whole app is silent', () => {
    const outage = 4 * DAY + 15;
    const play = new Play({ active: (minute) => (minute < outage ? 1000 : 0) })
      .run(0, 4 * DAY, rare)
      .run(4 * DAY, outage, () => 3)
      .run(outage, outage + 240, silence);
    expect(play.kinds()).toEqual(['spike']);
  });

  it('calls a slow burn that never spikes', () => {
    const steady = (minute: number) => (minute % 30 === 0 ? 1 : 0);
    const play = new Play().run(0, 7 * DAY, steady).run(7 * DAY, 7 * DAY + 720, (minute) => (minute % 6 === 0 ? 1 : 0));
    expect(play.kinds()).toEqual(['slow_burn']);
  });

  it('stays calm when hits grow with the number of active customers', () => {
    const busy = (minute: number) => (minute < 7 * DAY ? 500 : 5000);
    const play = new Play({ active: busy })
      .run(0, 7 * DAY, (minute) => (minute % 20 === 0 ? 1 : 0))
      .run(7 * DAY, 7 * DAY + 300, (minute) => (minute % 2 === 0 ? 1 : 0));
    expect(play.kinds()).toEqual([]);
  });

  it('lets a known issue jump for some minutes after a deploy', () => {
    const bump = (minute: number) => (minute < 4 * DAY + 3 ? 5 : 0);
    const calm = new Play({ deployedAt: 4 * DAY }).run(0, 4 * DAY, rare).run(4 * DAY, 4 * DAY + 60, bump);
    expect(calm.kinds()).toEqual([]);
    const unannounced = new Play().run(0, 4 * DAY, rare).run(4 * DAY, 4 * DAY + 60, bump);
    expect(unannounced.kinds()[0]).toBe('spike');
  });

  it('lets an issue from before a deploy jump for some minutes after it, but not one that came with it', () => {
    const bump = (minute: number) => (minute < 4 * DAY + 3 ? 3 : 0);
    const old = new Play({ deployedAt: 4 * DAY, active: () => 5000 })
      .run(0, 4 * DAY - 300, silence)
      .run(4 * DAY - 300, 4 * DAY, (minute) => (minute === 4 * DAY - 300 ? 1 : 0))
      .run(4 * DAY, 4 * DAY + 60, bump);
    expect(old.kinds()).toEqual([]);
    const fresh = new Play({ deployedAt: 4 * DAY, active: () => 5000 })
      .run(0, 4 * DAY, silence)
      .run(4 * DAY, 4 * DAY + 60, bump);
    expect(fresh.kinds()[0]).toBe('new');
  });

  it('stays calm after a gap in the data', () => {
    const received = (minute: number) => minute < 3 * DAY || minute > 3 * DAY + 240;
    const steady = (minute: number) => (minute % 5 === 0 ? 1 : 0);
    const play = new Play({ received }).run(0, DAY, steady);
    play.run(DAY, 5 * DAY, (minute) => (received(minute) ? steady(minute) : 0));
    expect(play.kinds().filter((kind) => kind === 'spike' || kind === 'slow_burn')).toEqual([]);
  });

  it('learns a nightly job after its first night and stays calm from then on', () => {
    const nightly = (minute: number) => (minute % DAY >= 120 && minute % DAY < 160 ? 1 : rare(minute));
    const play = new Play().run(0, 12 * DAY, nightly);
    const late = play.verdicts.filter(({ at, kind }) => kind !== 'recovered' && at > (START + 4 * DAY) * 60_000);
    expect(late).toEqual([]);
  });

  it('goes on where it stopped after its state was stored as JSON', () => {
    const through = new Play().run(0, 4 * DAY + 40, (minute) =>
      minute >= 4 * DAY && minute < 4 * DAY + 9 ? 4 : rare(minute),
    );
    const stored = new Play().run(0, 4 * DAY + 3, (minute) => (minute >= 4 * DAY ? 4 : rare(minute)));
    stored.watch = JSON.parse(JSON.stringify(stored.watch)) as WatchState;
    stored.run(4 * DAY + 3, 4 * DAY + 40, (minute) => (minute < 4 * DAY + 9 ? 4 : rare(minute)));
    expect(stored.verdicts).toEqual(through.verdicts);
  });

  it('keeps a state of bounded size however long it lives', () => {
    const play = new Play().run(0, 10 * DAY, () => 1);
    expect(JSON.stringify(play.watch).length).toBeLessThan(4000);
  });
});

describe('the sum of all young issues', () => {
  const trickle = (minute: number) => (minute % 700 === 0 ? { events: 1, customers: 1, arrivals: 1, births: 1 } : 0);
  const three = { events: 3, customers: 3, arrivals: 3, moments: 0b1011 };
  const after = (births: number, options: Options = {}) =>
    new Play({ canBeNew: false, ...options })
      .run(0, 4 * DAY, trickle)
      .run(4 * DAY, 4 * DAY + 5, (minute) => (minute === 4 * DAY ? { ...three, births } : 0))
      .kinds();

  it('is called when three customers meet two new issues side by side', () => {
    expect(after(2)).toEqual(['spike']);
  });

  it('is not called when all customers meet the same new issue', () => {
    expect(after(1)).toEqual([]);
  });

  it('is not called within minutes of a deploy', () => {
    expect(after(2, { deployedAt: 4 * DAY - 1 })).toEqual([]);
  });

  it('is not called in a project where new issues side by side are usual', () => {
    const busy = new Play({ canBeNew: false })
      .run(0, 4 * DAY, (minute) => (minute % 3 === 0 ? { ...three, births: 2 } : 0))
      .kinds();
    expect(busy).toEqual([]);
  });
});
