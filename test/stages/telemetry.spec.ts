import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { TelemetryRecorder } from '../../src/intake/telemetry/telemetry.recorder.js';
import { aSentryEvent, envelope, item } from '../support/envelopes.js';
import { NOON_UTC } from '../support/fake-clock.js';
import { TestDaemon } from '../support/test-daemon.js';
import { send } from '../support/wire.js';

describe('what SDKs say beside events', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  async function post(...items: string[]): Promise<void> {
    const { id, key } = await forewarn.project();
    const url = `http://127.0.0.1:${forewarn.daemon.port}/api/${id}/envelope/?sentry_key=${key}`;
    const answer = await send(url, { body: envelope({}, ...items) });
    expect(answer.status).toBe(200);
  }

  it('marks the affected list of an issue incomplete, with how many are missing at least and what ends it', async () => {
    forewarn = await TestDaemon.start();
    await post(item('event', aSentryEvent({ timestamp: undefined })));
    await post(
      item('client_report', {
        discarded_events: [
          { reason: 'event_processor', category: 'error', quantity: 4 },
          { reason: 'sample_rate', category: 'transaction', quantity: 90 },
        ],
      }),
    );
    await forewarn.runStage('telemetry-flush');

    const issue = (await forewarn.api.get('/v1/issues/1')).body as { affected: { drops: { fix: string }[] } };
    expect(issue.affected).toMatchObject({
      complete: false,
      missing: 4,
      drops: [{ reason: 'event_processor', quantity: 4 }],
    });
    expect(issue.affected.drops[0]?.fix).toContain('Dedupe');
    await forewarn.api.post('/v1/incidents', { project: 'shop', title: 'a fault', severity: 'major', issues: ['1'] });
    expect((await forewarn.api.get('/v1/incidents/1/audience')).body).toMatchObject({ complete: false, missing: 4 });
  });

  it('ends in one outcome, the refusal, where a word of a customer cannot be kept', async () => {
    forewarn = await TestDaemon.start();
    const recorder = forewarn.daemon.app.get(TelemetryRecorder, { strict: false });
    recorder.record = () => Promise.reject(new Error('Connection terminated unexpectedly'));
    const { id, key } = await forewarn.project();
    const url = `http://127.0.0.1:${forewarn.daemon.port}/api/${id}/envelope/?sentry_key=${key}`;
    const words = { event_id: randomUUID().replaceAll('-', ''), name: 'Kim', email: '', comments: 'it fails' };

    const answer = await send(url, { body: envelope({}, item('user_report', words), item('profile', {})) });
    await forewarn.runStage('outcome-flush');

    expect(answer.status).toBe(503);
    expect(await forewarn.rows('SELECT outcome, count FROM intake_outcome')).toEqual([
      { outcome: 'unavailable', count: 1 },
    ]);
  });

  it('says nothing is missing where no SDK reported a drop', async () => {
    forewarn = await TestDaemon.start();
    await post(item('event', aSentryEvent({ timestamp: undefined })));
    expect((await forewarn.api.get('/v1/issues/1')).body).toMatchObject({
      affected: { complete: true, missing: 0, drops: [] },
    });
  });

  it('gives the crash-free share of each release', async () => {
    forewarn = await TestDaemon.start();
    const started = new Date(NOON_UTC).toISOString();
    await post(
      item('sessions', { attrs: { release: 'shop@2' }, aggregates: [{ started, exited: 6, errored: 2, crashed: 2 }] }),
    );
    await post(item('sessions', { attrs: { release: 'shop@1' }, aggregates: [{ started, exited: 5 }] }));
    await forewarn.runStage('telemetry-flush');

    const { id } = await forewarn.project();
    const { items } = (await forewarn.api.get(`/v1/projects/${id}/releases`)).body as { items: { release: string }[] };
    expect(items.toSorted((a, b) => a.release.localeCompare(b.release))).toMatchObject([
      { release: 'shop@1', sessions: 5, crashed: 0, crashFreeSessions: 1 },
      { release: 'shop@2', sessions: 10, crashed: 2, errored: 2, crashFreeSessions: 0.8 },
    ]);
  });

  it('counts a device that crashes again and again once an hour and release beside its crashes', async () => {
    forewarn = await TestDaemon.start();
    const crash = (did: string | undefined, release = 'shop@2') =>
      item('session', {
        ...{ sid: randomUUID(), did, init: true, status: 'crashed', attrs: { release } },
        timestamp: forewarn.clock.now().toISOString(),
      });
    await post(crash('d1'), crash('d1'), crash('d2'), crash(undefined), crash(undefined));
    await forewarn.runStage('telemetry-flush');
    forewarn.clock.advance('59m');
    await post(crash('d1'), crash('d1', 'shop@3'));
    await forewarn.runStage('telemetry-flush');
    expect(await crashes()).toEqual({ 'shop@2': [6, 4], 'shop@3': [1, 1] });

    forewarn.clock.advance('1m');
    await post(crash('d1'));
    await forewarn.runStage('telemetry-flush');
    expect(await crashes()).toEqual({ 'shop@2': [7, 5], 'shop@3': [1, 1] });
  });

  it('moves on the last activity of a customer by id, e-mail or username, and makes none', async () => {
    forewarn = await TestDaemon.start();
    await post(
      item('event', aSentryEvent({ user: { id: 'c-1', email: 'one@example.com', username: 'one' } })),
      item('event', aSentryEvent({ user: { email: 'two@example.com' } })),
      item('event', aSentryEvent({ user: { username: 'three' } })),
    );
    const told = ['c-1', 'One@example.com', 'one', ' Two@Example.com', 'three', 'stranger', 'nobody@example.com'];
    await post(...told.map((did, at) => session(did, at * 1000)));
    await forewarn.runStage('telemetry-flush');

    expect(await activity()).toEqual([
      { kind: 'id', value: 'c-1', after: 2 },
      { kind: 'email', value: 'two@example.com', after: 3 },
      { kind: 'username', value: 'three', after: 4 },
    ]);
    expect(await forewarn.row('SELECT count(*)::int AS customers FROM customer')).toEqual({ customers: 3 });
  });

  it('moves on the last activity of a customer whose session came before the first event', async () => {
    forewarn = await TestDaemon.start();
    await post(session('c-1', -5000), session('stranger', -5000));
    await forewarn.runStage('telemetry-flush');
    await post(session('c-1', -6000));
    await forewarn.runStage('telemetry-flush');
    await post(item('event', aSentryEvent({ user: { id: 'c-1' } })));
    forewarn.clock.advance('10s');
    await forewarn.runStage('telemetry-flush');

    expect(await activity()).toEqual([{ kind: 'id', value: 'c-1', after: -5 }]);
    expect(await forewarn.row('SELECT count(*)::int AS customers FROM customer')).toEqual({ customers: 1 });

    forewarn.clock.advance('10m');
    expect(await forewarn.runStage('telemetry-flush')).toEqual({ worked: 0, more: false });
  });

  /** A session that last changed so many milliseconds after the daemon started. */
  function session(did: string, afterMs = 0): string {
    const timestamp = new Date(Date.parse(NOON_UTC) + afterMs).toISOString();
    return item('session', { sid: randomUUID(), did, init: true, status: 'exited', timestamp });
  }

  /** Last activity of each customer, seconds after the daemon started, by the strongest name. */
  function activity(): Promise<object[]> {
    return forewarn.rows(
      `SELECT DISTINCT ON (customer_id) kind, value, extract(epoch FROM last_at - $1::timestamptz)::int AS after
       FROM customer_activity JOIN customer_identity USING (customer_id) ORDER BY customer_id, kind = 'id' DESC`,
      [NOON_UTC],
    );
  }

  async function crashes(): Promise<Record<string, [crashed: number, devices: number]>> {
    const { id } = await forewarn.project();
    const { items } = (await forewarn.api.get(`/v1/projects/${id}/releases`)).body as {
      items: { release: string; crashed: number; crashedDevices: number }[];
    };
    return Object.fromEntries(items.map((one) => [one.release, [one.crashed, one.crashedDevices]]));
  }
});
