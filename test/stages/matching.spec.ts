import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type MatchEntry } from '../../src/explanations/matcher.js';
import { localMatcher } from '../../src/explanations/matching/create-matcher.js';

const entry = (id: string, title: string, body: string): MatchEntry => ({ id, title, body, phrases: [], locale: 'en' });

describe('words of a customer whom an incident just hit, matched by meaning', () => {
  const matcher = localMatcher({ config: { embedder: 'builtIn' }, key: undefined }, 'here');
  beforeAll(async () => {
    await matcher.index([
      entry('coupon', 'Checkout with a coupon fails', 'Since 10:00, checkout fails when a coupon is used.'),
      entry('login', 'Signing in fails for some customers', 'Since 9:00, some customers cannot sign in.'),
    ]);
  }, 60_000);
  afterAll(() => matcher.close());
  const ask = (text: string) => matcher.match({ text, candidates: [['coupon'], [], ['login']] });

  it.each(['my payment fails', 'something is wrong with my order', 'the shop is broken', '用优惠券付款失败'])(
    'lead to that incident even where they are vague: %s',
    async (text) => expect(await ask(text)).toMatchObject({ tier: 0, ranked: [{ id: 'coupon' }] }),
  );

  it.each(['how do I change my password', 'where is my parcel', 'good morning', 'thank you', '怎么修改密码', '谢谢'])(
    'lead to nothing where they are an ordinary question: %s',
    async (text) => expect((await ask(text)).match).toBe('none'),
  );

  it('lead to another incident where that is what they say', async () => {
    expect((await ask('I cannot sign in')).ranked[0]?.id).toBe('login');
  });
});
