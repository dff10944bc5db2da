import { afterEach, describe, expect, it } from '@jest/globals';
import { aCustomer, anEvent } from '../support/builders.js';
import { aDayOf, type HistoryMinute, pass } from '../support/history.js';
import { told } from '../support/story.js';
import { TestDaemon } from '../support/test-daemon.js';

const detection = { newFault: { customers: 5, within: '10m' } };

interface ShownIncident {
  readonly id: string;
  readonly title: string;
  readonly status: string;
  readonly severity: string;
  readonly resolution: string | null;
  readonly reopened: number;
}

describe('the silence of an app that is always used', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  const inUse = (): HistoryMinute => ({ active: 20 });
  const silent = () => null;

  it('opens an incident without messages to anybody, and closes it when the app is used again', async () => {
    forewarn = await TestDaemon.start({ config: { detection } });
    await forewarn.know(aCustomer({ externalId: 'c1' }));
    await forewarn.send(anEvent({ customer: 'c1' }));
    await aDayOf(forewarn, inUse);
    await pass(forewarn, 12, silent, 3);

    expect(await said()).toEqual(['heartbeat drop']);
    expect(await incidents()).toMatchObject([{ title: 'The app is silent', severity: 'major', status: 'detected' }]);
    expect(await words()).toMatch(/^0 active customers in \d+ min, expected \d+ \(p < 1e-\d+\), since /);
    await forewarn.planAndSend();
    expect(await told(forewarn)).toEqual([]);

    await pass(forewarn, 45, inUse, 5);
    await forewarn.runStage('incident-close');
    expect(await said()).toEqual(['heartbeat drop', 'heartbeat recovered']);
    expect(await incidents()).toMatchObject([{ status: 'resolved', resolution: 'quiet' }]);

    await pass(forewarn, 40, silent, 4);
    expect(await incidents()).toMatchObject([{ status: 'detected', reopened: 1 }]);
  });

  it('closes no other incident: each ends on its own evidence', async () => {
    forewarn = await TestDaemon.start({ config: { detection } });
    await aDayOf(forewarn, inUse);
    await forewarn.send(...['a', 'b', 'c', 'd', 'e', 'f'].map((customer) => anEvent({ customer })));
    await pass(forewarn, 5, inUse);
    await pass(forewarn, 90, inUse, 5);
    await forewarn.send(anEvent({ customer: 'g' }));
    await pass(forewarn, 60, silent, 4);
    await forewarn.runStage('incident-close');

    const shown = await incidents();
    expect(shown.map(({ title, status }) => `${title.slice(0, 17)} ${status}`)).toEqual([
      'The app is silent detected',
      'TypeError: cannot detected',
    ]);

    await pass(forewarn, 60, inUse, 5);
    await forewarn.runStage('incident-close');
    expect((await incidents()).map(({ status }) => status)).toEqual(['resolved', 'resolved']);
  });

  it('is not called for a time in which the daemon itself was down', async () => {
    forewarn = await TestDaemon.start({ config: { detection } });
    await aDayOf(forewarn, inUse);
    await pass(forewarn, 60, silent, 60);
    await pass(forewarn, 10, inUse);
    expect(await said()).toEqual([]);
  });

  async function said(): Promise<string[]> {
    const rows = await forewarn.rows<{ what: string }>(
      "SELECT series || ' ' || kind AS what FROM detection ORDER BY id",
    );
    return rows.map(({ what }) => what);
  }

  async function words(): Promise<string> {
    return (await forewarn.row<{ words: string }>("SELECT evidence ->> 'words' AS words FROM detection")).words;
  }

  async function incidents(): Promise<ShownIncident[]> {
    return ((await forewarn.api.get('/v1/incidents')).body as { items: ShownIncident[] }).items;
  }
});

describe('a known issue that hits slowly more customers', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  it('is called though no hour is a spike, opens one incident, and recovers', async () => {
    forewarn = await TestDaemon.start({ config: { detection } });
    await forewarn.send(anEvent({ customer: 'c0' }));
    const every = (minutes: number) => (minute: number) => ({
      active: 100,
      hits: minute % minutes === 0 ? [{ issue: 1, customers: 1 }] : [],
    });
    await aDayOf(forewarn, every(20));
    await pass(forewarn, 2 * 1440, every(20), 240);
    expect(await said()).toEqual([]);

    await pass(forewarn, 8 * 60, every(4), 30);
    expect(await said()).toContain('issue:1 slow_burn');
    expect((await said()).filter((one) => one.endsWith('spike'))).toEqual([]);
    const { items } = (await forewarn.api.get('/v1/incidents')).body as { items: object[] };
    expect(items).toHaveLength(1);

    await pass(forewarn, 12 * 60, every(20), 60);
    expect(await said()).toContain('issue:1 recovered');
  });

  async function said(): Promise<string[]> {
    const rows = await forewarn.rows<{ what: string }>(
      "SELECT series || ' ' || kind AS what FROM detection ORDER BY id",
    );
    return rows.map(({ what }) => what);
  }
});
