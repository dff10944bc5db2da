import { describe, expect, it } from '@jest/globals';
import { type MatchEntry } from '../../matcher.js';
import { openDictionary } from './dictionary.js';
import { MatchIndex } from './match-index.js';
import { type ChineseKnowledge, readText } from './text.js';
import { type Vector } from './unit-group.js';

const senses = openDictionary(
  `# a few lines in the form of the dictionary
付款 付款 [fu4 kuan3] /to pay a sum of money/payment/
銀行卡 银行卡 [yin2 hang2 ka3] /bank card/ATM card/
包裹 包裹 [bao1 guo3] /to wrap up/parcel; package/CL:個|个[ge4]/
包 包 [Bao1] /surname Bao/
登錄 登录 [deng1 lu4] /to register/to log in/
失敗 失败 [shi1 bai4] /to be defeated/to lose/to fail/
`,
);
const CHINESE: ChineseKnowledge = {
  toSimplified: (text) => text.replaceAll('銀', '银').replaceAll('錄', '录').replaceAll('敗', '败'),
  words: (run) => run.match(/银行卡|付款|包裹|登录|失败|./gu) ?? [],
  senses,
};
const entry = (id: string, title: string, phrases: string[] = []): MatchEntry => ({
  id,
  title,
  body: '',
  phrases,
  locale: 'en',
});
const ENTRIES = [
  entry('cards', 'Card payments are declined', ['my card was refused', 'paying by card does not work']),
  entry('login', 'Customers cannot log in', ['I cannot log in', 'my password is not taken']),
  entry('parcel', 'Parcels arrive late', ['where is my parcel', 'the package has not arrived']),
];
const none = (): Vector => null;
const index = (entries: MatchEntry[] = ENTRIES) => new MatchIndex(entries, none, CHINESE);
const ask = (text: string, tiers?: string[][], entries?: MatchEntry[]) =>
  index(entries).answer({ text: readText(text, CHINESE), vector: null }, tiers);

