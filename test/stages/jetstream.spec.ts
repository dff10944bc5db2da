import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { startDaemon } from '../../src/daemon/daemon.js';
import { streamOf } from '../../src/intake/buffer/jetstream.log.js';
import { decodeBatch } from '../../src/intake/buffer/event-wire.js';
import { signatureOf } from '../../src/events/signature.js';
import { Projects } from '../../src/projects/project.registry.js';
import { Digest } from '../../src/issues/digest/digest.service.js';
import { SystemClock } from '../../src/platform/clock.js';
import { readSettings } from '../../src/platform/config/settings.js';
import { createLogger } from '../../src/platform/logging/logger.js';
import { anEvent, anotherEvent, type EventBody } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { hasNatsServer, NatsServer } from '../support/nats-server.js';
import { spawnNode } from '../support/run-process.js';
import { aConfig, writeConfig } from '../support/test-config.js';
import { TestDaemon } from '../support/test-daemon.js';
import { buildFolder } from '../support/test-database.js';

type Forewarn = TestDaemon<SystemClock>;

// NATS delivers again what a process that died had taken after 15 s.
jest.setTimeout(60_000);

const installed = hasNatsServer();
if (!installed) console.warn('nats-server is not installed here: the tests of the cluster mode are skipped');

(installed ? describe : describe.skip)('intake and digest through JetStream', () => {
  const clock = new SystemClock();
  let nats: NatsServer;
  const running: Forewarn[] = [];
  beforeEach(async () => {
    nats = await NatsServer.start();
  });
  afterEach(async () => {
    for (const forewarn of running.splice(0).reverse()) await forewarn.stop();
    await nats.remove();
  });

  async function start(roles: string, beside?: Forewarn, url = nats.url): Promise<Forewarn> {
    const forewarn = (await TestDaemon.start({
      clock,
      beside,
      env: { NATS_URL: url, FOREWARN_ROLES: roles },
    })) as Forewarn;
    running.push(forewarn);
    return forewarn;
  }

  it('answers when the message log holds the event, and counts it once when digest comes', async () => {
    const intake = await start('intake,api');
    const events = faults(120);
    expect(await intake.send(...events)).toMatchObject({ accepted: 120 });
    expect(await counted(intake)).toBe(0);

    await start('digest', intake);
    await untilCounted(intake, 120);

    expect(await intake.send(...events.slice(0, 50), ...faults(1))).toMatchObject({ accepted: 51 });
    await untilCounted(intake, 121);
    await eventually(
      'the log is empty',
      () => stored(nats.url),
      (messages) => messages.length === 0,
    );
    expect(await counted(intake)).toBe(121);
  });

  it('puts an event into the same issue with the message log and without', async () => {
    const cluster = await start('intake,digest,api');
    const event = { message: 'card 4111 1111 1111 1111 of ann@customers.example was refused', stack: undefined };
    await cluster.send(anEvent(event), anEvent({ ...event, type: undefined }));
    await untilCounted(cluster, 2);

    const alone = await TestDaemon.start({ clock, beside: cluster });
    running.push(alone);
    await alone.send(anEvent(event), anEvent({ ...event, type: undefined }));

    expect(await cluster.rows('SELECT count(*) AS n FROM fingerprint')).toEqual([{ n: 2 }]);
    expect(await counted(cluster)).toBe(4);
  });

  it('keeps how an event is known: claimed, signed or sent by a server, and takes no other event for its resend', async () => {
    const intake = await start('intake,api');
    const { key } = await intake.project();
    const { key: secret } = (await intake.api.post('/v1/projects/1/keys', { kind: 'signing' })).body as { key: string };
    await intake.daemon.app.get(Projects).load();
    const signed = { ...anEvent({ customer: 'signed' }), signature: signatureOf('signed', secret) };
    const forged = { ...anEvent({ customer: 'forged' }), signature: signatureOf('signed', secret) };
    const sent = anEvent({ customer: 'sent' });
    await claim(intake, key, [anEvent({ customer: 'claimed' }), signed, forged, anotherEvent({ id: sent.id })]);
    expect(JSON.stringify(await stored(nats.url))).not.toContain(signatureOf('signed', secret));
    expect(await intake.send(sent)).toMatchObject({ accepted: 1 });
    expect(await intake.send(sent)).toMatchObject({ duplicate: 1 });

    await start('digest', intake);
    await untilCounted(intake, 5);
    const hits = await intake.rows(
      `SELECT value, events::int, signed_events::int AS signed, server_events::int AS server
       FROM issue_customer JOIN customer_identity USING (customer_id) WHERE kind = 'id' ORDER BY 1`,
    );
    expect(hits).toEqual([
      { value: 'claimed', events: 1, signed: 0, server: 0 },
      { value: 'forged', events: 1, signed: 0, server: 0 },
      { value: 'sent', events: 1, signed: 0, server: 1 },
      { value: 'signed', events: 1, signed: 1, server: 0 },
    ]);
  });

  it('writes no secret into the message log, and of a storm some payloads only', async () => {
    const intake = await start('intake,api');
    await intake.send(
      ...Array.from({ length: 30 }, () => anEvent({ customer: 'c-1234', message: 'login failed: password=tr0ub4dor' })),
    );

    const messages = await stored(nats.url);

    expect(JSON.stringify(messages)).not.toContain('tr0ub4dor');
    expect(messages.map(({ event }) => event.user?.id)).toEqual(Array(30).fill('c-1234'));
    expect(messages.filter(({ payload }) => payload !== undefined)).toHaveLength(10);
    await start('digest', intake);
    await untilCounted(intake, 30);
  });

  it('changes no count when a batch comes again after a crash between commit and acknowledgement', async () => {
    const forewarn = await start('intake,digest,api');
    const digest = forewarn.daemon.app.get(Digest, { strict: false });
    const commit = digest.digest.bind(digest);
    let crashes = 0;
    digest.digest = async (batch) => {
      const outcomes = await commit(batch);
      if (crashes++ < 2) throw new Error('Connection terminated unexpectedly');
      return outcomes;
    };

    await forewarn.send(...faults(40));

    await eventually(
      'the log is empty',
      () => stored(nats.url),
      (messages) => messages.length === 0,
    );
    expect(crashes).toBeGreaterThan(2);
    expect(await books(forewarn)).toEqual({ minutes: 40, hits: 40, seen: 40 });
  });

  it('loses and doubles nothing when one of two digest processes is killed under load', async () => {
    const intake = await start('intake,api');
    const events = faults(3000);
    for (let at = 0; at < events.length; at += 50) await intake.send(...events.slice(at, at + 50));
    const config = writeConfig();
    const env = {
      DATABASE_URL: intake.database.url,
      NATS_URL: nats.url,
      FOREWARN_ROLES: 'digest',
      FOREWARN_CONFIG: config.path,
      PORT: '0',
      LOG_LEVEL: 'silent',
    };
    const first = spawnNode(`${buildFolder()}/src/cli.js`, ['start'], env);
    await eventually(
      'the first has begun',
      () => counted(intake),
      (count) => count > 0,
    );
    first.kill('SIGKILL');
    await start('digest', intake);
    await start('digest', intake);
    await untilCounted(intake, 3000);

    await eventually(
      'the log is empty',
      () => stored(nats.url),
      (messages) => messages.length === 0,
    );
    expect(await books(intake)).toEqual({ minutes: 3000, hits: 3000, seen: 3000 });
    config.remove();
  });

  it('sets an event aside that digest cannot take, commits the others, and replays it', async () => {
    const forewarn = await start('intake,digest,api');
    await forewarn.rows("ALTER TABLE customer_identity ADD CONSTRAINT no_curse CHECK (value <> 'cursed')");
    const cursed = anEvent({ customer: 'cursed' });
    await forewarn.send(...faults(20), cursed, ...faults(20));

    const list = () => poison(forewarn);
    const items = await eventually('the event is set aside', list, ({ length }) => length > 0);
    await untilCounted(forewarn, 40);
    expect(items).toEqual([
      expect.objectContaining({
        project: 'shop',
        eventId: cursed.id?.replaceAll('-', ''),
        reason: expect.stringContaining('no_curse'),
      }),
    ]);
    expect(await outcomes(forewarn)).toMatchObject({ accepted: 40, invalid: 1 });

    const path = `/v1/intake/poison/${items[0]?.id}/replay`;
    expect((await forewarn.api.post(path)).status).toBe(409);
    await forewarn.rows('ALTER TABLE customer_identity DROP CONSTRAINT no_curse');
    expect((await forewarn.api.post(path)).body).toEqual({ outcomes: ['accepted'] });
    expect((await forewarn.api.post(path)).status).toBe(404);
    expect(await list()).toEqual([]);
    expect(await outcomes(forewarn)).toMatchObject({ accepted: 41, invalid: 0 });
  });

  it('sets a message aside that it cannot read', async () => {
    const forewarn = await start('intake,digest,api');
    await forewarn.send(anEvent());
    await untilCounted(forewarn, 1);
    const connection = await connect({ servers: nats.url });
    const [stream] = await streamsOf(nats.url);
    await jetstream(connection).publish(`forewarn.${stream}.events.3`, Buffer.from([9, 0, 1]));
    await connection.close();

    const list = () => poison(forewarn);
    const items = await eventually('it is set aside', list, ({ length }) => length > 0);
    expect(items[0]).toMatchObject({ project: null, eventId: null, reason: expect.stringContaining('version 9') });
  });

  it('counts everything that it answered with 200, also when NATS is killed in the middle of the load', async () => {
    const forewarn = await start('intake,digest,api');
    let answered = 0;
    let refused = 0;
    let ended = false;
    const client = async (): Promise<void> => {
      while (!ended) {
        const batch = faults(10);
        for (let tries = 0; ; tries++) {
          const ok = await forewarn.send(...batch).then(
            () => true,
            () => false,
          );
          if (ok) break;
          refused++;
        }
        answered += batch.length;
      }
    };
    const clients = Array.from({ length: 8 }, client);
    await eventually(
      'the load runs',
      () => Promise.resolve(answered),
      (count) => count > 500,
    );
    await nats.kill();
    const before = answered;
    await nats.run();
    await eventually(
      'the load runs again',
      () => Promise.resolve(answered),
      (count) => count > before + 500,
    );
    ended = true;
    await Promise.all(clients);

    await untilCounted(forewarn, answered);
    await eventually(
      'the log is empty',
      () => stored(nats.url),
      (messages) => messages.length === 0,
    );
    expect(await books(forewarn)).toEqual({ minutes: answered, hits: answered, seen: answered });
    console.info(`${answered} events answered, ${refused} requests refused while NATS was away`);
  });

  it('answers 503 while NATS stays away, and takes events again when it is back', async () => {
    const forewarn = await start('intake,digest,api');
    await nats.kill();
    await expect(forewarn.send(anEvent())).rejects.toThrow('503');
    await nats.run();
    await eventually(
      'events are taken again',
      () =>
        forewarn.send(anotherEvent()).then(
          () => true,
          () => false,
        ),
      Boolean,
    );
    await eventually(
      'it is counted',
      () => counted(forewarn),
      (count) => count >= 1,
    );
  });

  it('does not start without its NATS, and says so in one line', async () => {
    const settings = readSettings({
      PORT: '0',
      DATABASE_URL: (await start('intake,api')).database.url,
      NATS_URL: 'nats://user:secret@127.0.0.1:9',
    });
    const starting = startDaemon(settings, aConfig(), { logger: createLogger('silent') });
    await expect(starting).rejects.toThrow(/^NATS 127\.0\.0\.1:9 cannot be reached \(.*\)\. Check NATS_URL[^\n]*$/);
  });

  const shared = process.env['TEST_NATS_URL'];
  (shared ? it : it.skip)('runs on the server that TEST_NATS_URL names', async () => {
    const url = shared ?? '';
    const forewarn = await start('intake,digest,api', undefined, url);
    await forewarn.send(...faults(50));
    await untilCounted(forewarn, 50);
    const { name } = await forewarn.row<{ name: string }>('SELECT id || current_database() AS name FROM installation');
    const connection = await connect({ servers: url });
    await (await jetstreamManager(connection)).streams.delete(streamOf(name));
    await connection.close();
  });
});

