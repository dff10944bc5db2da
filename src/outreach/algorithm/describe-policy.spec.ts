import { describe, expect, it } from '@jest/globals';
import { policiesSchema } from '../policy.js';
import { describePolicy } from './describe-policy.js';

const words = (about: object) =>
  policiesSchema.parse([{ name: 'checkout', channels: ['sms', 'email'], ...about }]).map(describePolicy)[0];

describe('a policy in words', () => {
  it('says whom it takes, who approves, when and how often', () => {
    expect(
      words({
        match: { project: 'shop', severity: ['major', 'critical'], area: 'checkout' },
        approval: { after: '1h30m' },
        twoPersonsAbove: 5000,
        quietHours: { from: '21:00', to: '08:00' },
        caps: { messages: 2, per: '24h' },
        onReturn: true,
      }),
    ).toEqual([
      'checkout: takes incidents of severity major or critical, project shop, area checkout.',
      'It writes to customers who were hit, by sms else email.',
      'It goes out after 1h30m unless somebody objects; above 500 customers a person must approve. Customers whom only claims say were hit wait for a person.',
      'More than 5000 customers need two people.',
      'Nothing goes out from 21:00 to 08:00 where the customer is.',
      'A customer gets at most 2 notices in 1d.',
      'Those who were told hear when it is fixed.',
      'Those who heard that it was fixed hear when it comes back.',
    ]);
  });

  it('says which customers it takes and where it goes on', () => {
    const about = {
      match: { customers: { health: 'poor', plan: ['pro', 'max'] } },
      fallback: { after: '15m' },
      merge: { within: '10m' },
      askForHelp: true,
      updates: { every: '4h', atMost: 3 },
      accounts: 'contact',
    };
    expect(words(about)).toEqual(
      expect.arrayContaining([
        'checkout: takes incidents of any severity, any project, and of their customers those with health poor and plan pro or max; the others are left to the next policy.',
        'The customers of one account are told once, through its contact; where it has none who can be reached, each of them is told.',
        'Where a message failed, or no report of its arrival came within 15m, the next channel is tried.',
        'A message waits 10m, and what comes for the same customer meanwhile becomes one message with it.',
        'Its messages ask whether the customer needs help, and who says so is given to a person.',
        'While it lasts, those who were told hear every 4h that we still work on it, at most 3 times.',
      ]),
    );
  });

  it('says what it does not do', () => {
    expect(words({ onResolve: false, links: 'none' })).toEqual([
      'checkout: takes incidents of any severity, any project.',
      'It writes to customers who were hit, by sms else email.',
      'A person approves once for an incident; later waves go along up to 500 customers, or as many as they saw.',
      'There is no cap on notices.',
      'An SMS has no link and says where to look.',
      'Nobody hears when it is fixed.',
    ]);
  });
});
