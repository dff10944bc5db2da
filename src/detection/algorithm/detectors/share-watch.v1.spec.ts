import { describe, expect, it } from '@jest/globals';
import type { Verdict } from '../../detection.js';
import { newShareWatch, type ShareContext, type ShareWatch } from './share-watch.v1.js';
import { observeShare } from './watch.v1.js';

/** A Monday, midnight UTC, epoch minutes. */
const START = 29_459_520;
const DAY = 1440;

interface Told {
  readonly days: number;
  /** [seen, ofAll] of a minute counted from the start; null when nothing could be received. */
  readonly at: (minute: number) => readonly [number, number] | null;
  readonly context?: (minute: number) => Partial<ShareContext>;
  readonly watch?: ShareWatch;
  readonly from?: number;
}

function play({ days, at, context, watch = newShareWatch(START), from = 0 }: Told): Verdict[] {
  const said: Verdict[] = [];
  for (let minute = from; minute < from + days * DAY; minute += 1) {
    const row = at(minute);
    const verdict = observeShare(watch, row ? { minute: START + minute, seen: row[0], ofAll: row[1] } : undefined, {
      now: (START + minute + 1) * 60_000,
      unit: 'sessions',
      ...context?.(minute),
    });
    if (verdict) said.push(verdict);
  }
  return said;
}

/** Draws Poisson counts that are the same in every run (a linear congruential generator). */
function poisson(seed: number): (mean: number) => number {
  let state = seed;
  const uniform = () => (state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296) / 4_294_967_296;
  return (mean) => {
    let count = 0;
    for (let product = uniform(); product > Math.exp(-mean); product *= uniform()) count += 1;
    return count;
  };
}

/** Use of the app: more by day than by night. */
const use = (minute: number) => Math.round(60 + 50 * Math.sin(((minute % DAY) / DAY) * 2 * Math.PI));
const usual = (seed: number, share = 0.004) => {
  const draw = poisson(seed);
  return (minute: number) => [draw(share * use(minute)), use(minute)] as const;
};

describe('a share', () => {
  it('stays calm through two weeks of random counts, by night and by day', () => {
    for (const seed of [1, 2, 3]) expect(play({ days: 14, at: usual(seed) })).toEqual([]);
  });

  it('is called once when it jumps, with the time of its start, and once when it is over', () => {
    const calm = usual(4);
    const bad = usual(5, 0.1);
    const isBad = (minute: number) => minute >= 5 * DAY + 600 && minute < 5 * DAY + 640;
    const said = play({ days: 6, at: (minute) => (isBad(minute) ? bad : calm)(minute) });
    expect(said.map(({ kind }) => kind)).toEqual(['spike', 'recovered']);
    const start = (START + 5 * DAY + 600) * 60_000;
    expect(Math.abs((said[0]?.since ?? 0) - start)).toBeLessThanOrEqual(3 * 60_000);
    expect((said[0]?.at ?? 0) - start).toBeLessThanOrEqual(6 * 60_000);
    expect(said[0]?.words).toMatch(
      /^\d+ of \d+ sessions crashed in \d+ min \(.+ %\), expected .+ \(p < 1e-\d+\), since 10:0\d UTC$/,
    );
  });

  it('stays calm when ten times the sessions bring ten times the crashes', () => {
    const draw = poisson(6);
    const busy = (minute: number) => (minute > 4 * DAY + 700 && minute < 4 * DAY + 900 ? 10 : 1) * use(minute);
    expect(play({ days: 6, at: (minute) => [draw(0.004 * busy(minute)), busy(minute)] })).toEqual([]);
  });

  it('says nothing on its first day, in a gap, or while the app is silent', () => {
    expect(play({ days: 1, at: usual(7, 0.3) })).toEqual([]);
    const calm = usual(8);
    expect(
      play({ days: 5, at: (minute) => (minute > 3 * DAY && minute < 3 * DAY + 400 ? null : calm(minute)) }),
    ).toEqual([]);
  });

  it('of a new release is compared with its project from the first minute, and being new is no spike', () => {
    const project = newShareWatch(START);
    play({ days: 4, at: usual(9), watch: project });
    const from = 4 * DAY;
    const deployedAt = (START + from) * 60_000;
    const context = () => ({ peer: { ...project, perMinute: project.use.mean }, deployedAt });
    const release = (seed: number, share: number) =>
      play({ days: 1, from, at: usual(seed, share), watch: newShareWatch(START + from), context });
    expect(release(10, 0.004)).toEqual([]);
    const [said] = release(11, 0.03);
    expect(said?.kind).toBe('spike');
    expect((said?.at ?? 0) - deployedAt).toBeLessThanOrEqual(15 * 60_000);
  });

  it('of a withdrawn release is over once the app is in use without it, but not while the app is silent', () => {
    const bad = usual(16, 0.2);
    const calm = usual(17);
    const taken = 3 * DAY + 30;
    const at = (minute: number) => (minute >= taken ? null : (minute >= 3 * DAY ? bad : calm)(minute));
    expect(play({ days: 4, at, context: () => ({ inUse: false }) }).map(({ kind }) => kind)).toEqual(['spike']);
    const said = play({ days: 4, at, context: () => ({ inUse: true }) });
    expect(said[1]).toMatchObject({
      kind: 'recovered',
      words: 'nobody has used it for an hour, while the app is in use',
    });
  });

  it('gives a jump right after a deploy five minutes to pass', () => {
    const calm = usual(12);
    const flash = usual(13, 0.04);
    const deploy = 4 * DAY + 720;
    const said = play({
      days: 5,
      at: (minute) => (minute >= deploy && minute < deploy + 4 ? flash : calm)(minute),
      context: (minute) => (minute >= deploy ? { deployedAt: (START + deploy) * 60_000 } : {}),
    });
    expect(said).toEqual([]);
  });

  it('keeps a state of bounded size that survives saving and loading unchanged', () => {
    const watch = newShareWatch(START);
    const at = usual(14);
    play({ days: 3, at, watch });
    const copy = JSON.parse(JSON.stringify(watch)) as ShareWatch;
    const rest = { days: 1, from: 3 * DAY, at: usual(15, 0.1) };
    const said = play({ ...rest, watch });
    expect(play({ ...rest, at: usual(15, 0.1), watch: copy })).toEqual(said);
    expect(said).not.toEqual([]);
    expect(JSON.stringify(watch).length).toBeLessThan(6000);
  });
});
