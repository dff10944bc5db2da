import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { AudienceStore } from '../../src/audience/affected/audience.store.js';
import { CustomerDirectory } from '../../src/customers/public.js';
import { Issues } from '../../src/issues/public.js';
import { Database } from '../../src/platform/db/database.js';
import { aCustomer, anEvent, anotherEvent } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
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

  it('adds up the hits of an issue that many fingerprints lead to', async () => {
    forewarn = await openIncident();
    const types = ['RangeError', 'URIError', 'EvalError', 'SyntaxError', 'ReferenceError', 'AggregateError'];
    for (const [at, type] of types.entries()) {
      const message = `${type} of its own`;
      const stack = `${type}: ${message}\n    at step${at} (/srv/shop/src/step${at}.js:12:5)`;
      await forewarn.send(anEvent({ type, message, stack, customer: 'c1' }));
      await forewarn.api.post(`/v1/issues/${at + 2}/merge`, { into: '1' });
    }
    expect(await forewarn.rows('SELECT FROM issue WHERE root_id = 1')).toHaveLength(7);

    await forewarn.runStage('audience');

    const members = await audience(forewarn);
    expect(members.map((one) => [one.externalId, one.evidence.events])).toEqual([
      ['c1', 7],
      ['c2', 2],
      ['c3', 1],
    ]);
  });

  describe('of which a customer is erased', () => {
    const waiting = () =>
      forewarn.rows(
        "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid <> pg_backend_pid() AND datname = current_database()",
      );
    const members = () => forewarn.rows('SELECT customer_id FROM audience_member ORDER BY 1');

    /** Sweeps, and has c1 erased where `hook` calls what it is given: the erasure waits there, and then nobody is left of c1. */
    const eraseInSweep = async (hook: (erase: () => Promise<void>) => void) => {
      await forewarn.know(aCustomer({ externalId: 'c1' }));
      let erased: Promise<{ status: number }> | undefined;
      hook(async () => {
        erased = forewarn.api.delete('/v1/customers/c1');
        await eventually('the erasure waits', waiting, ({ length }) => length === 1);
      });

      expect(await forewarn.runStage('audience')).toMatchObject({ worked: 3 });

      expect((await erased)?.status).toBe(204);
      expect(await members()).toEqual([{ customer_id: 2 }, { customer_id: 3 }]);
    };

    it('holds them no longer, at risk or affected', async () => {
      forewarn = await openIncident();
      await forewarn.runStage('audience');
      await forewarn.rows(
        'INSERT INTO at_risk_member (incident_id, customer_id, since, expected) VALUES (1, 1, now(), 0.5)',
      );
      await forewarn.know(aCustomer({ externalId: 'c1' }));

      expect((await forewarn.api.delete('/v1/customers/c1')).status).toBe(204);

      expect(await members()).toEqual([{ customer_id: 2 }, { customer_id: 3 }]);
      expect(await forewarn.rows('SELECT FROM at_risk_member')).toEqual([]);
    });

    it('holds them no longer where the erasure begins while a sweep runs, which it waits for', async () => {
      forewarn = await openIncident();
      const issues = forewarn.daemon.app.get(Issues);
      const read = issues.hitsOfCustomers.bind(issues);

      await eraseInSweep((erase) => {
        jest.spyOn(issues, 'hitsOfCustomers').mockImplementation(async (...asked) => {
          await erase();
          return read(...asked);
        });
      });
    });

    it('holds them no longer where the sweep made one at risk affected', async () => {
      forewarn = await openIncident();
      await forewarn.rows(
        "INSERT INTO audience_member (incident_id, customer_id, kind, evidence, added_at) VALUES (1, 1, 'at_risk', '{}', now())",
      );
      const store = forewarn.daemon.app.get(AudienceStore);
      const mark = store.markSwept.bind(store);

      await eraseInSweep((erase) => {
        jest.spyOn(store, 'markSwept').mockImplementation(async (...swept) => {
          await erase();
          return mark(...swept);
        });
      });
    });

    it('leaves them out where the erasure ends while the sweep waits', async () => {
      forewarn = await openIncident();
      const directory = forewarn.daemon.app.get(CustomerDirectory);
      let sweep: Promise<unknown> | undefined;
      await forewarn.daemon.app.get(Database).transaction(async (tx) => {
        await directory.erase(tx, 1);
        sweep = forewarn.runStage('audience');
        await eventually('the sweep waits', waiting, ({ length }) => length === 1);
      });
      await sweep;

      expect(await members()).toEqual([{ customer_id: 2 }, { customer_id: 3 }]);
    });
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
