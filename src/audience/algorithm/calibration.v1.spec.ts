import { describe, expect, it } from '@jest/globals';
import { calibrate, together } from './calibration.v1.js';

const outcome = (incidentId: number, expected: number, customers: number, hit: number) => {
  return { incidentId, expected, customers, hit };
};

describe('a calibration', () => {
  it('puts what was expected beside what came, by tenths of what was expected', () => {
    const bands = calibrate([outcome(1, 0.3, 100, 27), outcome(2, 0.32, 100, 27), outcome(3, 0.85, 10, 9)]);

    expect(bands).toEqual([
      expect.objectContaining({ from: 0.3, to: 0.4, incidents: 2, customers: 200, measured: 0.27 }),
      expect.objectContaining({ from: 0.8, to: 0.9, incidents: 1, customers: 10, measured: 0.9, interval: null }),
    ]);
    expect(bands[0]?.expected).toBeCloseTo(0.31);
  });

  it('takes an incident for one observation, however many customers it had', () => {
    const [low, high] = together([outcome(1, 0.5, 1000, 1000), outcome(2, 0.5, 1000, 0)]).interval ?? [];

    expect(low).toBe(0);
    expect(high).toBe(1);
    const [closeLow, closeHigh] = together([outcome(1, 0.5, 1000, 510), outcome(2, 0.5, 1000, 490)]).interval ?? [];
    expect(closeLow).toBeGreaterThan(0.45);
    expect(closeHigh).toBeLessThan(0.55);
  });

  it('of nothing has no band', () => {
    expect(calibrate([])).toEqual([]);
    expect(together([])).toMatchObject({ incidents: 0, customers: 0, measured: 0, interval: null });
  });
});
