import { afterEach, describe, expect, it } from '@jest/globals';
import { anEvent, anotherEvent } from '../support/builders.js';
import { TestDaemon } from '../support/test-daemon.js';

const config = { detection: { newFault: { customers: 2, within: '10m' } }, incidents: { quietFor: '30m' } };

describe('incident-open', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  it('opens one incident for a detection, and none when it runs again', async () => {
    forewarn = await TestDaemon.start({ config });
    await callTwo(forewarn);

    await forewarn.runStages('incident-open', 'incident-open');

    const { items } = await incidents(forewarn);
    expect(items).toEqual([expect.objectContaining({ id: '1', status: 'detected', severity: 'major', issues: ['1'] })]);
    expect((await forewarn.api.get('/v1/incidents/1')).body).toMatchObject({
      timeline: [{ kind: 'opened', actor: 'forewarn', details: { detection: 'new', seen: 2 } }],
    });
  });

  it('opens one incident when two daemons act on the detection at the same time', async () => {
    forewarn = await TestDaemon.start({ config });
    const second = await TestDaemon.start({ config, beside: forewarn });
    await callTwo(forewarn);

    await Promise.all([forewarn.runStage('incident-open'), second.runStage('incident-open')]);

    await second.stop();
    expect((await incidents(forewarn)).items).toHaveLength(1);
  });

  it('gives reasons for the severity of an incident, and raises it while the incident grows', async () => {
    forewarn = await TestDaemon.start({ config });
    const crash = { type: 'Error', message: 'out of seats', handled: false };
    const hit = (from: number, to: number) =>
      forewarn.send(
        ...Array.from({ length: to - from }, (_, at) =>
          anEvent({
            customer: `c${from + at}`,
            message: undefined,
            type: undefined,
            stack: undefined,
            exception: crash,
          }),
        ),
      );
    await hit(0, 4);
    await forewarn.runStages('detect', 'incident-open');
    expect((await incidents(forewarn)).items).toEqual([expect.objectContaining({ severity: 'major' })]);

    await hit(4, 104);
    await forewarn.runStages('incident-close', 'incident-close');

    expect((await forewarn.api.get('/v1/incidents/1')).body).toMatchObject({
      severity: 'critical',
      timeline: [
        { kind: 'opened', details: { because: ['4 customers hit', 'how many use the app is not known'] } },
        { kind: 'severity_raised', details: { from: 'major', to: 'critical' } },
      ],
    });
  });
});

describe('incident-close', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  it('closes an incident that stays quiet while the app is otherwise active', async () => {
    forewarn = await open();
    forewarn.clock.advance('20m');
    await forewarn.send(anotherEvent({ customer: 'c9' }));
    forewarn.clock.advance('12m');

    await forewarn.runStage('incident-close');

    expect((await incidents(forewarn)).items).toEqual([
      expect.objectContaining({ status: 'resolved', resolution: 'quiet' }),
    ]);
  });

  it('keeps an incident open while the app is silent, since it may be down', async () => {
    forewarn = await open();
    forewarn.clock.advance('10h');

    await forewarn.runStage('incident-close');

    expect((await incidents(forewarn)).items).toEqual([expect.objectContaining({ status: 'detected' })]);
  });

  it('keeps an incident open that was hit within the quiet time', async () => {
    forewarn = await open();
    forewarn.clock.advance('25m');
    await forewarn.send(anEvent({ customer: 'c1' }));
    forewarn.clock.advance('25m');
    await forewarn.send(anotherEvent({ customer: 'c9' }));

    await forewarn.runStage('incident-close');

    expect((await incidents(forewarn)).items).toEqual([expect.objectContaining({ status: 'detected' })]);
  });

  it('keeps an incident resolved: people resolve it once and cannot take that back', async () => {
    forewarn = await open();

    expect((await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' })).body).toMatchObject({
      resolution: 'ops',
    });
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });
    expect((await forewarn.api.patch('/v1/incidents/1', { status: 'detected' })).status).toBe(409);

    const { timeline } = (await forewarn.api.get('/v1/incidents/1')).body as { timeline: { kind: string }[] };
    expect(timeline.filter((one) => one.kind === 'resolved')).toHaveLength(1);
  });

  async function open(): Promise<TestDaemon> {
    const daemon = await TestDaemon.start({ config });
    await callTwo(daemon);
    await daemon.runStage('incident-open');
    return daemon;
  }
});

async function callTwo(forewarn: TestDaemon): Promise<void> {
  await forewarn.send(anEvent({ customer: 'c1' }), anEvent({ customer: 'c2' }));
  await forewarn.runStage('detect');
}

async function incidents(forewarn: TestDaemon): Promise<{ items: object[] }> {
  return (await forewarn.api.get('/v1/incidents')).body as { items: object[] };
}
