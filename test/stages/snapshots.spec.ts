import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { CampaignStore } from '../../src/outreach/campaigns/campaign.store.js';
import { NoticeWaves } from '../../src/outreach/campaigns/notices.service.js';
import { MessageStore } from '../../src/outreach/messages/message.store.js';
import { aCustomer, type CustomerLine } from '../support/builders.js';
import { approve, campaigns, customers, hit, incidentWith, told } from '../support/story.js';
import { aPolicy } from '../support/test-config.js';
import { TestDaemon, type TestDaemonOptions } from '../support/test-daemon.js';

const sent = (...names: string[]) => names.map((name) => `${name} notice sent`);
const pending = (...names: string[]) => names.map((name) => `${name} notice pending`);
const step = () => forewarn.runStage('campaign');

let forewarn: TestDaemon;
let other: TestDaemon | undefined;
afterEach(async () => {
  await other?.stop();
  other = undefined;
  await forewarn.stop();
});

describe('an audience that is planned in steps of two', () => {
  it('is one campaign with all who were hit when it began, and says while it is being planned', async () => {
    await largeIncident(customers(5));

    await step();
    expect(await campaigns(forewarn)).toEqual([expect.objectContaining({ state: 'approved', planning: true })]);
    expect(await told(forewarn)).toEqual(pending('c1', 'c2'));

    await forewarn.planAndSend();
    expect(await told(forewarn)).toEqual(sent('c1', 'c2', 'c3', 'c4', 'c5'));
    expect(await campaigns(forewarn)).toEqual([expect.objectContaining({ wave: 1, state: 'done', planning: false })]);
    expect(await timeline('campaign')).toEqual([expect.objectContaining({ wave: 1, customers: 5 })]);
  });

  it('leaves those who are hit after it began to the next wave', async () => {
    await largeIncident(customers(5));
    await step();
    await forewarn.know(aCustomer({ externalId: 'late' }));
    await hit(forewarn, ['late']);
    await forewarn.planAndSend();
    expect(await told(forewarn)).toEqual(sent('c1', 'c2', 'c3', 'c4', 'c5'));

    forewarn.clock.advance('1m');
    await forewarn.planAndSend();

    expect((await told(forewarn)).at(-1)).toBe('late notice sent');
    expect((await campaigns(forewarn)).map(({ wave }) => wave)).toEqual([1, 2]);
  });

  it('is not done while some of it is not planned', async () => {
    const silent = customers(5).map((one, at) => (at === 2 || at === 3 ? { ...one, consent: {} } : one));
    await largeIncident(silent);
    await step();
    await forewarn.runStage('dispatch');

    await step();
    expect(await campaigns(forewarn)).toEqual([expect.objectContaining({ state: 'approved', planning: true })]);

    await forewarn.planAndSend();
    const silentOnes = ['c3', 'c4'].map((name) => `${name} notice suppressed no_consent`);
    expect((await told(forewarn)).toSorted()).toEqual([...sent('c1', 'c2', 'c5'), ...silentOnes].toSorted());
    expect(await campaigns(forewarn)).toEqual([expect.objectContaining({ wave: 1, state: 'done' })]);
  });

  it('waits for a person as a whole where all of it passes the blast limit', async () => {
    await largeIncident(customers(5), { blastLimit: 4 });

    await step();
    await forewarn.runStage('dispatch');

    expect(await told(forewarn)).toEqual(pending('c1', 'c2'));
    const words = { state: 'awaiting_approval', stateReason: 'over_blast_limit' };
    expect(await campaigns(forewarn)).toEqual([expect.objectContaining(words)]);
    expect(await timeline('campaign')).toEqual([expect.objectContaining({ customers: 5 })]);

    await forewarn.planAndSend();
    expect(await told(forewarn)).toEqual(pending('c1', 'c2', 'c3', 'c4', 'c5'));
    expect(await campaigns(forewarn)).toEqual([expect.objectContaining({ ...words, planning: false })]);
  });

  it('stops as a whole when a person pauses it, and goes on when it is resumed', async () => {
    await largeIncident(customers(5));
    await step();
    await forewarn.api.post('/v1/campaigns/1/pause');

    await forewarn.planAndSend();
    expect(await told(forewarn)).toEqual(pending('c1', 'c2'));

    await forewarn.api.post('/v1/campaigns/1/resume');
    await forewarn.planAndSend();
    expect(await told(forewarn)).toEqual(sent('c1', 'c2', 'c3', 'c4', 'c5'));
    expect(await campaigns(forewarn)).toEqual([expect.objectContaining({ wave: 1, state: 'done' })]);
  });

  it('ends with those whom a person saw, where they approve it before all are planned', async () => {
    await largeIncident(customers(5), { approval: 'required', blastLimit: 2 });
    await step();
    expect(await campaigns(forewarn)).toEqual([
      expect.objectContaining({ state: 'awaiting_approval', planning: true }),
    ]);

    await approve(forewarn, '1');
    await forewarn.planAndSend();

    expect(await told(forewarn)).toEqual([
      ...sent('c1', 'c2'),
      ...['c3', 'c4', 'c5'].map((one) => `${one} notice pending`),
    ]);
    expect(await campaigns(forewarn)).toEqual([
      expect.objectContaining({ wave: 1, state: 'done' }),
      expect.objectContaining({ wave: 2, state: 'awaiting_approval', stateReason: 'beyond_approval' }),
    ]);
  });

  it('goes no further than what was counted when it began', async () => {
    await largeIncident(customers(5), { blastLimit: 3, trust: ['signed', 'server'] }, { claims: true });
    await trusted(3);
    await step();
    expect(await campaigns(forewarn)).toEqual([expect.objectContaining({ state: 'approved', planning: true })]);
    await trusted(5);

    await forewarn.planAndSend();

    expect((await told(forewarn)).toSorted()).toEqual([...sent('c1', 'c2'), ...pending('c3', 'c4', 'c5')].toSorted());
    expect(await campaigns(forewarn)).toEqual([
      expect.objectContaining({ state: 'done', planning: false }),
      expect.objectContaining({ state: 'awaiting_approval', stateReason: 'over_blast_limit' }),
    ]);
  });

  it('counts for the blast limit of a policy those alone whom it takes', async () => {
    const people = customers(5).map((one, at) => ({
      ...one,
      attributes: { plan: at === 1 || at === 4 ? 'gold' : 'free' },
    }));
    await largeIncident(people, { blastLimit: 2, match: { customers: { plan: ['gold'] } } });

    await forewarn.planAndSend();
    forewarn.clock.advance('1m');
    await forewarn.planAndSend();

    expect(await told(forewarn)).toEqual(sent('c2', 'c5'));
  });

  it('counts for the blast limit those alone whom the policies before leave to it', async () => {
    const people = customers(8).map((one, at) => ({ ...one, attributes: { plan: at < 6 ? 'gold' : 'free' } }));
    const gold = aPolicy({ name: 'gold', match: { customers: { plan: ['gold'] } } });
    await largeIncident(people, [gold, aPolicy({ name: 'rest', blastLimit: 8 })]);

    await rounds();

    expect((await told(forewarn)).toSorted()).toEqual(sent('c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8'));
  });

  it('counts for the blast limit the contacts of accounts, not their customers', async () => {
    const people = customers(8).map((one, at) => ({ ...one, account: `a${at % 3}`, accountContact: at < 3 }));
    await largeIncident(people, { accounts: 'contact', blastLimit: 3 });

    await rounds();

    expect((await told(forewarn)).filter((one) => one.endsWith('sent')).toSorted()).toEqual(sent('c1', 'c2', 'c3'));
  });

  it('shares the blast limit with the audience at risk, whose wave begins before it is planned', async () => {
    await largeIncident(customers(4), { audience: ['affected', 'atRisk'], blastLimit: 6 });
    await atRisk(8);

    await forewarn.runStages('campaign', 'dispatch', 'campaign');

    expect((await told(forewarn)).filter((one) => one.endsWith('sent'))).toEqual(sent('c1', 'c2', 'c3', 'c4'));
    expect(await campaigns(forewarn)).toEqual([
      expect.objectContaining({ audience: 'affected', state: 'done' }),
      expect.objectContaining({ audience: 'atRisk', stateReason: 'over_blast_limit', planning: false }),
    ]);
  });

  it('keeps the reason why it waits when fewer are written to than were counted', async () => {
    const silent = customers(8).map((one, at) => (at < 4 ? { ...one, consent: {} } : one));
    await largeIncident(silent, { blastLimit: 7 });

    await rounds();

    const waits = { state: 'awaiting_approval', stateReason: 'over_blast_limit' };
    expect(await campaigns(forewarn)).toEqual([expect.objectContaining(waits)]);
  });

  it('needs two persons for all of it', async () => {
    await largeIncident(customers(5), { approval: 'required', twoPersonsAbove: 4 });
    await step();

    await approve(forewarn, '1');

    const waits = { state: 'awaiting_approval', stateReason: 'second_person' };
    expect(await campaigns(forewarn)).toEqual([expect.objectContaining(waits)]);
  });

  it('is left to the policy that decides once the severity is another', async () => {
    const grave = aPolicy({ name: 'grave', match: { severity: ['critical'] }, approval: 'required' });
    await largeIncident(customers(5), [grave, aPolicy()]);
    await step();
    await forewarn.api.patch('/v1/incidents/1', { severity: 'critical' });

    await rounds();

    expect(await told(forewarn)).toEqual([...sent('c1', 'c2'), ...pending('c3', 'c4', 'c5')]);
    expect(await campaigns(forewarn)).toEqual([
      expect.objectContaining({ policy: 'default', state: 'done', planning: false }),
      expect.objectContaining({ policy: 'grave', wave: 2, state: 'awaiting_approval' }),
    ]);
  });

  it.each([
    { by: 'one that asks a person', policies: [aPolicy({ approval: 'required' })], goes: 2 },
    { by: 'one with a lower limit', policies: [aPolicy({ blastLimit: 3 })], goes: 2 },
    { by: 'one of another name', policies: [aPolicy({ name: 'new' })], goes: 8 },
    {
      by: 'two that choose customers',
      policies: [aPolicy({ name: 'gold', match: { customers: { plan: ['gold'] } } }), aPolicy({ name: 'rest' })],
      goes: 8,
    },
  ])('forgets nobody, and asks who must be asked, when its policy gives way to $by', async ({ policies, goes }) => {
    const people = customers(8).map((one, at) => ({ ...one, attributes: { plan: at % 2 ? 'gold' : 'free' } }));
    await largeIncident(people);
    await step();
    await beside(policies);

    await rounds(other);

    const all = await told(forewarn);
    expect(all).toHaveLength(8);
    expect(new Set(all).size).toBe(8);
    expect(all.filter((one) => one.endsWith(' sent'))).toHaveLength(goes);
  });

  it('is not held by the ramp of a policy that is gone', async () => {
    await largeIncident(customers(8), { name: 'old', ramp: ['1%'] });
    await step();
    await beside([aPolicy({ name: 'new' })]);

    await rounds(other);

    expect(await told(forewarn)).toEqual(expect.arrayContaining(sent('c3', 'c4', 'c5', 'c6', 'c7', 'c8')));
  });

  it('goes no further once the approval that let it go is taken back', async () => {
    await largeIncident(customers(9), { approval: 'required', blastLimit: 100 });
    await step();
    const { version } = (await forewarn.api.get('/v1/campaigns/1/preview')).body as { version: string };
    await forewarn.api.post('/v1/campaigns/1/approve', { version });
    await step();
    expect((await campaigns(forewarn)).at(-1)).toMatchObject({
      wave: 2,
      stateReason: 'approved_before',
      planning: true,
    });
    expect((await forewarn.api.post('/v1/campaigns/1/undo')).status).toBe(200);

    await rounds();

    expect(await told(forewarn)).toEqual([
      ...pending('c1', 'c2'),
      ...sent('c3', 'c4'),
      ...pending('c5', 'c6', 'c7', 'c8', 'c9'),
    ]);
  });

  it.each([
    { verb: 'pause', before: 'isStopped', approval: 'automatic' },
    { verb: 'pause', before: 'reached', approval: 'automatic' },
    { verb: 'cancel', before: 'reached', approval: 'automatic' },
    { verb: 'cancel', before: 'reached', approval: { after: '10m' } },
  ] as const)('is not added to by a step that runs while a person says $verb ($before, $approval)', async (stop) => {
    await largeIncident(customers(5), { approval: stop.approval });
    await step();
    const store = forewarn.daemon.app.get(CampaignStore);
    const [isStopped, reached] = [store.isStopped.bind(store), store.reached.bind(store)];
    const say = () => forewarn.api.post(`/v1/campaigns/1/${stop.verb}`);
    const spies = [
      jest.spyOn(store, 'isStopped').mockImplementation(async (...asked) => {
        const answer = await isStopped(...asked);
        if (stop.before === 'isStopped') await say();
        return answer;
      }),
      jest.spyOn(store, 'reached').mockImplementation(async (...asked) => {
        if (stop.before === 'reached') await say();
        return reached(...asked);
      }),
    ];

    await step();
    for (const spy of spies) spy.mockRestore();
    forewarn.clock.advance('11m');
    await rounds();

    expect(await told(forewarn)).toHaveLength(2);
    expect((await told(forewarn)).filter((one) => one.endsWith('sent'))).toEqual([]);
  });

  it('can be paused while a step plans for it, which then comes to nothing', async () => {
    await largeIncident(customers(5));
    await step();
    const store = forewarn.daemon.app.get(MessageStore);
    const insert = store.insert.bind(store);
    let paused: { status: number } | undefined;
    const spy = jest.spyOn(store, 'insert').mockImplementation(async (...asked) => {
      paused = await forewarn.api.post('/v1/campaigns/1/pause');
      return insert(...asked);
    });

    await step();
    spy.mockRestore();

    expect(paused?.status).toBe(200);
    expect(await told(forewarn)).toEqual(pending('c1', 'c2'));
    await forewarn.api.post('/v1/campaigns/1/resume');
    await rounds();
    expect(await told(forewarn)).toEqual(sent('c1', 'c2', 'c3', 'c4', 'c5'));
  });

  it('takes those whom only claims name along in the waves that wait for a person, whatever the policy is called', async () => {
    const claims = { trust: ['server'] as const };
    await largeIncident(customers(2), { name: 'old', ...claims }, { claims: true });
    await step();
    await beside([aPolicy({ name: 'new', ...claims })]);
    await forewarn.know(...customers(4));
    await hit(forewarn, ['c3', 'c4']);
    forewarn.clock.advance('1m');
    await rounds(other);
    expect(await told(forewarn)).toEqual(pending('c1', 'c2', 'c3', 'c4'));

    await trusted(4);
    await rounds(other);

    expect(await told(forewarn)).toEqual(sent('c1', 'c2', 'c3', 'c4'));
  });

  it('does not join a wave of another policy that waits for a person', async () => {
    await largeIncident(customers(2), { name: 'old', approval: 'required' });
    await step();
    await beside([aPolicy({ name: 'new' })]);
    await forewarn.know(...customers(3));
    await hit(forewarn, ['c3']);
    forewarn.clock.advance('1m');

    await rounds(other);

    expect(await told(forewarn)).toEqual([...pending('c1', 'c2'), ...sent('c3')]);
  });

  it.each([
    { that: 'a person cancels what goes to the affected', act: () => forewarn.api.post('/v1/campaigns/1/cancel') },
    { that: 'the policy is no longer for those at risk', act: () => beside([aPolicy()]) },
    { that: 'no policy decides', act: () => beside([aPolicy({ match: { severity: ['minor'] } })]) },
  ])('ends with those at risk who are planned when $that', async ({ act }) => {
    await largeIncident(customers(2), { audience: ['affected', 'atRisk'], quietHours: { from: '12:00', to: '14:00' } });
    await atRisk(7);
    await step();
    await act();

    await rounds(other);
    expect((await campaigns(forewarn))[1]).toMatchObject({ audience: 'atRisk', state: 'approved', planning: false });
    forewarn.clock.advance('5h');
    await rounds(other);

    expect((await told(forewarn)).slice(2)).toEqual(sent('c3', 'c4'));
    expect((await campaigns(forewarn))[1]).toMatchObject({ audience: 'atRisk', state: 'done' });
  });

  it('is planned and told once by two daemons at the same time', async () => {
    await largeIncident(customers(20));
    other = await TestDaemon.start({ beside: forewarn });
    const both = [forewarn, other];
    for (const { daemon } of both) daemon.app.get(NoticeWaves).batch = 2;

    for (let turn = 0; turn < 15; turn++)
      await Promise.all(both.flatMap((one) => [one.runStage('campaign'), one.runStage('dispatch')]));

    const all = await told(forewarn);
    expect(all.filter((one) => one.endsWith('sent'))).toHaveLength(20);
    expect(new Set(all).size).toBe(20);
    expect(await campaigns(forewarn)).toEqual([expect.objectContaining({ wave: 1, state: 'done' })]);
  });

  it('does not keep a wave open that a version without snapshots went past', async () => {
    await largeIncident(customers(4));
    await step();
    await forewarn.rows(
      `INSERT INTO campaign (incident_id, policy, kind, wave, state, state_reason, state_facts, created_at, claimed, audience, audience_seq)
       SELECT incident_id, policy, kind, 2, state, state_reason, state_facts, created_at, claimed, audience, (SELECT max(seq) FROM audience_member) FROM campaign`,
    );

    await forewarn.runStages('dispatch', 'campaign');

    expect((await campaigns(forewarn))[0]).toMatchObject({ wave: 1, state: 'done', planning: false });
  });

  it('counts no claims where those wait for a person', async () => {
    await largeIncident(customers(5), { blastLimit: 2, trust: ['signed', 'server'] }, { claims: true });
    await trusted(2);

    await forewarn.planAndSend();

    expect((await told(forewarn)).toSorted()).toEqual([...sent('c1', 'c2'), ...pending('c3', 'c4', 'c5')].toSorted());
    expect(await campaigns(forewarn)).toEqual([
      expect.objectContaining({ claimed: false, state: 'done', planning: false }),
      expect.objectContaining({ claimed: true, state: 'awaiting_approval', planning: false }),
    ]);
  });

  it('is one campaign also where it is of customers at risk', async () => {
    await largeIncident(customers(2), { audience: ['affected', 'atRisk'] });
    await atRisk(7);

    await step();
    expect(await campaigns(forewarn)).toEqual([
      expect.objectContaining({ audience: 'affected', planning: false }),
      expect.objectContaining({ audience: 'atRisk', planning: true }),
    ]);

    await forewarn.runStages('campaign', 'dispatch', 'campaign');
    expect(await told(forewarn)).toEqual(sent('c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7'));
    expect(await timeline('campaign')).toEqual([
      expect.objectContaining({ wave: 1, customers: 2 }),
      expect.objectContaining({ wave: 2, customers: 5 }),
    ]);
  });

  it('is left when the incident ends, which only those who were told hear of', async () => {
    await largeIncident(customers(5));
    await step();
    await forewarn.runStage('dispatch');
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });

    await forewarn.runStages('campaign', 'dispatch', 'campaign');

    expect(await told(forewarn)).toEqual([...sent('c1', 'c2'), 'c1 resolved sent', 'c2 resolved sent']);
    expect(await campaigns(forewarn)).toEqual([
      expect.objectContaining({ kind: 'notice', state: 'done' }),
      expect.objectContaining({ kind: 'resolved', state: 'done' }),
    ]);
  });

  it('is planned to its end where the rest of it is gone', async () => {
    await largeIncident(customers(5));
    await step();
    await forewarn.rows('DELETE FROM audience_member WHERE seq > 2');
    await forewarn.runStages('campaign', 'dispatch', 'campaign');
    expect(await campaigns(forewarn)).toEqual([expect.objectContaining({ state: 'done', planning: false })]);
    await forewarn.know(aCustomer({ externalId: 'late' }));
    forewarn.clock.advance('1m');
    await hit(forewarn, ['late']);

    await forewarn.planAndSend();

    expect(await told(forewarn)).toContain('late notice sent');
  });
});

