import { afterEach, describe, expect, it } from '@jest/globals';
import { aCustomer } from '../support/builders.js';
import { approve, campaigns, customers, hit, incidentWith, told } from '../support/story.js';
import { aPolicy } from '../support/test-config.js';
import { type TestDaemon } from '../support/test-daemon.js';

let forewarn: TestDaemon;
afterEach(() => forewarn.stop());

const start = (about: Record<string, unknown> = {}, people = customers(1)) => {
  const updates = { every: '4h', atMost: 2 };
  return incidentWith(people, {
    config: { incidents: { quietFor: '48h' }, policies: [aPolicy({ updates, ...about })] },
  });
};
const later = async (time: string) => {
  forewarn.clock.advance(time);
  await forewarn.planAndSend();
};
/** Messages about the state, as the customers read them, in order. */
const bodies = async () =>
  (await forewarn.rows<{ body: string }>("SELECT body FROM message WHERE kind = 'update' ORDER BY sent_at, id")).map(
    ({ body }) => body,
  );
const post = (text: string) =>
  forewarn.api.post('/v1/incidents/1/updates', { texts: { en: text, zh: '已找到原因。' }, nextUpdateAt: null });

describe('updates of a policy', () => {
  it('go to those who were told, so often, with the newest news or the standing words, and end with the incident', async () => {
    forewarn = await start();
    await forewarn.planAndSend();
    await later('3h50m');
    expect(await bodies()).toEqual([]);

    await post('We found the cause.');
    await post('A mend is being tried.');
    await later('15m');
    expect(await bodies()).toEqual([expect.stringContaining('A mend is being tried.')]);

    await later('3h50m');
    await later('15m');
    const [, second] = await bodies();
    expect(second).toContain('We are still working on the problem');
    expect(second).not.toContain('A mend');

    await later('5h');
    expect(await bodies()).toHaveLength(2);
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });
    await forewarn.planAndSend();
    expect(await told(forewarn)).toEqual(['c1 notice sent', 'c1 update sent', 'c1 update sent', 'c1 resolved sent']);
  });

  it('count from what each customer was told, in their language, and need no approval beside that of the notice', async () => {
    forewarn = await start({ approval: 'required', blastLimit: 10 });
    await forewarn.plan();
    await approve(forewarn, '1');
    await forewarn.planAndSend();
    await forewarn.know(aCustomer({ externalId: 'c2', locale: 'zh-CN' }));
    forewarn.clock.advance('2h');
    await hit(forewarn, ['c2']);
    await forewarn.planAndSend();
    forewarn.clock.advance('1m');
    await post('We found the cause.');

    await later('2h10m');
    expect(await bodies()).toEqual([expect.stringContaining('We found the cause.')]);
    await later('2h');
    expect((await bodies())[1]).toContain('已找到原因。');
    expect((await campaigns(forewarn)).filter(({ kind }) => kind === 'update')).toHaveLength(2);
  });

  it('keep to quiet hours and caps, and nobody gets one who was not told', async () => {
    const caps = { messages: 2, per: '24h' };
    forewarn = await start({ caps }, [...customers(1), aCustomer({ externalId: 'c2', consent: {} })]);
    await forewarn.planAndSend();
    await later('4h10m');
    await later('4h10m');
    expect(await told(forewarn)).toEqual([
      'c1 notice sent',
      'c2 notice suppressed no_consent',
      'c1 update sent',
      'c1 update suppressed cap',
    ]);
  });

  it('stop where a person stops what they belong to', async () => {
    forewarn = await start({ updates: { every: '1h', atMost: 5 } });
    await forewarn.planAndSend();
    await later('65m');
    await forewarn.rows("UPDATE campaign SET state = 'cancelled', state_reason = 'by_person' WHERE kind = 'update'");
    await later('65m');
    expect(await bodies()).toHaveLength(1);
  });

  it('that wait are dropped when the incident ends first', async () => {
    forewarn = await start({});
    await forewarn.planAndSend();
    forewarn.clock.advance('4h10m');
    await forewarn.runStage('campaign');
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });
    await forewarn.planAndSend();
    expect(await told(forewarn)).toEqual(['c1 notice sent', 'c1 update cancelled resolved', 'c1 resolved sent']);
  });
});
