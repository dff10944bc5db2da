import { describe, expect, it } from '@jest/globals';
import { campaignWords, MESSAGE_REASONS, messageWords } from './reasons.js';
import {
  CAMPAIGN_STATES,
  campaignStep,
  DOUBT_ENDINGS,
  isFinal,
  MESSAGE_STATES,
  MESSAGE_STEPS,
  messageStep,
  PLANNED_STATES,
} from './states.js';

describe('the states of a message', () => {
  it('refuse a step that the table does not list, and name both states', () => {
    expect(() => messageStep(['sent'], 'pending')).toThrow('a message that is sent cannot become pending');
    expect(() => messageStep(['pending'], 'sending')).toThrow('cannot become sending');
    expect(() => messageStep(['sending', 'delivered'], 'failed')).toThrow('a message that is delivered');
    expect(() => messageStep(['constructor' as 'sent'], 'failed')).toThrow('cannot become failed');
  });

  it('never lead from a message that may have been sent back to the queue without evidence', () => {
    expect(MESSAGE_STEPS.sent).not.toContain('pending');
    expect(Object.entries(DOUBT_ENDINGS).filter(([, to]) => to === 'pending')).toEqual([
      ['provider_never_got_it', 'pending'],
      ['settled_not_sent', 'pending'],
    ]);
  });

  it('let every ending of a doubt follow a doubt', () => {
    for (const to of Object.values(DOUBT_ENDINGS)) expect(messageStep(['in_doubt'], to).to).toBe(to);
  });

  it('can all be reached from those in which planning makes a message, and only final ones lead nowhere', () => {
    const reached = new Set<string>(PLANNED_STATES);
    for (const state of reached) for (const next of MESSAGE_STEPS[state as 'pending']) reached.add(next);
    expect([...reached].sort()).toEqual([...MESSAGE_STATES].sort());
    for (const state of MESSAGE_STATES) expect(MESSAGE_STEPS[state].length > 0 || isFinal(state)).toBe(true);
  });
});

describe('the states of a campaign', () => {
  it('let nothing follow its end but the next channel', () => {
    for (const to of CAMPAIGN_STATES) {
      expect(() => campaignStep(['cancelled'], to)).toThrow('a campaign that is cancelled');
      if (to !== 'approved') expect(() => campaignStep(['done'], to)).toThrow('a campaign that is done');
    }
  });
});

describe('reasons', () => {
  it('have words for people that are not the code', () => {
    for (const reason of MESSAGE_REASONS) expect(messageWords(reason)).toMatch(/ /);
    expect(campaignWords({ code: 'over_blast_limit', customers: 12, limit: 5 })).toBe(
      '12 customers are more than the blast limit of 5',
    );
  });
});