async function largeIncident(
  people: readonly CustomerLine[],
  policy: Record<string, unknown> | Record<string, unknown>[] = {},
  options: Omit<TestDaemonOptions, 'clock' | 'config'> = {},
): Promise<void> {
  const policies = Array.isArray(policy) ? policy : [aPolicy(policy)];
  forewarn = await incidentWith(people, { ...options, config: { policies } });
  forewarn.daemon.app.get(NoticeWaves).batch = 2;
  await forewarn.runStages('audience', 'draft');
}

/** Starts a second daemon with other policies, as after a change of the configuration. */
async function beside(policies: Record<string, unknown>[]): Promise<void> {
  const config = { detection: { newFault: { customers: 1, within: '10m' } }, policies };
  other = await TestDaemon.start({ beside: forewarn, config });
  other.daemon.app.get(NoticeWaves).batch = 2;
}

/** What goes on by itself, with time for waves that follow one another. */
async function rounds(daemon: TestDaemon = forewarn): Promise<void> {
  for (let turn = 0; turn < 10; turn++) {
    await daemon.runStages('audience', 'campaign', 'dispatch', 'campaign');
    daemon.clock.advance('20s');
  }
}

/** Knows so many customers, and those of them who were not hit are at risk. */
async function atRisk(known: number): Promise<void> {
  await forewarn.know(...customers(known));
  await forewarn.rows(
    `INSERT INTO at_risk_member (incident_id, customer_id, since, expected, trust)
     SELECT 1, i.customer_id, now(), 0.5, 'server' FROM customer_identity i
     WHERE i.kind = 'id' AND NOT EXISTS (SELECT FROM audience_member a WHERE a.customer_id = i.customer_id)
     ORDER BY i.customer_id`,
  );
}

/** Lets evidence of the app's own server stand behind so many of those who were hit, in the order in which they came. */
async function trusted(count: number): Promise<void> {
  await forewarn.rows(
    "UPDATE audience_member SET trust = 'server' WHERE seq IN (SELECT seq FROM audience_member ORDER BY seq LIMIT $1)",
    [count],
  );
}

async function timeline(kind: string): Promise<unknown[]> {
  const incident = (await forewarn.api.get('/v1/incidents/1')).body as {
    timeline: { kind: string; details: object }[];
  };
  return incident.timeline.filter((one) => one.kind === kind).map(({ details }) => details);
}
