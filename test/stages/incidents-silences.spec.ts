import { afterEach, describe, expect, it } from '@jest/globals';
import { aCustomer, anEvent, anotherEvent } from '../support/builders.js';
import { told } from '../support/story.js';
import { aConfig } from '../support/test-config.js';
import { TestDaemon } from '../support/test-daemon.js';

const newFault = { customers: 3, within: '10m' };
const detection = { newFault };

describe('a silence', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  it('stops incidents, shows what it stopped, and calls what still lasts when it ends', async () => {
    forewarn = await TestDaemon.start({ config: { detection } });
    const made = await forewarn.api.post('/v1/silences', {
      project: 'shop',
      to: inMinutes(10),
      reason: 'planned switch',
    });
    expect(made.status).toBe(201);
    await hit('c1', 'c2', 'c3');
    await forewarn.plan();
    expect(await incidents()).toEqual([]);
    expect((await forewarn.api.get('/v1/silences')).body).toMatchObject({
      items: [{ id: '1', state: 'active', stopped: 1, stops: [{ what: 'incident' }] }],
    });

    forewarn.clock.advance('11m');
    await forewarn.runStage('incident-open');

    expect(await incidents()).toMatchObject([{ status: 'detected' }]);
    expect((await forewarn.api.get('/v1/silences/1')).body).toMatchObject({ state: 'ended', stopped: 1 });
  });

  it('that ends early releases the verdicts that it held', async () => {
    forewarn = await TestDaemon.start({ config: { detection } });
    await forewarn.api.post('/v1/silences', { project: 'shop', to: inMinutes(60), reason: 'planned switch' });
    await hit('c1', 'c2', 'c3');
    await forewarn.plan();
    await forewarn.api.delete('/v1/silences/1');
    await forewarn.plan();

    expect(await incidents()).toHaveLength(1);
  });

  it('stops outreach about an open incident until it ends', async () => {
    forewarn = await TestDaemon.start({ config: { detection } });
    await forewarn.know(aCustomer({ externalId: 'c1' }), aCustomer({ externalId: 'c4' }));
    await hit('c1', 'c2', 'c3');
    await forewarn.runStages('detect', 'incident-open', 'audience', 'draft');
    await forewarn.api.post('/v1/silences', { issue: '1', to: inMinutes(10), reason: 'we call them' });
    await forewarn.runStages('campaign', 'dispatch');
    expect(await told(forewarn)).toEqual([]);
    expect((await forewarn.api.get('/v1/silences/1')).body).toMatchObject({ stops: [{ what: 'outreach' }] });

    forewarn.clock.advance('11m');
    await forewarn.planAndSend();

    expect(await told(forewarn)).toContain('c1 notice sent');
  });

  it('needs a subject and an end in the future', async () => {
    forewarn = await TestDaemon.start({ config: { detection } });
    expect((await forewarn.api.post('/v1/silences', { to: inMinutes(5), reason: 'all' })).status).toBe(400);
    expect(
      (await forewarn.api.post('/v1/silences', { project: 'shop', to: inMinutes(-5), reason: 'late' })).status,
    ).toBe(400);
  });

  it('may stand in the configuration as a maintenance window', async () => {
    const maintenance = [{ name: 'switch', project: 'shop', from: '2026-03-10T11:00:00Z', to: '2026-03-10T13:00:00Z' }];
    forewarn = await TestDaemon.start({ config: { detection, maintenance } });
    await hit('c1', 'c2', 'c3');
    await forewarn.plan();

    expect(await incidents()).toEqual([]);
    expect((await forewarn.api.get('/v1/silences')).body).toMatchObject({
      items: [{ id: 'config:switch', stopped: 1 }],
    });
  });

  it('may repeat every week, shows its current or next occurrence and all stops, and ends by itself', async () => {
    const weekly = { days: ['tue'], from: '13:00', to: '14:00', timeZone: 'Europe/Berlin' };
    forewarn = await TestDaemon.start({
      config: { detection, maintenance: [{ name: 'tuesdays', project: 'shop', weekly }] },
    });
    await hit('c1', 'c2', 'c3');
    await forewarn.plan();
    expect(await incidents()).toEqual([]);
    const window = { id: 'config:tuesdays', stopped: 1, stops: [{ what: 'incident' }], weekly };
    expect((await forewarn.api.get('/v1/silences')).body).toMatchObject({
      items: [{ ...window, state: 'active', from: '2026-03-10T12:00:00.000Z', to: '2026-03-10T13:00:00.000Z' }],
    });

    forewarn.clock.advance('61m');
    await forewarn.runStage('incident-open');

    expect(await incidents()).toMatchObject([{ status: 'detected' }]);
    expect((await forewarn.api.get('/v1/silences/config:tuesdays')).body).toMatchObject({
      ...window,
      state: 'planned',
      from: '2026-03-17T12:00:00.000Z',
    });
  });

  it('made by people may repeat every week, holds only at its times, and ends for good', async () => {
    forewarn = await TestDaemon.start({ config: { detection } });
    const weekly = { days: ['tue'], from: '13:30', to: '15:00', timeZone: 'Europe/Berlin' };
    const made = await forewarn.api.post('/v1/silences', {
      ...{ project: 'shop', to: inMinutes(8 * 1440), reason: 'planned switch', weekly },
    });
    const until = inMinutes(8 * 1440);
    expect(made).toMatchObject({ status: 201, body: { state: 'planned', from: '2026-03-10T12:30:00.000Z' } });

    forewarn.clock.advance('31m');
    await hit('c1', 'c2', 'c3');
    await forewarn.plan();
    expect(await incidents()).toEqual([]);
    expect((await forewarn.api.get('/v1/silences')).body).toMatchObject({
      items: [{ id: '1', state: 'active', stopped: 1, to: '2026-03-10T14:00:00.000Z', weekly: { ...weekly, until } }],
    });

    forewarn.clock.advance('90m');
    await forewarn.runStage('incident-open');
    expect(await incidents()).toHaveLength(1);
    const next = { state: 'planned', from: '2026-03-17T12:30:00.000Z', to: '2026-03-17T14:00:00.000Z' };
    expect((await forewarn.api.get('/v1/silences/1')).body).toMatchObject(next);

    forewarn.clock.advance('168h');
    expect((await forewarn.api.get('/v1/silences/1')).body).toMatchObject({ state: 'ended' });
    expect(
      (await forewarn.api.post('/v1/silences', { project: 'shop', to: inMinutes(9), reason: 'x', weekly: {} })).status,
    ).toBe(400);
  });

  it('that repeats every week forgets stops after 90 days and keeps newer ones', async () => {
    const weekly = { days: ['tue'], from: '13:00', to: '14:00', timeZone: 'UTC' };
    const maintenance = [{ name: 'tuesdays', project: 'shop', weekly }];
    forewarn = await TestDaemon.start({ config: { detection, maintenance } });
    forewarn.clock.advance('61m');
    await hit('c1', 'c2', 'c3');
    await forewarn.plan();
    forewarn.clock.advance('1h');
    await forewarn.plan();
    expect((await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' })).status).toBe(200);
    forewarn.clock.advance('167h');
    await forewarn.send(...['c1', 'c2', 'c3'].map((customer) => anotherEvent({ customer })));
    await forewarn.plan();
    expect(await stopped()).toBe(2);

    forewarn.clock.advance('83d');
    expect((await forewarn.runStage('forget-stops')).worked).toBe(0);
    forewarn.clock.advance('1d');
    expect((await forewarn.runStage('forget-stops')).worked).toBe(1);
    expect((await forewarn.runStage('forget-stops')).worked).toBe(0);
    expect(await stopped()).toBe(1);
  });

  async function stopped(): Promise<number> {
    return ((await forewarn.api.get('/v1/silences/config:tuesdays')).body as { stopped: number }).stopped;
  }

  async function hit(...customers: string[]): Promise<void> {
    await forewarn.send(...customers.map((customer) => anEvent({ customer })));
  }

  function inMinutes(minutes: number): string {
    return new Date(forewarn.clock.now().getTime() + minutes * 60_000).toISOString();
  }

  async function incidents(): Promise<object[]> {
    return ((await forewarn.api.get('/v1/incidents')).body as { items: object[] }).items;
  }
});

describe('a maintenance window', () => {
  it('comes once or every week, in an existing time zone', () => {
    const wrong = [
      {},
      { from: '2026-03-10T11:00:00Z' },
      {
        weekly: { from: '01:00', to: '02:00', timeZone: 'Europe/Berlin' },
        from: '2026-03-10T11:00:00Z',
        to: '2026-03-10T13:00:00Z',
      },
      { weekly: { from: '01:00', to: '02:00', timeZone: 'Europe/Atlantis' } },
      { weekly: { from: '01:00', to: '01:00', timeZone: 'UTC' } },
      { weekly: { from: '01:00', to: '25:00', timeZone: 'UTC' } },
      { weekly: { from: '01:00', to: '02:00', timeZone: 'UTC', days: ['sunday'] } },
      { weekly: { from: '01:00', to: '02:00', timeZone: 'UTC', every: 'day' } },
    ];
    for (const time of wrong) expect(() => aConfig({ maintenance: [{ name: 'x', ...time }] })).toThrow(/maintenance/);
    const daily = { name: 'x', weekly: { from: '23:00', to: '01:00', timeZone: 'UTC' } };
    expect(aConfig({ maintenance: [daily] }).maintenance[0]?.weekly?.days).toHaveLength(7);
  });
});

describe('POST /hooks/alertmanager', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  const alertmanager = { open: [{ match: { alertname: 'PaymentsDown' }, project: 'shop', severity: 'critical' }] };

  it('attaches an alert to its incident and raises the severity once, however often and in whatever order it is notified', async () => {
    forewarn = await TestDaemon.start({ config: { detection, alertmanager } });
    await forewarn.send(...['c1', 'c2', 'c3'].map((customer) => anEvent({ customer })));
    await forewarn.plan();
    const alert = { alertname: 'HighErrorRate', job: 'shop', severity: 'critical' };

    await hook(alert, 'firing');
    await hook(alert, 'firing');
    await hook(alert, 'resolved');
    await hook(alert, 'firing');
    await hook(alert, 'resolved');

    const body = (await forewarn.api.get('/v1/incidents/1')).body as object;
    expect(body).toMatchObject({ severity: 'critical', alerts: [{ status: 'resolved' }] });
    const kinds = (body as { timeline: { kind: string }[] }).timeline.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind.startsWith('alert_') || kind === 'severity_raised')).toEqual([
      'alert_attached',
      'severity_raised',
      'alert_resolved',
    ]);
  });

  it('opens an incident only if the configuration says so, and closes it with the alert', async () => {
    forewarn = await TestDaemon.start({ config: { detection, alertmanager } });
    await hook({ alertname: 'HighErrorRate', job: 'shop' }, 'firing');
    expect(await incidents()).toEqual([]);
    await hook({ alertname: 'PaymentsDown' }, 'firing');
    await hook({ alertname: 'PaymentsDown' }, 'firing');
    expect(await incidents()).toMatchObject([{ severity: 'critical', status: 'detected' }]);

    await hook({ alertname: 'PaymentsDown' }, 'resolved');
    await forewarn.runStage('incident-close');

    expect(await incidents()).toMatchObject([{ status: 'resolved', resolution: 'alerts' }]);
  });

  it('refuses invalid bodies for good, and everybody without a token of ops', async () => {
    forewarn = await TestDaemon.start({ config: { detection } });
    expect((await forewarn.api.post('/hooks/alertmanager', { ...webhook({}, 'firing'), version: '3' })).status).toBe(
      400,
    );
    expect((await forewarn.anyone.post('/hooks/alertmanager', webhook({}, 'firing'))).status).toBe(401);
  });

  function webhook(labels: Record<string, string>, status: string) {
    const ended = status === 'resolved' ? '2026-03-10T12:10:00Z' : '0001-01-01T00:00:00Z';
    const alert = {
      status,
      labels,
      annotations: {},
      startsAt: '2026-03-10T12:00:00Z',
      endsAt: ended,
      fingerprint: JSON.stringify(labels),
    };
    return {
      version: '4',
      groupKey: '{}:{}',
      status,
      receiver: 'forewarn',
      alerts: [alert],
      externalURL: 'http://am.example',
    };
  }

  async function hook(labels: Record<string, string>, status: 'firing' | 'resolved'): Promise<void> {
    expect((await forewarn.api.post('/hooks/alertmanager', webhook(labels, status))).status).toBe(204);
  }

  async function incidents(): Promise<object[]> {
    return ((await forewarn.api.get('/v1/incidents')).body as { items: object[] }).items;
  }
});