let made = 0;

/** Events of seven faults and many customers. */
function faults(count: number): EventBody[] {
  return Array.from({ length: count }, () => {
    const at = made++;
    const about = { customer: `c${at % 101}` };
    return at % 7 === 0 ? anotherEvent(about) : anEvent({ ...about, type: `Fault${'ABCDEF'.charAt(at % 6)}Error` });
  });
}

async function counted(forewarn: Forewarn): Promise<number> {
  return (await forewarn.row<{ n: number }>('SELECT coalesce(sum(events), 0)::bigint AS n FROM issue_minute')).n;
}

/** Sends events with a key that everybody has. */
async function claim(forewarn: Forewarn, key: string, events: readonly object[]): Promise<void> {
  const headers = { authorization: `Bearer ${key}` };
  const answer = await forewarn.anyone.raw('POST', '/v1/events', { headers, body: JSON.stringify(events) });
  expect(answer.body).toMatchObject({ accepted: events.length });
}

async function untilCounted(forewarn: Forewarn, count: number): Promise<void> {
  await eventually(
    'all is counted',
    () => counted(forewarn),
    (now) => now >= count,
  );
}

async function books(forewarn: Forewarn): Promise<unknown> {
  return forewarn.row(`SELECT
    (SELECT sum(events)::bigint FROM issue_minute) AS minutes,
    (SELECT sum(events)::bigint FROM issue_customer) AS hits, (SELECT count(*) FROM event_seen) AS seen`);
}

