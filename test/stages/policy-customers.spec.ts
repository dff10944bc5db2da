import { afterEach, describe, expect, it } from '@jest/globals';
import { aCustomer, type CustomerLine } from '../support/builders.js';
import { approve, campaigns, hit, incidentWith, messages, told } from '../support/story.js';
import { aPolicy } from '../support/test-config.js';
import { type TestDaemon } from '../support/test-daemon.js';

let forewarn: TestDaemon;
afterEach(() => forewarn.stop());

const who = (externalId: string, attributes: CustomerLine['attributes'] = {}) => aCustomer({ externalId, attributes });
const PRO = { name: 'pro', match: { customers: { plan: 'pro' } } };
const start = async (pro: Record<string, unknown>, rest: Record<string, unknown>, people: readonly CustomerLine[]) => {
  const policies = [aPolicy({ ...PRO, ...pro }), aPolicy({ name: 'rest', ...rest })];
  forewarn = await incidentWith(people, { config: { policies } });
};
/** Each message with the policy that sent it: `c1 notice sent by pro`. */
const toldBy = async () => {
  const policies = new Map(
    (
      await forewarn.rows<{ id: string; policy: string }>(
        'SELECT m.id, c.policy FROM message m JOIN campaign c ON c.id = m.campaign_id',
      )
    ).map(({ id, policy }) => [id, policy]),
  );
  return (await messages(forewarn))
    .map((one) => `${one.customer?.externalId} ${one.kind} ${one.state} by ${policies.get(one.id)}`)
    .sort();
};

describe('a policy for some customers', () => {
  it('takes those who match, leaves the others to the next policy, and everybody is told once, of the end as well', async () => {
    await start({}, {}, [who('c1', { plan: 'pro' }), who('c2'), who('c3', { plan: 'free' })]);
    await forewarn.planAndSend();
    forewarn.clock.advance('1m');
    await forewarn.know(who('c4', { plan: 'pro' }), who('c5'));
    await hit(forewarn, ['c4', 'c5']);
    await forewarn.planAndSend();
    const notices = ['c1 pro', 'c2 rest', 'c3 rest', 'c4 pro', 'c5 rest'].map((one) => one.split(' '));
    expect(await toldBy()).toEqual(notices.map(([name, by]) => `${name} notice sent by ${by}`));

    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });
    await forewarn.planAndSend();

    expect((await toldBy()).filter((one) => one.includes('resolved'))).toEqual(
      notices.map(([name, by]) => `${name} resolved sent by ${by}`),
    );
  });

  it('matches on health and lists, and every key must fit', async () => {
    const match = { customers: { health: ['poor', 'fair'], plan: ['pro', 'max'], seats: 3, vip: true } };
    const all = { plan: 'max', seats: 3, vip: true };
    await start({ match }, {}, [
      who('c1', all),
      who('c2', { ...all, vip: false }),
      who('c3', { ...all, seats: null }),
      who('c4', all),
    ]);
    await forewarn.rows(
      `INSERT INTO customer_health (customer_id, score, band, parts, scored_at)
       SELECT i.customer_id, 1, CASE i.value WHEN 'c4' THEN 'good' ELSE 'poor' END, '{}', now() FROM customer_identity i WHERE i.kind = 'id'`,
    );
    await forewarn.planAndSend();
    expect(await toldBy()).toEqual([
      'c1 notice sent by pro',
      'c2 notice sent by rest',
      'c3 notice sent by rest',
      'c4 notice sent by rest',
    ]);
  });

  it('tells nobody else where no other policy takes them', async () => {
    const policies = [aPolicy(PRO)];
    forewarn = await incidentWith([who('c1', { plan: 'pro' }), who('c2')], { config: { policies } });
    await forewarn.planAndSend();
    expect(await toldBy()).toEqual(['c1 notice sent by pro']);
    forewarn.clock.advance('1m');
    await forewarn.know(who('c3'));
    await hit(forewarn, ['c3']);
    await forewarn.planAndSend();
    expect(await campaigns(forewarn)).toHaveLength(1);
  });

  it('is approved by itself, and another policy is not approved with it', async () => {
    await start({ approval: 'required' }, { approval: 'required' }, [who('c1', { plan: 'pro' }), who('c2')]);
    await forewarn.plan();
    const [pro] = await campaigns(forewarn);
    await approve(forewarn, pro?.id ?? '');
    await forewarn.know(who('c3', { plan: 'pro' }), who('c4'));
    await hit(forewarn, ['c3', 'c4']);
    forewarn.clock.advance('1m');
    await forewarn.planAndSend();
    expect(await toldBy()).toEqual([
      'c1 notice sent by pro',
      'c2 notice pending by rest',
      'c3 notice sent by pro',
      'c4 notice pending by rest',
    ]);
  });

  it('keeps its customers while a person holds it, and the others are told', async () => {
    await start({ approval: 'required' }, {}, [who('c1', { plan: 'pro' }), who('c2')]);
    await forewarn.plan();
    const [pro] = await campaigns(forewarn);
    await approve(forewarn, pro?.id ?? '');
    await forewarn.api.post(`/v1/campaigns/${pro?.id}/pause`, { reason: 'a look at it' });
    await forewarn.know(who('c3', { plan: 'pro' }), who('c4'));
    await hit(forewarn, ['c3', 'c4']);
    forewarn.clock.advance('1m');
    await forewarn.planAndSend();
    expect(await toldBy()).toEqual(['c1 notice pending by pro', 'c2 notice sent by rest', 'c4 notice sent by rest']);

    await forewarn.api.post(`/v1/campaigns/${pro?.id}/resume`);
    await forewarn.planAndSend();

    expect(await told(forewarn)).toHaveLength(4);
    expect(await toldBy()).toContain('c3 notice sent by pro');
  });

  it('says for itself who hears of the end', async () => {
    await start({ onResolve: false }, {}, [who('c1', { plan: 'pro' }), who('c2')]);
    await forewarn.planAndSend();
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });
    await forewarn.planAndSend();
    expect((await toldBy()).filter((one) => one.includes('resolved'))).toEqual(['c2 resolved sent by rest']);
  });
});
