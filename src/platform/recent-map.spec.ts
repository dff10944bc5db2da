import { describe, expect, it } from '@jest/globals';
import { recentMap } from './recent-map.js';

describe('a map of what was used lately', () => {
  it('holds so many entries, and lets the one go that was not used for longest', () => {
    const map = recentMap<string, number>(2);
    map.set('a', 1).set('b', 2);
    map.get('a');
    map.set('c', 3);

    expect([...map.entries()]).toEqual([
      ['c', 3],
      ['a', 1],
    ]);
  });

  it('keeps one entry a key, however often it is set', () => {
    const map = recentMap<string, number>(2);
    for (let value = 1; value <= 5; value++) map.set('a', value);
    map.set('b', 6);

    expect([map.size, map.get('a'), map.get('b')]).toEqual([2, 5, 6]);
  });
});
