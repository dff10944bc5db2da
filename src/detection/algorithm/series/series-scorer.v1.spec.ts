import { describe, expect, it } from '@jest/globals';
import { CLEAR_SCORE, SeriesScorer } from './series-scorer.v1.js';

const START = Date.UTC(2024, 0, 1);
const FIVE_MINUTES = 300_000;

type Chance = () => number;

/** Noise of -1..1 that is the same in every run (a linear congruential generator). */
function noise(seed: number): Chance {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** A draw from the normal distribution of mean 0 and deviation 1 (Box and Muller 1958). */
function normal(chance: Chance): number {
  const radius = Math.sqrt(-2 * Math.log((1 - chance()) / 2));
  return radius * Math.cos(Math.PI * (chance() + 1));
}

/** A draw from the Poisson distribution: the number of arrivals of rate 1 within `mean`. */
function count(mean: number, chance: Chance): number {
  let arrivals = -1;
  for (let at = 0; at < mean; arrivals++) at -= Math.log((1 - chance()) / 2);
  return Math.max(0, arrivals);
}

/** A busy service: a daily wave and noise, one value every five minutes. */
function daily(count: number, seed = 1): number[] {
  const random = noise(seed);
  return Array.from({ length: count }, (_, i) => 100 + 40 * Math.sin((i / 288) * 2 * Math.PI) + 5 * random());
}

function scores(values: readonly (number | null)[], scorer = new SeriesScorer()): number[] {
  return values.map((value, i) => scorer.push(START + i * FIVE_MINUTES, value).score);
}

function incidents(all: readonly number[], from = 0): number[] {
  return all.flatMap((score, i) => (score >= CLEAR_SCORE && i >= from ? [i] : []));
}

describe('SeriesScorer', () => {
  it('scores every value from 0 to 1', () => {
    const values = [...daily(600), 0, 1e9, -1e9, 1e-9, ...daily(100)];
    for (const score of scores(values)) expect(score >= 0 && score <= 1).toBe(true);
  });

  it('is causal: later values change no earlier score', () => {
    const values = daily(1500);
    const changed = values.map((value, i) => (i < 1000 ? value : value * 3));
    expect(scores(changed).slice(0, 1000)).toEqual(scores(values).slice(0, 1000));
  });

  it('begins one incident at a spike', () => {
    const values = daily(4000).map((value, i) => (i >= 3000 && i < 3012 ? value + 200 : value));
    expect(incidents(scores(values), 2900).filter((i) => i < 3200)).toHaveLength(1);
    expect(incidents(scores(values), 2900)[0]).toBeLessThan(3003);
  });

  it('begins an incident when a series falls to zero', () => {
    const values = daily(4000).map((value, i) => (i >= 3000 && i < 3100 ? 0 : value));
    expect(incidents(scores(values), 3000)[0]).toBeLessThan(3005);
  });

  it('begins an incident when a service goes flat, even at a usual value', () => {
    const values = daily(4000).map((value, i) => (i >= 3000 && i < 3288 ? 100 : value));
    expect(incidents(scores(values), 3000)[0]).toBeLessThan(3150);
  });

  it('begins at most one incident in 10,000 values of Gaussian and Poisson noise, and none in the first hundred', () => {
    let begun = 0;
    for (const mean of [0.1, 0.5, 1, 2, 5, 10, 50, 100, 300, 1000]) {
      for (const draw of [
        (chance: Chance) => mean * (1 + normal(chance) / 4),
        (chance: Chance) => count(mean, chance),
      ]) {
        const chance = noise(mean * 10);
        const found = incidents(scores(Array.from({ length: 1000 }, () => draw(chance))));
        expect(found.filter((i) => i < 100)).toEqual([]);
        begun += found.length;
      }
    }
    expect(begun).toBeLessThanOrEqual(2);
  });

  it.each([
    ['a level that rises a little', 4, 30],
    ['a level that stays up for a day', 8, 288],
    ['a level far above', 20, 120],
  ])('begins one incident for %s', (_, times, length) => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const chance = noise(seed);
      const raised = (i: number): number => (i >= 700 && i < 700 + length ? 5 * times : 0);
      const values = Array.from({ length: 1500 }, (_value, i) => 100 + 5 * normal(chance) + raised(i));
      const found = incidents(scores(values));
      expect(found).toHaveLength(1);
      expect(found[0]).toBeGreaterThanOrEqual(700);
      expect(found[0]).toBeLessThan(700 + length);
    }
  });

  it('begins an incident at each of several bursts of errors and nowhere else', () => {
    const chance = noise(3);
    const starts = [300, 360, 420, 700];
    const startOf = (i: number): number | undefined => starts.find((start) => i >= start && i < start + 4);
    const values = Array.from({ length: 900 }, (_, i) => count(20, chance) + (startOf(i) === undefined ? 0 : 300));
    expect([...new Set(incidents(scores(values)).map(startOf))]).toEqual(starts);
  });

  it('takes a single one in a series of zeros for chance, and a large count for an incident', () => {
    const lone = (value: number): number[] => scores(Array.from({ length: 1000 }, (_, i) => (i === 900 ? value : 0)));
    expect(Math.max(...lone(1).slice(0, 900))).toBe(0);
    expect(incidents(lone(1))).toEqual([]);
    expect(incidents(lone(20))).toEqual([900]);
  });

  it('keeps the score up while a fault lasts and lowers it afterwards', () => {
    const values = daily(4000).map((value, i) => (i >= 3000 && i < 3020 ? value + 300 : value));
    const all = scores(values);
    expect(Math.min(...all.slice(3003, 3020))).toBeGreaterThan(0.2);
    expect(all[3060]).toBeLessThan(0.2);
  });

  it('finds the same incidents in another unit of measure', () => {
    const values = daily(3000).map((value, i) => (i === 2500 ? 400 : value));
    const scaled = values.map((value) => value * 1024);
    expect(incidents(scores(scaled))).toEqual(incidents(scores(values)));
  });

  it('scores a gap 0 and learns nothing from it', () => {
    const scorer = new SeriesScorer();
    scores(daily(500), scorer);
    const before = JSON.stringify(scorer.export());
    expect(scorer.push(START, null)).toEqual({ score: 0 });
    expect(JSON.stringify(scorer.export())).toBe(before);
  });

  it('goes on with the same scores after its state was saved as JSON and restored', () => {
    const values = daily(3000).map((value, i) => (i % 700 === 0 ? value + 90 : value));
    const whole = scores(values);
    const first = new SeriesScorer();
    values.slice(0, 1700).forEach((value, i) => first.push(START + i * FIVE_MINUTES, value));
    const second = SeriesScorer.import(
      JSON.parse(JSON.stringify(first.export())) as ReturnType<SeriesScorer['export']>,
    );
    const rest = values.slice(1700).map((value, i) => second.push(START + (1700 + i) * FIVE_MINUTES, value).score);
    expect(rest).toEqual(whole.slice(1700));
  });

  it('keeps a state of bounded size', () => {
    const size = (count: number): number => {
      const scorer = new SeriesScorer();
      scores(daily(count), scorer);
      return JSON.stringify(scorer.export()).length;
    };
    expect(size(20_000)).toBeLessThan(size(5000) * 1.3);
  });
});
