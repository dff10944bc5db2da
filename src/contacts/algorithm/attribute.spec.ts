import { describe, expect, it } from '@jest/globals';
import { attribute, type Candidate, earlierAbout } from './attribute.js';
import { unresolvedOf } from './unresolved.js';
import { handoverFor, lineFor, wantsHelp, wantsPerson } from './wants-person.js';

const START = new Date('2026-03-10T12:00:00Z');

function candidate(incidentId: number, about: Partial<Candidate> = {}): Candidate {
  return { incidentId, isOpen: true, startedAt: START, concern: 'none', texts: [], ...about };
}

describe('the incident that a contact is about', () => {
  it('is the open one that hit the customer, before one that may concern them and one in like words', () => {
    const words = candidate(3, { texts: ['Payments spin for ever'] });
    const found = attribute('Payments spin for ever', [
      words,
      candidate(2, { concern: 'atRisk' }),
      candidate(1, { concern: 'hit' }),
    ]);
    expect(found).toMatchObject({ incidentId: 1, matchedBy: 'hit' });
    expect(attribute('Payments spin for ever', [words])).toMatchObject({ matchedBy: 'words', score: 1 });
  });

  it('is among several that hit the customer the one whose texts are like the words, else the latest', () => {
    const two = [
      candidate(1, { concern: 'hit', texts: ['结账时付款一直转圈'] }),
      candidate(2, { concern: 'hit', texts: ['登录失败'], startedAt: new Date(START.getTime() + 60_000) }),
    ];
    expect(attribute('付款一直在转圈', two)?.incidentId).toBe(1);
    expect(attribute('hello', two)?.incidentId).toBe(2);
  });

  it('is one that is over only where it hit the customer, and none where nothing fits', () => {
    const over = candidate(1, { isOpen: false, texts: ['Payments fail'] });
    expect(attribute('Payments fail', [over])).toBeUndefined();
    expect(attribute('Payments fail', [{ ...over, concern: 'atRisk' }])).toBeUndefined();
    expect(attribute('Payments fail', [{ ...over, concern: 'hit' }])?.incidentId).toBe(1);
    expect(attribute('Where is my invoice?', [candidate(1, { texts: ['Payments fail'] })])).toBeUndefined();
    expect(attribute('', [candidate(1, { texts: [''] })])).toBeUndefined();
  });
});

describe('earlier contacts', () => {
  it('are those about the same incident, or without one those in the same words within two weeks', () => {
    const at = (days: number) => new Date(START.getTime() + days * 86_400_000);
    const old = [
      { incidentId: 1, text: 'x', at: at(1) },
      { incidentId: null, text: 'My map stays grey', at: at(1) },
      { incidentId: null, text: 'Where is my invoice?', at: at(1) },
      { incidentId: 1, text: 'later', at: at(9) },
    ];
    expect(earlierAbout({ incidentId: 1, text: 'y', at: at(2) }, old)).toEqual([old[0]]);
    expect(earlierAbout({ incidentId: null, text: 'the map stays grey', at: at(2) }, old)).toEqual([old[1]]);
    expect(earlierAbout({ incidentId: null, text: 'the map stays grey', at: at(20) }, old)).toEqual([]);
  });
});

describe('a hand-over', () => {
  it.each([
    'I want to talk to a human',
    'agent',
    'can I speak with a real person?',
    '转人工',
    '我要找真人客服',
    '轉人工客服',
    'Ich möchte mit einem Mitarbeiter sprechen',
  ])('is asked for by: %s', (text) => expect(wantsPerson(text)).toBe(true));

  it.each(['The user agent is old', '我的付款失败', 'A person cannot be added to my group', 'humanity'])(
    'is not asked for by: %s',
    (text) => expect(wantsPerson(text)).toBe(false),
  );

  it.each(['I still need help', 'Please help', '我需要帮助', '請幫我', 'Ich brauche bitte Hilfe'])(
    'follows from the reply: %s',
    (text) => expect(wantsHelp(text)).toBe(true),
  );

  it.each(['That helped, thanks', 'no help needed', '谢谢，已经好了'])('does not follow from the reply: %s', (text) =>
    expect(wantsHelp(text)).toBe(false),
  );

  it('is required for who asks again about what is still open, and offered where nothing fits', () => {
    const facts = { wantsPerson: false, asked: 1, stillOpen: true, matched: true };
    expect(handoverFor(facts)).toBeNull();
    expect(handoverFor({ ...facts, asked: 2 })).toBe('required');
    expect(handoverFor({ ...facts, asked: 2, stillOpen: false })).toBeNull();
    expect(handoverFor({ ...facts, matched: false, stillOpen: false })).toBe('offered');
    expect(handoverFor({ ...facts, wantsPerson: true })).toBe('required');
  });

  it('has a line in the language of the customer', () => {
    expect(lineFor('required', 'zh-TW')).toContain('真人');
    expect(lineFor('required', 'zh')).toContain('人工');
    expect(lineFor('offered', null)).toContain('person');
    expect(lineFor('handedOver', 'de-AT')).toContain('Mensch');
  });
});

describe('what is unresolved', () => {
  it('is what was asked about an open incident, what waits for a person, and late contacts that fit nothing', () => {
    const at = START;
    const said = [
      { incidentId: 1, channel: 'chat', at },
      { incidentId: 1, channel: 'phone', at },
      { incidentId: 2, channel: 'chat', at },
      { incidentId: null, channel: 'chat', at },
    ];
    const passed = [{ id: 5, incidentId: 2, state: 'open' as const }];
    const now = new Date(at.getTime() + 3_600_000);
    const found = unresolvedOf(said, passed, new Set([1]), now);
    expect(found.map(({ incidentId, words }) => [incidentId, words])).toEqual([
      [1, 'Has asked twice about incident 1, still open.'],
      [2, 'Has asked once about incident 2; waits for a person.'],
      [null, 'Has asked once about something that fits no incident.'],
    ]);
    expect(unresolvedOf(said, [], new Set(), new Date(at.getTime() + 8 * 86_400_000))).toEqual([]);
  });
});
