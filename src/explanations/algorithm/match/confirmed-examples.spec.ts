import { describe, expect, it } from '@jest/globals';
import { examplesFrom } from './confirmed-examples.js';

const said = (customerId: string | null, text: string, helped = true) => ({ customerId, text, helped });

describe('examples from confirmed outcomes', () => {
  it('are never made by the word of one customer, however often', () => {
    expect(examplesFrom([said('a', 'my card is refused'), said('a', 'my card is refused again')])).toEqual([]);
    expect(examplesFrom([said('a', 'my card is refused'), said(null, 'my card is refused')])).toEqual([]);
  });

  it('are made once two customers meant the incident by words alike', () => {
    const first = said('a', 'my card is refused');
    expect(examplesFrom([first, said('b', 'where is my parcel')])).toEqual([]);
    expect(examplesFrom([first, said('b', 'my card was refused')])).toEqual([
      'my card is refused',
      'my card was refused',
    ]);
    expect(examplesFrom([said('a', '付款一直转圈'), said('b', '付款一直在转圈')])).toHaveLength(2);
  });

  it('are not made where as many said that it was something else', () => {
    const agreed = [said('a', 'my card is refused'), said('b', 'my card was refused')];
    const denied = [said('c', 'my card is refused', false), said('d', 'my card is refused', false)];
    expect(examplesFrom([...agreed, ...denied.slice(1)])).toHaveLength(2);
    expect(examplesFrom([...agreed, ...denied])).toEqual([]);
  });

  it('are one a customer and twenty an incident, the newest', () => {
    const many = Array.from({ length: 30 }, (_, n) => said(`c${n}`, `my card is refused ${n}`));
    expect(examplesFrom(many)).toEqual(many.slice(-20).map(({ text }) => text));
    expect(examplesFrom([...many.slice(0, 2), said('c0', 'my card is refused now')])).toEqual([
      'my card is refused 1',
      'my card is refused now',
    ]);
  });

  it('leave out what has no words and what is a story', () => {
    expect(examplesFrom([said('a', '😀😀'), said('b', '😀😀')])).toEqual([]);
    expect(examplesFrom([said('a', 'card '.repeat(100)), said('b', 'card '.repeat(100))])).toEqual([]);
  });
});
