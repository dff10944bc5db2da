import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type AppEvent, type ExceptionValue } from '../../events/event.js';
import { fingerprintV1 } from '../../grouping/fingerprint/fingerprint.v1.js';
import { linkScoreV1, PROPOSE_LINK } from './link-score.v1.js';
import { foldSketch, type IssueSketch, SKETCH_LIMITS, sketchV1 } from './link-sketch.v1.js';

function aSketch(over: Partial<IssueSketch>): IssueSketch {
  return { types: [], frames: [], words: [], releases: [], transactions: [], platforms: [], ...over };
}

function sketchOf(
  platform: string,
  type: string | undefined,
  value: string,
  ...stack: [module: string, name: string][]
): IssueSketch {
  const frames = stack.map(([module, name]) => ({ module, function: name, inApp: true }));
  const exceptions: ExceptionValue[] = type === undefined ? [] : [{ type, value, frames }];
  const message = type === undefined ? value : undefined;
  const event: AppEvent = {
    eventId: '',
    occurredAt: 0,
    platform,
    level: 'error',
    environment: 'production',
    tags: {},
    exceptions,
    message,
  };
  return sketchV1(event, fingerprintV1(event));
}

describe('likely duplicates', () => {
  it('proposes the same fault on two platforms that spell names differently', () => {
    const server = sketchOf('java', 'CouponException', 'Coupon 17 has already expired', [
      'com.shop.Cart',
      'applyCoupon',
    ]);
    const app = sketchOf('python', 'CouponException', 'Coupon 99 has already expired', ['shop.cart', 'apply_coupon']);
    const { score, reason } = linkScoreV1(server, app);
    expect(score).toBeGreaterThanOrEqual(PROPOSE_LINK);
    expect(reason).toBe('both fail in cart.applycoupon; same wording; same type of error, CouponException');
  });

  it('proposes a plain message together with an exception of the same wording', () => {
    const thrown = sketchOf('java', 'PayError', 'payment gateway did not answer in 30s', ['shop.Pay', 'charge']);
    const logged = sketchOf('java', undefined, 'payment gateway did not answer in 5s');
    expect(linkScoreV1(thrown, logged).score).toBeGreaterThanOrEqual(PROPOSE_LINK);
  });

  it('never proposes a link by types, release and route alone', () => {
    const shared = { types: ['PayError'], releases: ['2.4.1'], transactions: ['/pay'] };
    const pair = linkScoreV1(aSketch({ ...shared, frames: ['a.first'] }), aSketch({ ...shared, frames: ['b.second'] }));
    expect(pair).toEqual({ score: 0, reason: '' });
  });

  it("does not count the runtime's wording of an error as evidence", () => {
    const one = sketchOf('java', 'StringIndexOutOfBoundsException', 'String index out of range: 4', [
      'shop.Text',
      'abbreviate',
    ]);
    const other = sketchOf('java', 'StringIndexOutOfBoundsException', 'String index out of range: 9', [
      'shop.Flags',
      'readAll',
    ]);
    expect(linkScoreV1(one, other).score).toBe(0);
  });

  it('does not count a shared check as a shared crash site', () => {
    const one = sketchOf(
      'java',
      'IllegalArgumentException',
      'must not be empty',
      ['shop.Cart', 'addItem'],
      ['shop.Validate', 'notEmpty'],
    );
    const other = sketchOf(
      'java',
      'IllegalArgumentException',
      'must be positive',
      ['shop.Mail', 'send'],
      ['shop.Validate', 'positive'],
    );
    expect(linkScoreV1(one, other).score).toBeLessThan(PROPOSE_LINK);
  });

  it('lowers the score when the types of error differ', () => {
    const base = { frames: ['cart.total'], words: ['price', 'list', 'is', 'gone'] };
    const same = linkScoreV1(
      aSketch({ ...base, types: ['PayError'] }),
      aSketch({ ...base, types: ['PayError'] }),
    ).score;
    expect(
      linkScoreV1(aSketch({ ...base, types: ['PayError'] }), aSketch({ ...base, types: ['MailError'] })).score,
    ).toBeLessThan(same);
  });

  const names = fc.array(fc.constantFrom('a.one', 'b.two', 'c.three', 'd.four', 'word', 'other'), { maxLength: 40 });
  const sketch = fc.record({
    types: names,
    frames: names,
    words: names,
    releases: names,
    transactions: names,
    platforms: names,
  });

  it('scores pairs from 0 to 1, the same from both sides, and gives a reason with every score', () => {
    fc.assert(
      fc.property(sketch, sketch, (a, b) => {
        const { score, reason } = linkScoreV1(a, b);
        expect(score).toBe(linkScoreV1(b, a).score);
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(1);
        expect(reason === '').toBe(score === 0);
      }),
    );
  });

  it('keeps sketches within their limits however many events are added', () => {
    fc.assert(
      fc.property(fc.array(sketch, { minLength: 1, maxLength: 20 }), (many) => {
        const folded = many.reduce(foldSketch, aSketch({}));
        for (const feature of ['types', 'releases', 'transactions', 'platforms'] as const) {
          expect(folded[feature].length).toBeLessThanOrEqual(SKETCH_LIMITS[feature]);
        }
      }),
    );
  });
});
