import { afterEach, describe, expect, it } from '@jest/globals';
import { aCustomer, anEvent, anotherEvent } from '../support/builders.js';
import { TestDaemon } from '../support/test-daemon.js';

interface Shown {
  readonly externalId: string | null;
  readonly kind: string;
  readonly evidence: { readonly events: number; readonly lastEventId: string };
}

describe('audience', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  it("holds exactly the customers whom the incident's issues hit, each with the evidence", async () => {
    forewarn = await openIncident();
    await forewarn.send(anotherEvent({ customer: 'other' }), anEvent({}));

    await forewarn.runStage('audience');

    const members = await audience(forewarn);
    expect(members.map((one) => [one.externalId, one.kind, one.evidence.events])).toEqual([
      ['c1', 'affected', 1],
      ['c2', 'affected', 2],
      ['c3', 'affected', 1],
    ]);
  });

  it('adds customers who are hit later, and renews the evidence of those who are hit again', async () => {
    forewarn = await openIncident();
    await forewarn.runStage('audience');
    forewarn.clock.advance('5m');
    const again = anEvent({ customer: 'c1' });
    await forewarn.send(again, anEvent({ customer: 'c4' }));

    await forewarn.runStage('audience');

    const members = await audience(forewarn);
    expect(members.map((one) => one.externalId)).toEqual(['c1', 'c2', 'c3', 'c4']);
    expect(members[0]?.evidence).toMatchObject({ events: 2, lastEventId: again.id?.replaceAll('-', '') });
  });

  it('changes nothing in a second sweep', async () => {
    forewarn = await openIncident();
    await forewarn.runStage('audience');
    const before = await forewarn.rows('SELECT customer_id, evidence, added_at, seq FROM audience_member ORDER BY 1');

    expect(await forewarn.runStage('audience')).toMatchObject({ worked: 0 });

    expect(await forewarn.rows('SELECT customer_id, evidence, added_at, seq FROM audience_member ORDER BY 1')).toEqual(
      before,
    );
  });

  it('holds a customer once even if the directory knows two identities of theirs', async () => {
    forewarn = await openIncident();
    await forewarn.send(anEvent({ customer: { email: 'c1@customers.example' } }));
    await forewarn.know(aCustomer({ externalId: 'c1' }));

    await forewarn.runStage('audience');

    const members = await audience(forewarn);
    expect(members.map((one) => [one.externalId, one.evidence.events]).sort()).toEqual([
      ['c1', 2],
      ['c2', 2],
      ['c3', 1],
    ]);
  });

  it('follows the directory when it learns later who a member is', async () => {
    forewarn = await openIncident();
    await forewarn.send(anEvent({ customer: { email: 'kim@customers.example' } }));
    await forewarn.runStage('audience');
    for (let minute = 0; minute < 5; minute++) {
      forewarn.clock.advance('1m');
      await forewarn.runStage('audience');
    }
    await forewarn.know(aCustomer({ externalId: 'kim' }));

    await forewarn.runStage('audience');

    const members = await audience(forewarn);
    expect(members.map((one) => one.externalId).sort()).toEqual(['c1', 'c2', 'c3', 'kim']);
  });

  async function openIncident(): Promise<TestDaemon> {
    const daemon = await TestDaemon.start();
    await daemon.send(...['c1', 'c2', 'c3', 'c2'].map((customer) => anEvent({ customer })));
    await daemon.runStages('detect', 'incident-open');
    return daemon;
  }
});

async function audience(forewarn: TestDaemon): Promise<Shown[]> {
  return ((await forewarn.api.get('/v1/incidents/1/audience')).body as { items: Shown[] }).items;
}
