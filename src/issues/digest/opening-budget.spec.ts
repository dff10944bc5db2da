import { describe, expect, it } from '@jest/globals';
import { type Opener, OpeningBudget } from './opening-budget.js';

const most = { key: 4, source: 2 };
const claim: Opener = { kind: 'claimed', keyId: 1, source: 7, most };

/** Issues that these openers get, one after the other. */
function opened(budget: OpeningBudget, ...openers: Opener[]): number {
  return openers.filter((one) => {
    const has = budget.hasRoom(one);
    if (has) budget.spend(one);
    return has;
  }).length;
}

describe('the budget for new issues', () => {
  it('lets one source open no more than its part', () => {
    const budget = new OpeningBudget([], 10);
    expect(opened(budget, claim, claim, claim)).toBe(2);
    expect(opened(budget, { ...claim, source: 8 })).toBe(1);
  });

  it('lets one key open no more than its part, from however many sources', () => {
    const budget = new OpeningBudget([], 10);
    const openers = Array.from({ length: 9 }, (_, source) => ({ ...claim, source }));
    expect(opened(budget, ...openers)).toBe(4);
    expect(opened(budget, { ...claim, keyId: 2, source: 99 })).toBe(1);
  });

  it('lets claims use up nothing of what is known', () => {
    const budget = new OpeningBudget([{ kind: 'claimed', spender: 'all', opened: 10 }], 10);
    expect(budget.hasRoom(claim)).toBe(false);
    expect(budget.hasRoom({ ...claim, kind: 'known' })).toBe(true);
    expect(budget.hasRoom({ ...claim, kind: 'server' })).toBe(true);
  });

  it('gives back what is to be added to the counts', () => {
    const budget = new OpeningBudget([{ kind: 'claimed', spender: 'all', opened: 3 }], 10);
    budget.spend(claim);
    expect(budget.spent()).toEqual([
      { kind: 'claimed', spender: 'all', opened: 1 },
      { kind: 'claimed', spender: 'key:1', opened: 1 },
      { kind: 'claimed', spender: 'source:7', opened: 1 },
    ]);
  });
});