describe('the index of explanations', () => {
  it('ranks the entry first whose words the question shares, and is sure of its very words', () => {
    const sure = ask('my card was refused');
    expect(sure.match).toBe('confident');
    expect(sure.ranked[0]).toMatchObject({ id: 'cards', words: 1, meaning: null });
    expect(ask('has my parcel arrived').ranked.map(({ id }) => id)).toEqual([
      'parcel',
      expect.anything(),
      expect.anything(),
    ]);
  });

  it('answers none where nothing is alike, and still says what is nearest', () => {
    const answer = ask('do you sell gift vouchers');
    expect(answer).toMatchObject({ match: 'none', tier: null });
    expect(answer.ranked).toHaveLength(3);
  });

  it('finds English entries for Chinese questions of both scripts, through all senses of a word', () => {
    expect(ask('银行卡付款失败').ranked[0]?.id).toBe('cards');
    expect(ask('銀行卡付款失敗').ranked[0]?.id).toBe('cards');
    expect(ask('包裹').ranked[0]?.id).toBe('parcel');
    expect(ask('我的 parcel 呢').ranked[0]?.id).toBe('parcel');
  });

  it('finds Chinese entries for English questions', () => {
    const chinese = [entry('a', '银行卡付款失败'), entry('b', '登录失败'), entry('c', '包裹')];
    expect(ask('I want to log in', undefined, chinese).ranked[0]?.id).toBe('b');
    expect(ask('my parcel', undefined, chinese).ranked[0]?.id).toBe('c');
  });

  it('takes an entry of two languages in that of the question', () => {
    const both = [...ENTRIES, { ...entry('parcel', '包裹'), locale: 'zh' }];
    const answer = ask('包裹', undefined, both);
    expect(answer.ranked.filter(({ id }) => id === 'parcel')).toHaveLength(1);
    expect(answer.ranked[0]).toMatchObject({ id: 'parcel', words: 1 });
  });

  it('asks tier by tier, and nothing that stands in none', () => {
    const own = ask('my card was refused', [['cards'], ['login', 'parcel']]);
    expect(own).toMatchObject({ match: expect.not.stringMatching('none') as unknown, tier: 0 });
    expect(ask('my card was refused', [['login'], ['cards', 'parcel']])).toMatchObject({
      tier: 1,
      ranked: [{ id: 'cards' }, {}],
    });
    expect(ask('my card was refused', [['login'], []])).toMatchObject({ match: 'none', ranked: [{ id: 'login' }] });
    expect(ask('my card was refused', [['unheard of']])).toEqual({ match: 'none', ranked: [], tier: null });
  });

  it('asks less evidence of what hit the customer, and still none of what has nothing to do with it', () => {
    const text = 'the shop would not take my card';
    expect(ask(text, [['cards']]).match).toBe('none');
    expect(ask(text, [['cards'], [], ['login', 'parcel']])).toMatchObject({
      match: expect.not.stringMatching('none') as unknown,
      tier: 0,
    });
    expect(ask('do you sell gift vouchers', [['cards'], [], []]).match).toBe('none');
  });

  it('believes what hit the customer less than an entry that is much nearer to the question', () => {
    const text = 'my card and my parcel';
    expect(ask(text, [['cards'], [], ['login']]).tier).toBe(0);
    expect(ask(text, [['cards'], [], ['login', 'parcel']])).toMatchObject({ tier: 2, ranked: [{ id: 'parcel' }, {}] });
  });

  it.each(['how do I order a new card?', 'I lost my card, please block it', 'can I pay in instalments with this card'])(
    'answers none for an ordinary question in the words of an incident that hit the customer: %s',
    (text) => expect(ask(text, [['cards'], [], ['login', 'parcel']]).match).toBe('none'),
  );

  it('never scores a later entry above an earlier one', () => {
    const scores = ask('my card is late').ranked.map(({ score }) => score);
    expect(scores).toEqual(scores.toSorted((one, other) => other - one));
  });

  it('puts meaning beside words where there are vectors', () => {
    const vectors: Record<string, number[]> = {
      'Card payments are declined': [1, 0, 0],
      'Parcels arrive late': [0, 1, 0],
      'my stuff is delayed': [0.1, 1, 0],
    };
    const vectorOf = (text: string): Vector => (vectors[text] ? Float32Array.from(vectors[text]) : null);
    const made = new MatchIndex(
      [entry('cards', 'Card payments are declined'), entry('parcel', 'Parcels arrive late')],
      vectorOf,
      undefined,
    );
    const text = 'my stuff is delayed';
    const answer = made.answer({ text: readText(text, undefined), vector: vectorOf(text) }, undefined);
    expect(answer.ranked[0]?.id).toBe('parcel');
    expect(answer.ranked[0]?.meaning).toBeGreaterThan(0.5);
  });

  it.each([
    ['nothing', ''],
    ['a NUL and controls', '\u0000\u0007\u200b'],
    ['half a surrogate pair', '\ud800'],
    ['emoji alone', '😀🔥'],
    ['punctuation alone', '?!… ()'],
  ])('answers none and nothing to compare for %s', (_, text) => {
    expect(ask(text)).toEqual({ match: 'none', ranked: [], tier: null });
  });

  it.each([
    ['a million letters', 'x'.repeat(1_000_000)],
    ['a million Chinese words', '付款'.repeat(500_000)],
    ['ligatures that grow eighteenfold', 'ﷺ'.repeat(100_000)],
    ['apostrophes', "a'".repeat(500_000)],
  ])('reads no more than the beginning of %s', (_, text) => {
    const read = readText(text, CHINESE);
    expect(read.runs.join('').length).toBeLessThanOrEqual(2000);
    expect(['none', 'possible']).toContain(ask(text).match);
  });

  it('answers none from an empty index, and from entries without a word', () => {
    expect(ask('hello', undefined, [])).toEqual({ match: 'none', ranked: [], tier: null });
    expect(ask('hello', undefined, [entry('a', '…')])).toEqual({ match: 'none', ranked: [], tier: null });
  });
});

describe('the dictionary', () => {
  it('gives meanings alone: no names, measure words or ways of writing', () => {
    expect(senses('包裹')).toEqual(['wrap up', 'parcel', 'package']);
    expect(senses('包')).toEqual([]);
    expect(senses('雪')).toEqual([]);
  });

  it('reads an unknown word by the longest pieces that it knows', () => {
    expect(senses('银行卡付款')).toEqual(['bank card', 'ATM card', 'pay a sum of money', 'payment']);
  });
});
