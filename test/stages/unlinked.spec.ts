import { afterEach, describe, expect, it } from '@jest/globals';
import { aCustomer, anEvent } from '../support/builders.js';
import { approve, told } from '../support/story.js';
import { aPolicy } from '../support/test-config.js';
import { TestDaemon } from '../support/test-daemon.js';

let forewarn: TestDaemon;
afterEach(() => forewarn.stop());

describe('a message that was planned before a name was unlinked', () => {
  it('is neither shown nor sent where nothing else hit the customer, and is where something did', async () => {
    forewarn = await TestDaemon.start({
      config: {
        detection: { newFault: { customers: 2, within: '10m' } },
        policies: [aPolicy({ approval: 'required' })],
      },
    });
    await forewarn.know(aCustomer({ externalId: 'kim' }), aCustomer({ externalId: 'bo' }));
    for (const id of ['kim', 'bo']) {
      await forewarn.send(anEvent({ customer: { email: `${id}@old.example` } }));
      const link = { kind: 'email', value: `${id}@old.example`, reason: 'said so on the phone' };
      expect((await forewarn.api.post(`/v1/customers/${id}/identities`, link)).status).toBe(200);
    }
    await forewarn.send(anEvent({ customer: 'bo' }));
    await forewarn.plan();
    expect(await told(forewarn)).toEqual(['bo notice pending', 'kim notice pending']);

    forewarn.clock.advance('1m');
    for (const id of ['kim', 'bo'])
      await forewarn.api.delete(`/v1/customers/${id}/identities/email/${id}@old.example?reason=mixed%20up`);
    const { samples, dryRun } = (await forewarn.api.get('/v1/campaigns/1/preview')).body as {
      samples: { body: string }[];
      dryRun: { recipients: number; dropped: object[] };
    };
    expect(samples).toHaveLength(1);
    expect(dryRun).toMatchObject({ recipients: 1, dropped: [{ reason: 'not_hit', customers: 1 }] });
    await approve(forewarn, '1');
    await forewarn.runStages('dispatch');

    expect(await told(forewarn)).toEqual(['bo notice sent', 'kim notice cancelled not_hit']);
  });
});
