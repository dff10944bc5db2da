import { afterEach, describe, expect, it } from '@jest/globals';
import { anEvent, anotherEvent } from '../support/builders.js';
import { TestDaemon } from '../support/test-daemon.js';

const config = { detection: { newFault: { customers: 3, within: '10m' } } };

describe('detect', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  it('calls a new issue that hits the configured number of customers', async () => {
    forewarn = await TestDaemon.start({ config });
    await hit(forewarn, 'c1', 'c2', 'c3');

    await forewarn.runStage('detect');

    expect(await calls(forewarn)).toEqual([{ issue_id: 1, kind: 'new', seen: 3 }]);
  });

  it('does not call an issue that hits one customer fewer, however often', async () => {
    forewarn = await TestDaemon.start({ config });
    await hit(forewarn, 'c1', 'c2', 'c1', 'c2', 'c1', 'c2');

    await forewarn.runStage('detect');

    expect(await calls(forewarn)).toEqual([]);
  });

  it('does not add up customers of different issues', async () => {
    forewarn = await TestDaemon.start({ config });
    await hit(forewarn, 'c1', 'c2');
    await forewarn.send(anotherEvent({ customer: 'c3' }), anotherEvent({ customer: 'c4' }));

    await forewarn.runStage('detect');

    expect(await calls(forewarn)).toEqual([]);
  });

  it('does not call an issue whose customers come over more than the configured time', async () => {
    forewarn = await TestDaemon.start({ config });
    await hit(forewarn, 'c1');
    forewarn.clock.advance('6m');
    await hit(forewarn, 'c2');
    await forewarn.runStage('detect');
    forewarn.clock.advance('6m');
    await hit(forewarn, 'c3');

    await forewarn.runStage('detect');

    expect(await calls(forewarn)).toEqual([]);
  });

  it('does not call issues below the level error, or issues that people ignore', async () => {
    forewarn = await TestDaemon.start({ config });
    for (const customer of ['c1', 'c2', 'c3']) await forewarn.send(anEvent({ customer, level: 'warning' }));
    await forewarn.runStage('detect');
    await forewarn.send(...['c1', 'c2', 'c3'].map((customer) => anotherEvent({ customer })));
    await forewarn.api.patch('/v1/issues/2', { status: 'ignored' });

    await forewarn.runStage('detect');

    expect(await calls(forewarn)).toEqual([]);
  });

  it('calls an issue as new only once, even if two daemons look at the same time, and after months', async () => {
    forewarn = await TestDaemon.start({ config });
    const second = await TestDaemon.start({ config, beside: forewarn });
    await hit(forewarn, 'c1', 'c2', 'c3');

    await Promise.all([forewarn.runStage('detect'), second.runStage('detect')]);
    forewarn.clock.advance('12w');
    await hit(forewarn, 'c4', 'c5', 'c6');
    await forewarn.runStage('detect');

    await second.stop();
    expect(await calls(forewarn)).toHaveLength(1);
  });
});

async function hit(forewarn: TestDaemon, ...customers: string[]): Promise<void> {
  await forewarn.send(...customers.map((customer) => anEvent({ customer })));
}

async function calls(forewarn: TestDaemon): Promise<object[]> {
  return forewarn.rows("SELECT issue_id, kind, (evidence ->> 'seen')::int AS seen FROM detection ORDER BY id");
}