/** The events that were set aside. */
async function poison(forewarn: Forewarn): Promise<{ id: string }[]> {
  return ((await forewarn.api.get('/v1/intake/poison')).body as { items: { id: string }[] }).items;
}

async function outcomes(forewarn: Forewarn): Promise<Record<string, number>> {
  const rows = await forewarn.rows<{ outcome: string; n: number }>(
    'SELECT outcome, sum(count)::bigint AS n FROM intake_outcome GROUP BY 1',
  );
  return Object.fromEntries(rows.map(({ outcome, n }) => [outcome, n]));
}

async function streamsOf(url: string): Promise<string[]> {
  const connection = await connect({ servers: url });
  try {
    const names: string[] = [];
    for await (const name of (await jetstreamManager(connection)).streams.names()) names.push(name);
    return names.filter((name) => name.startsWith('FOREWARN_'));
  } finally {
    await connection.close();
  }
}

/** Every event that any stream of the server holds. */
async function stored(url: string) {
  const connection = await connect({ servers: url });
  try {
    const manager = await jetstreamManager(connection);
    const events = [];
    for await (const { config, state } of manager.streams.list()) {
      for (let seq = state.first_seq; state.messages > 0 && seq <= state.last_seq; seq++) {
        const message = await manager.streams.getMessage(config.name, { seq }).catch(() => null);
        if (message) events.push(...decodeBatch(message.data));
      }
    }
    return events;
  } finally {
    await connection.close();
  }
}
