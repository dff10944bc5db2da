import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { anEvent, type EventBody } from '../support/builders.js';
import { envelope, item } from '../support/envelopes.js';
import { aDayOf, pass } from '../support/history.js';
import { TestDaemon } from '../support/test-daemon.js';
import { send } from '../support/wire.js';

const detection = { newFault: { customers: 5, within: '10m' } };
const PARTS = Array.from({ length: 24 }, (_, at) => `${String.fromCharCode(97 + at)}Order`);

/** Different faults, none of them large by itself. */
function eventOf(part: string, about: EventBody): EventBody {
  const type = `${part}Failure`;
  const stack = `${type}: no\n    at ${part} (/srv/shop/src/${part}.js:7:3)`;
  return anEvent({ type, message: `${part} did not answer`, stack, ...about });
}

describe('detection on series', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  const usual = (minute: number) => ({
    active: 100,
    hits: minute % 10 === 0 ? [{ issue: 1, release: 'shop@1', customers: 1 }] : [],
  });

  it('calls a release within its first minutes, in one incident with its project and its issues', async () => {
    forewarn = await TestDaemon.start({ config: { detection } });
    await forewarn.send(anEvent({ customer: 'c0', release: 'shop@1' }));
    await aDayOf(forewarn, usual);
    expect(await said()).toEqual([]);

    await outage(PARTS);

    expect(await said()).toEqual(expect.arrayContaining(['project spike', 'release:shop@2 spike']));
    const [release] = await detections('release:shop@2');
    expect(release).toMatchObject({ evidence: { release: 'shop@2' } });
    expect(release?.evidence.words).toMatch(/^\d+ customers in \d+ min, expected .*, release shop@2$/);
    expect(await incidents()).toHaveLength(1);
    const { timeline } = (await forewarn.api.get('/v1/incidents/1')).body as { timeline: { kind: string }[] };
    expect(timeline).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          kind: 'detection_attached',
          details: expect.objectContaining({ series: 'release:shop@2', release: 'shop@2' }),
        }),
      ]),
    );
  });

  it('does not call a release that is merely new and has the usual errors of its project', async () => {
    forewarn = await TestDaemon.start({ config: { detection } });
    await forewarn.send(anEvent({ customer: 'c0', release: 'shop@1' }));
    await aDayOf(forewarn, usual);
    for (let at = 0; at < 4; at++) {
      await forewarn.send(anEvent({ customer: `n${at}`, release: 'shop@2' }));
      await pass(forewarn, 10, () => ({ active: 100, sessions: { 'shop@2': [50, 0] } }));
    }
    expect(await said()).toEqual([]);
    expect(await states()).toContain('release:shop@2');
  });

  it('calls an area, and gives the incident its area', async () => {
    const grouping = { rules: [{ name: 'buy', match: { message: '*did not answer' }, set: { area: 'checkout' } }] };
    forewarn = await TestDaemon.start({ config: { detection, grouping } });
    await forewarn.send(...PARTS.map((part, at) => eventOf(part, { customer: `c${at}` })));
    await aDayOf(forewarn, (minute) => ({
      active: 100,
      hits: minute % 20 === 0 ? [{ issue: 1 + (minute % 24), customers: 1 }] : [],
    }));
    for (let minute = 0; minute < 6; minute++) {
      const hit = (part: string, at: number) => eventOf(part, { customer: `d${minute}-${at % 12}` });
      await forewarn.send(...PARTS.slice(0, 12).map(hit));
      await pass(forewarn, 1, () => ({ active: 100 }));
    }
    await pass(forewarn, 3, () => ({ active: 100 }));

    expect(await said()).toEqual(expect.arrayContaining(['area:checkout spike']));
    expect(await incidents()).toMatchObject([{ area: 'checkout' }]);
  });

  it('holds back a project or a release under a silence that covers all issues behind it', async () => {
    const area = (name: string, message: string) => ({ name, match: { message }, set: { area: name } });
    const grouping = { rules: [area('a', 'a*did not answer'), area('others', '*did not answer')] };
    const weekly = { from: '00:00', to: '23:59', timeZone: 'UTC' };
    const maintenance = [{ name: 'nightly', project: 'shop', area: 'others', weekly }];
    forewarn = await TestDaemon.start({ config: { detection, grouping, maintenance } });
    await forewarn.send(anEvent({ customer: 'c0', release: 'shop@1' }));
    await aDayOf(forewarn, usual);
    await outage(PARTS.slice(1));
    expect(await said()).toEqual(expect.arrayContaining(['project spike', 'release:shop@2 spike']));
    expect(await incidents()).toEqual([]);
    const { stops } = (await forewarn.api.get('/v1/silences/config:nightly')).body as { stops: { words: string }[] };
    expect(stops.map(({ words }) => words)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^spike of project/), expect.stringMatching(/^spike of release/)]),
    );
  });

  it('calls a project with only those issues that no silence covers', async () => {
    const grouping = { rules: [{ name: 'quiet', match: { message: 'a*did not answer' }, set: { area: 'quiet' } }] };
    const weekly = { from: '00:00', to: '23:59', timeZone: 'UTC' };
    const maintenance = [{ name: 'nightly', project: 'shop', area: 'quiet', weekly }];
    forewarn = await TestDaemon.start({ config: { detection, grouping, maintenance } });
    await forewarn.send(anEvent({ customer: 'c0', release: 'shop@1' }));
    await aDayOf(forewarn, usual);
    await outage(PARTS);

    const { items } = (await forewarn.api.get('/v1/issues?limit=200')).body as {
      items: { id: string; area: string | null }[];
    };
    const quiet = items.filter(({ area }) => area === 'quiet').map(({ id }) => id);
    expect(quiet).toHaveLength(1);
    const [incident] = (await incidents()) as { issues: string[] }[];
    expect(incident?.issues.length).toBeGreaterThan(5);
    expect(incident?.issues).not.toContain(quiet[0]);
  });

  async function outage(parts: readonly string[]): Promise<void> {
    for (let minute = 0; minute < 12; minute++) {
      const hit = (part: string) =>
        [1, 2, 3, 4].map((n) => eventOf(part, { release: 'shop@2', customer: `${part}-${n}` }));
      await forewarn.send(...parts.slice(2 * minute, 2 * minute + 2).flatMap(hit));
      await pass(forewarn, 1, () => ({ active: 100 }));
    }
    await pass(forewarn, 3, () => ({ active: 100 }));
  }

  it('calls crashed sessions with their release, opens an incident without issues, and closes it when they are as usual again', async () => {
    forewarn = await TestDaemon.start({ config: { detection } });
    const calm = (minute: number) => ({ sessions: { 'shop@1': [40, minute % 10 === 0 ? 1 : 0] as const } });
    await aDayOf(forewarn, calm);
    await pass(forewarn, 12, () => ({ sessions: { 'shop@1': [30, 0], 'shop@2': [10, 4] } }));

    expect(await said()).toEqual(expect.arrayContaining(['sessions spike', 'sessions:shop@2 spike']));
    const [release] = await detections('sessions:shop@2');
    expect(release?.evidence.words).toMatch(
      /^\d+ of \d+ sessions crashed in \d+ min \(\d+ %\), expected .*, release shop@2$/,
    );
    expect(await incidents()).toMatchObject([{ title: /./, status: 'detected' }]);

    await pass(forewarn, 75, calm, 15);
    await forewarn.runStage('incident-close');
    expect(await said()).toEqual(expect.arrayContaining(['sessions recovered']));
    expect(await incidents()).toMatchObject([{ status: 'resolved', resolution: 'quiet' }]);
  });

  it('calls sessions that crash on many devices, and not those of one device again and again', async () => {
    forewarn = await TestDaemon.start({ config: { detection } });
    const calm = () => ({ sessions: { 'shop@1': [40, 0] as const } });
    await aDayOf(forewarn, calm);
    const crash = (did: string) => ({
      ...{ sid: randomUUID(), did, init: true, status: 'crashed', attrs: { release: 'shop@2' } },
      timestamp: forewarn.clock.now().toISOString(),
    });
    const twenty = Array.from({ length: 20 }, (_, at) => at);
    for (let minute = 0; minute < 10; minute++) {
      await tell(...twenty.map(() => item('session', crash('one'))));
      await pass(forewarn, 1, calm);
    }
    await pass(forewarn, 2, calm);
    expect(await said()).toEqual([]);

    await tell(...twenty.map((at) => item('session', crash(`device ${at}`))));
    await pass(forewarn, 4, calm);
    expect(await said()).toContain('sessions:shop@2 spike');
  });

  it('calls crashed sessions that phones report hours later', async () => {
    forewarn = await TestDaemon.start({ config: { detection } });
    const calm = () => ({ sessions: { 'shop@1': [40, 0] as const } });
    await aDayOf(forewarn, calm);
    const started = new Date(forewarn.clock.now().getTime() - 3 * 3_600_000).toISOString();
    for (let minute = 0; minute < 10; minute++) {
      const late = { attrs: { release: 'shop@2' }, aggregates: [{ started, exited: 6, crashed: 4 }] };
      await tell(item('sessions', late));
      await pass(forewarn, 1, calm);
    }
    await pass(forewarn, 2, calm);

    expect(await said()).toEqual(expect.arrayContaining(['sessions spike', 'sessions:shop@2 spike']));
    expect(await incidents()).toHaveLength(1);
  });

  it('tells how many of how many active customers are hit', async () => {
    forewarn = await TestDaemon.start({ config: { detection } });
    await forewarn.send(...Array.from({ length: 30 }, (_, at) => anEvent({ customer: `c${at}` })));
    await aDayOf(forewarn, (minute) => ({ active: 100, hits: minute % 10 === 0 ? [{ issue: 1, customers: 1 }] : [] }));
    for (let minute = 0; minute < 10; minute++) {
      await forewarn.send(...Array.from({ length: 15 }, (_, at) => anEvent({ customer: `c${at}` })));
      await pass(forewarn, 1, () => ({ active: 100 }));
    }
    const [active] = await detections('active');
    expect(active?.evidence.words).toMatch(/customer-minutes of use hit an error in \d+ min \(\d+ %\), expected/);
    expect(active).toMatchObject({ kind: 'spike', evidence: { customers: 15 } });
    expect(await incidents()).toHaveLength(1);
  });

  it('watches at most fifty releases of a project, the newest', async () => {
    forewarn = await TestDaemon.start({ config: { detection } });
    const release = (at: number) => `shop@${String(at).padStart(3, '0')}`;
    for (let at = 0; at < 70; at++) {
      await forewarn.send(anEvent({ customer: `c${at % 3}`, release: release(at) }));
      forewarn.clock.advance('10s');
    }
    forewarn.clock.advance('3m');
    await forewarn.runStages('detect');

    const watched = (await states()).filter((series) => series.startsWith('release:'));
    expect(watched).toHaveLength(50);
    expect(watched).toContain('release:shop@069');
    expect(watched).not.toContain('release:shop@000');
  });

  async function tell(...items: string[]): Promise<void> {
    const { id, key } = await forewarn.project();
    const url = `${forewarn.url}/api/${id}/envelope/?sentry_key=${key}`;
    expect((await send(url, { body: envelope({}, ...items) })).status).toBe(200);
    await forewarn.runStage('telemetry-flush');
  }

  async function said(): Promise<string[]> {
    const rows = await forewarn.rows<{ what: string }>(
      "SELECT series || ' ' || kind AS what FROM detection ORDER BY id",
    );
    return rows.map(({ what }) => what);
  }

  async function detections(series: string): Promise<{ kind: string; evidence: { words: string } }[]> {
    return forewarn.rows('SELECT kind, evidence FROM detection WHERE series = $1 ORDER BY id', [series]);
  }

  async function states(): Promise<string[]> {
    const rows = await forewarn.rows<{ series: string }>('SELECT series FROM series_state ORDER BY 1');
    return rows.map(({ series }) => series);
  }

  async function incidents(): Promise<object[]> {
    return ((await forewarn.api.get('/v1/incidents')).body as { items: object[] }).items;
  }
});
