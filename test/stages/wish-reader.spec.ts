import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { localMatcher } from '../../src/explanations/matching/create-matcher.js';
import { type Matcher } from '../../src/explanations/matcher.js';
import { type WISH_EXAMPLES } from '../../src/delivery/replies/wish-examples.js';
import { WishReader } from '../../src/delivery/replies/wish-reader.service.js';
import { SENTENCES, type Sentences } from '../support/wish-sentences.js';

const KINDS = ['stop', 'needsHelp', 'fixed', 'none'] as const;

function readerOf(matcher: Matcher): WishReader {
  return new WishReader({
    kindOf: (text: string, kinds: typeof WISH_EXAMPLES) => matcher.kindOf(text, kinds),
  } as never);
}

/** How often sentences of each sort are read as each wish. */
async function counted(reader: WishReader, sentences: Sentences): Promise<Record<string, Record<string, number>>> {
  const counts: Record<string, Record<string, number>> = {};
  for (const sort of KINDS) {
    const of: Record<string, number> = { all: sentences[sort].length };
    for (const text of sentences[sort]) {
      const { kind } = await reader.read(text);
      of[kind] = (of[kind] ?? 0) + 1;
    }
    counts[sort] = of;
  }
  return counts;
}

describe('a reply in words of one’s own, matched by meaning', () => {
  const matcher = localMatcher({ config: { embedder: 'builtIn' }, key: undefined }, 'here');
  const reader = readerOf(matcher);
  beforeAll(() => reader.read('the first one loads the model'), 60_000);
  afterAll(() => matcher.close());

  it.each(['chosenWith', 'apart'] as const)(
    'never ends messages for a complaint, and misses few who want no more (sentences %s)',
    async (part) => {
      const { stop, needsHelp, fixed, none } = await counted(reader, SENTENCES[part]);
      const share = (of: Record<string, number>, ...kinds: string[]) =>
        kinds.reduce((sum, kind) => sum + (of[kind] ?? 0), 0) / of.all!;
      expect(none!.stop ?? 0).toBe(0);
      expect(share(none!, 'none')).toBeGreaterThan(0.75);
      expect(share(none!, 'fixed')).toBeLessThan(0.05);
      expect(share(stop!, 'stop', 'unclear')).toBeGreaterThan(0.9);
      expect(share(stop!, 'stop')).toBeGreaterThan(0.5);
      expect(share(needsHelp!, 'needsHelp')).toBeGreaterThan(0.75);
      expect(share(needsHelp!, 'stop', 'fixed') + share(fixed!, 'stop', 'needsHelp')).toBe(0);
      expect(share(fixed!, 'fixed')).toBeGreaterThan(0.5);
    },
    60_000,
  );

  it.each(["please don't text me again", '别再给我发短信了', '別再傳簡訊給我', 'stop', 'I don’t want your texts'])(
    'ends messages for "%s"',
    async (text) => expect((await reader.read(text)).kind).toBe('stop'),
  );

  it.each(["I'd rather not receive these", 'please refrain from texting this number', '取消对我的通知'])(
    'asks back, and ends nothing, for "%s"',
    async (text) => expect((await reader.read(text)).kind).toBe('unclear'),
  );

  it.each([
    'the payment does not stop loading',
    'can you stop the charge?',
    '先付款页面一直停着',
    '',
    '😀',
    'x'.repeat(5000),
  ])('finds no wish in "%.40s"', async (text) => expect((await reader.read(text)).kind).toBe('none'));
});

describe('a reply in words of one’s own, without a sentence model', () => {
  it('never ends messages by likeness of words, and asks instead', async () => {
    const matcher = localMatcher({ config: { embedder: 'none' }, key: undefined }, 'here');
    const reader = readerOf(matcher);
    expect((await reader.read("I don't want your texts")).kind).toBe('unclear');
    const { none } = await counted(reader, SENTENCES.apart);
    expect(none!.stop ?? 0).toBe(0);
    await matcher.close();
  });
});
