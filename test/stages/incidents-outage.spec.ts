import { afterEach, describe, expect, it } from '@jest/globals';
import { aCustomer, anEvent, anotherEvent } from '../support/builders.js';
import { told } from '../support/story.js';
import { TestDaemon } from '../support/test-daemon.js';

const config = { detection: { newFault: { customers: 5, within: '10m' } } };
/** Words for fifty faults that share nothing but their moment. */
const PARTS = Array.from(
  { length: 50 },
  (_, at) => `${String.fromCharCode(97 + (at % 26))}${at < 26 ? 'Order' : 'Basket'}`,
);

function eventOf(part: string, customer: string) {
  const [type, file] = [`${part}Failure`, `/srv/shop/src/${part}.js`];
  return anEvent({
    customer,
    type,
    message: `${part} did not answer`,
    stack: `${type}: no\n    at ${part} (${file}:7:3)`,
  });
}

describe('an outage', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  it('with fifty issues makes one incident, and each customer is in it once and told once', async () => {
    forewarn = await TestDaemon.start({ config });
    const names = Array.from({ length: 20 }, (_, at) => `c${at + 1}`);
    await forewarn.know(...names.map((externalId) => aCustomer({ externalId })));
    for (const [at, part] of PARTS.entries()) {
      await forewarn.send(...names.slice(at % 12, (at % 12) + 8).map((customer) => eventOf(part, customer)));
      if (at % 10 === 9) {
        await forewarn.planAndSend();
        forewarn.clock.advance('20s');
      }
    }
    await forewarn.planAndSend();

    const { items } = (await forewarn.api.get('/v1/incidents')).body as { items: { issues: string[] }[] };
    expect(items).toHaveLength(1);
    expect(items[0]?.issues).toHaveLength(50);
    const messages = await told(forewarn);
    expect(new Set(messages).size).toBe(messages.length);
    expect(messages).toHaveLength(19);
  });

  it('that comes back before anybody was told reopens the same incident', async () => {
    forewarn = await TestDaemon.start({ config: { ...config, policies: [] } });
    await hit('c1', 'c2', 'c3', 'c4', 'c5');
    await forewarn.plan();
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });
    await again();

    expect(await incidents()).toMatchObject([{ id: '1', status: 'detected', reopened: 1 }]);
  });

  it('that comes back after its customers heard of its end opens a new incident that names the earlier one', async () => {
    forewarn = await TestDaemon.start({ config });
    await forewarn.know(aCustomer({ externalId: 'c1' }));
    await hit('c1', 'c2', 'c3', 'c4', 'c5');
    await forewarn.planAndSend();
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });
    await forewarn.planAndSend();
    await again();

    expect(await incidents()).toMatchObject([
      { id: '2', status: 'detected', previous: '1', reopened: 1 },
      { id: '1', status: 'resolved' },
    ]);
  });

  it('that a person merges into another is noted once on both timelines, and nobody is told twice', async () => {
    forewarn = await TestDaemon.start({ config });
    await forewarn.know(aCustomer({ externalId: 'c1' }));
    await hit('c1', 'c2', 'c3', 'c4', 'c5');
    await forewarn.planAndSend();
    const open = await forewarn.api.post('/v1/incidents', { project: 'shop', title: 'Payment provider is down' });
    expect(open.status).toBe(201);

    await forewarn.api.post('/v1/incidents/1/merge', { into: '2' });
    await forewarn.planAndSend();
    await forewarn.api.patch('/v1/incidents/2', { status: 'resolved' });
    await forewarn.planAndSend();

    expect(await incidents()).toMatchObject([
      { id: '2', merged: ['1'], issues: ['1'] },
      { id: '1', resolution: 'merged', mergedInto: '2' },
    ]);
    expect((await told(forewarn)).filter((one) => one.startsWith('c1'))).toEqual([
      'c1 notice sent',
      'c1 resolved sent',
    ]);
  });

  it('does not reattach an issue that a person detached', async () => {
    forewarn = await TestDaemon.start({ config });
    await hit('c1', 'c2', 'c3', 'c4', 'c5');
    await forewarn.plan();

    expect((await forewarn.api.delete('/v1/incidents/1/issues/1')).body).toMatchObject({ issues: [] });
    expect((await forewarn.api.post('/v1/incidents/1/issues', { issueId: '1' })).body).toMatchObject({ issues: ['1'] });
    expect((await forewarn.api.delete('/v1/incidents/1/issues/7')).status).toBe(404);
  });

  async function hit(...customers: string[]): Promise<void> {
    await forewarn.send(...customers.map((customer) => anEvent({ customer })));
  }

  /** Runs until the first wave is over, then lets the fault hit others. */
  async function again(): Promise<void> {
    for (let minutes = 0; minutes < 90; minutes += 10) {
      forewarn.clock.advance('10m');
      await forewarn.send(anotherEvent({ customer: 'x1' }));
      await forewarn.runStage('detect');
    }
    await forewarn.runStage('incident-open');
    const many = Array.from({ length: 40 }, (_, at) => `d${at}`);
    await hit(...many.slice(0, 20));
    forewarn.clock.advance('1m');
    await hit(...many.slice(20));
    await forewarn.planAndSend();
  }

  async function incidents(): Promise<object[]> {
    return ((await forewarn.api.get('/v1/incidents')).body as { items: object[] }).items;
  }
});

describe('verdicts', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  it('on the same history are equal with and without a restart, whenever somebody looks', async () => {
    forewarn = await TestDaemon.start({ config });
    const steady = await forty(forewarn, async () => [forewarn]);
    await forewarn.stop();
    forewarn = await TestDaemon.start({ config });
    let other = await TestDaemon.start({ config, beside: forewarn });
    const restarted = await forty(forewarn, async (minute) => {
      if (minute !== 20) return minute % 3 === 0 ? [other] : [forewarn, other];
      await other.stop();
      other = await TestDaemon.start({ config, beside: forewarn });
      return [other];
    });
    await other.stop();

    expect(restarted).toEqual(steady);
    expect(steady.map(({ kind }) => kind)).toContain('new');
    expect(steady.map(({ kind }) => kind)).toContain('recovered');
  });

  /** Forty minutes in which one fault starts, lasts and stops while another trickles on. */
  async function forty(
    daemon: TestDaemon,
    lookers: (minute: number) => Promise<TestDaemon[]>,
  ): Promise<{ kind: string; series: string }[]> {
    for (let minute = 0; minute < 40; minute++) {
      await daemon.send(anotherEvent({ customer: `o${minute % 4}` }));
      if (minute >= 5 && minute < 15)
        await daemon.send(...[0, 1, 2].map((at) => anEvent({ customer: `c${minute * 3 + at}` })));
      for (const one of await lookers(minute)) await one.runStage('detect');
      daemon.clock.advance('1m');
    }
    return daemon.rows("SELECT series, kind, since, evidence ->> 'seen' AS seen FROM detection ORDER BY id");
  }
});
