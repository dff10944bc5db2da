import { describe, expect, it } from '@jest/globals';
import { type MatchEntry } from '../matcher.js';
import { knowChinese } from './chinese.js';
import { type Embedder } from './embedder.js';
import { LocalMatcher } from './local.matcher.js';

const entry = (id: string, title: string): MatchEntry => ({ id, title, body: '', phrases: [], locale: 'en' });
const ENTRIES = [entry('cards', 'Card payments are declined'), entry('parcel', 'Parcels arrive late')];

/** Knows two directions: what is about money, and all else. */
class TwoWays implements Embedder {
  readonly asked: string[] = [];
  away = false;

  async embed(texts: readonly string[]): Promise<Float32Array[] | null> {
    this.asked.push(...texts);
    if (this.away) return null;
    return texts.map((text) => Float32Array.from(/card|cash|charged/i.test(text) ? [1, 0.2] : [0.2, 1]));
  }

  async close(): Promise<void> {
    // Nothing runs.
  }
}

describe('the matcher', () => {
  it('finds by meaning what shares no word', async () => {
    const matcher = new LocalMatcher(new TwoWays(), knowChinese);
    await matcher.index(ENTRIES);
    const { ranked } = await matcher.match({ text: 'cash!' });
    expect(ranked[0]).toMatchObject({ id: 'cards', meaning: expect.any(Number) as unknown });
  });

  it('embeds a text once, however often entries and questions come again', async () => {
    const embedder = new TwoWays();
    const matcher = new LocalMatcher(embedder, knowChinese);
    await matcher.index(ENTRIES);
    const before = embedder.asked.length;
    await matcher.index([...ENTRIES, entry('login', 'Signing in fails')]);
    await matcher.match({ text: 'where is it' });
    await matcher.match({ text: 'where is it' });
    expect(embedder.asked.slice(before)).toEqual(['Signing in fails', 'where is it']);
  });

  it('answers by words alone while the embedder is away, and by meaning once it is back', async () => {
    const embedder = new TwoWays();
    embedder.away = true;
    const matcher = new LocalMatcher(embedder, knowChinese);
    await matcher.index(ENTRIES);
    const meaning = async () => (await matcher.match({ text: 'my parcel' })).ranked[0];
    expect(await meaning()).toMatchObject({ id: 'parcel', meaning: null });
    const asked = embedder.asked.length;
    embedder.away = false;
    for (let n = 0; n < 18; n += 1) await meaning();
    expect(embedder.asked).toHaveLength(asked);
    for (let n = 0; n < 10; n += 1) await meaning();
    expect(await meaning()).toMatchObject({ id: 'parcel', meaning: expect.any(Number) as unknown });
  });

  it('does not wait longer than its patience for a vector', async () => {
    const embedder = new TwoWays();
    const matcher = new LocalMatcher(embedder, knowChinese, 1);
    await matcher.index(ENTRIES);
    embedder.embed = () => new Promise(() => undefined);
    expect((await matcher.match({ text: 'my parcel' })).ranked[0]).toMatchObject({ id: 'parcel', meaning: null });
  });

  it('knows Chinese in both scripts from the dictionary', async () => {
    const matcher = new LocalMatcher(undefined, knowChinese);
    await matcher.index(ENTRIES);
    for (const text of ['我的包裹还没有到', '我的包裹還沒有到', '包裹 parcel 呢'])
      expect((await matcher.match({ text })).ranked[0]?.id).toBe('parcel');
  });
});
