import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Clock, SystemClock } from '../../src/platform/clock.js';
import { anEvent } from '../support/builders.js';
import { envelope, item } from '../support/envelopes.js';
import { eventually } from '../support/eventually.js';
import { history } from '../support/history.js';
import { TestDaemon } from '../support/test-daemon.js';
import { send } from '../support/wire.js';

const HOUR = 3_600_000;
const hourOf = (time: number) => new Date(Math.floor(time / HOUR) * HOUR).toISOString();

describe('a daemon that runs in a weekly maintenance window', () => {
  let before: TestDaemon<Clock>;
  let forewarn: TestDaemon<Clock>;
  const now = Date.now();
  beforeEach(async () => {
    const clock = new SystemClock();
    const weekly = { from: timeOf(now - HOUR), to: timeOf(now + HOUR), timeZone: 'UTC' };
    const config = { maintenance: [{ name: 'nightly', project: 'shop', weekly }] };
    before = await TestDaemon.start({ clock, config });
    const calm = (minute: number) => ({ sessions: { 'shop@1': [40, minute % 30 === 0 ? 1 : 0] as const } });
    await history(before, new Date(now - 6 * HOUR), 6 * 60, calm);
    forewarn = await TestDaemon.start({ clock, config, beside: before, running: true });
  });
  afterEach(async () => {
    await forewarn.stop();
    await before.stop();
  });

  it('takes sessions of an SDK, shows what series counted by the hour, and holds an incident back, saying so', async () => {
    const { id, key } = await forewarn.project();
    const crash = { attrs: { release: 'shop@2' }, aggregates: [{ started: new Date().toISOString(), crashed: 2 }] };
    const url = `${forewarn.url}/api/${id}/envelope/?sentry_key=${key}`;
    expect((await send(url, { body: envelope({}, item('sessions', crash)) })).status).toBe(200);
    await forewarn.send(...['a', 'b', 'c', 'd'].map((customer) => anEvent({ customer })));

    await eventually(
      'the window says what it stopped',
      async () => (await forewarn.api.get('/v1/silences/config:nightly')).body as { stops: { words: string }[] },
      ({ stops }) => stops.some(({ words }) => words.startsWith('new of issue:1: ')),
    );
    expect((await forewarn.api.get('/v1/incidents')).body).toMatchObject({ items: [] });
    await eventually(
      'the release of the sessions is there',
      async () => (await forewarn.api.get(`/v1/projects/${id}/releases`)).body as { items: object[] },
      ({ items }) => items.some((one) => 'release' in one && one.release === 'shop@2'),
    );
    const { points } = await eventually(
      'the hours are added up',
      async () =>
        (await forewarn.api.get('/v1/series?project=shop&series=sessions:shop@1')).body as { points: object[] },
      (series) => series.points.length > 3,
    );
    expect(points).toContainEqual({ at: hourOf(now - 3 * HOUR), seen: 2, ofAll: 2400 });
  });
});

function timeOf(time: number): string {
  return new Date(time).toISOString().slice(11, 16);
}
