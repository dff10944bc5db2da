import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { anEvent, aPhoneCustomer, phone } from '../support/builders.js';
import { DaemonProcess, forewarn } from '../support/cli.js';
import { eventually } from '../support/eventually.js';
import { type Outside, startOutside } from '../support/outside.js';
import { aPolicy, writeConfig } from '../support/test-config.js';
import { createDatabase, type TestDatabase } from '../support/test-database.js';

const HIT = ['c1', 'c2', 'c3'];

interface Message {
  readonly customer: { readonly externalId: string };
  readonly state: string;
}

describe('a daemon that is killed while it sends', () => {
  let outside: Outside;
  let database: TestDatabase;
  let config: ReturnType<typeof writeConfig>;
  let sql: pg.Client;
  let daemon: DaemonProcess;
  beforeEach(async () => {
    outside = await startOutside();
    database = await createDatabase();
    config = writeConfig({ policies: [aPolicy({ channels: ['sms'] })] });
    sql = new pg.Client({ connectionString: database.url });
    await sql.connect();
  });
  afterEach(async () => {
    await daemon.stop();
    await sql.end();
    await outside.stop();
    await database.drop();
    config.remove();
  });

  it.each([
    ['has the message', 'createThenHang' as const, 6],
    ['never got it', 'hang' as const, 7],
  ])('sends nothing twice and loses nothing when the provider %s', async (_title, script, attempts) => {
    // Of three customers the first meets a call that does not end; the daemon dies inside it.
    outside.twilio.script(phone(1), script);
    daemon = await DaemonProcess.start(env());
    await tellThree(daemon);
    await eventually('one call hangs, two messages are sent', states, (all) => all === 'sending sent sent');

    await daemon.kill();
    daemon = await DaemonProcess.start(env());

    // Nobody may touch the message before its lease ends. What only time can bring, five minutes here, is brought by moving the lease
    // and the attempt back in the database.
    await sql.query("UPDATE message SET lease_until = lease_until - interval '10 minutes' WHERE state = 'sending'");
    await sql.query("UPDATE attempt SET started_at = started_at - interval '10 minutes' WHERE finished_at IS NULL");
    await eventually('the doubt is settled', states, (all) => all === 'sent sent sent');

    expect(outside.recipients()).toEqual(HIT.map((_, at) => phone(at + 1)));
    await daemon.api.patch('/v1/incidents/1', { status: 'resolved' });
    await outside.twilio.waitFor(6);
    await eventually(
      'all are told of the end',
      () => finalStates(),
      (all) => all === '3 notice sent, 3 resolved sent',
    );
    expect(outside.recipients()).toEqual(HIT.flatMap((_, at) => [phone(at + 1), phone(at + 1)]));
    expect((await sql.query('SELECT FROM attempt')).rowCount).toBe(attempts);
    expect(
      (await sql.query("SELECT sum(count)::int AS sum FROM intake_outcome WHERE outcome = 'accepted'")).rows,
    ).toEqual([{ sum: 3 }]);
  });

  function env(): Record<string, string> {
    return { ...outside.env, DATABASE_URL: database.url, FOREWARN_CONFIG: config.path };
  }

  async function finalStates(): Promise<string> {
    const { rows } = await sql.query<{ text: string }>(
      "SELECT concat_ws(' ', count(*), kind, state) AS text FROM message GROUP BY kind, state ORDER BY kind, state",
    );
    return rows.map((row) => row.text).join(', ');
  }

  async function states(): Promise<string> {
    const page = await daemon.api.get('/v1/campaigns/1/messages');
    const { items = [] } = page.body as { items?: Message[] };
    return items
      .toSorted((a, b) => a.customer.externalId.localeCompare(b.customer.externalId))
      .map((one) => one.state)
      .join(' ');
  }
});

describe('a daemon with the embedded database', () => {
  let folder: string;
  let config: ReturnType<typeof writeConfig>;
  let daemon: DaemonProcess;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fw-data-'));
    config = writeConfig();
  });
  afterEach(async () => {
    await daemon.stop();
    await rm(folder, { recursive: true, force: true });
    config.remove();
  });

  it('that is killed leaves no server behind, and finds its data when it starts again', async () => {
    daemon = await DaemonProcess.start(env());
    await tellThree(daemon);
    const before = await eventually('three messages', outboxSize, (count) => count === 3);
    const server = await serverPid();
    expect(isPostgres(server)).toBe(true);

    await daemon.kill();
    await eventually(
      'the server ends',
      async () => isPostgres(server),
      (alive) => !alive,
    );
    daemon = await DaemonProcess.start(env());

    expect(await serverPid()).not.toBe(server);
    expect(await outboxSize()).toBe(before);
    expect((await daemon.api.get('/v1/issues/1')).body).toMatchObject({ events: 3, customers: 3 });
    const again = { externalId: 'c9', email: 'c9@customers.example', consent: { email: true } };
    expect((await daemon.api.put('/v1/customers/c9', { email: again.email })).status).toBe(200);
  });

  it('keeps its folder to itself: a second daemon is refused in one line, the command line may look in', async () => {
    daemon = await DaemonProcess.start(env());

    const second = await forewarn(['start'], { ...env(), PORT: '0' });
    const doctor = await forewarn(['doctor'], env());

    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/^forewarn: The data folder .* is in use by another Forewarn process\..*\n$/);
    expect([doctor.code, doctor.stdout]).toEqual([0, expect.stringContaining('ok    database: PostgreSQL 18')]);
  });

  it('stops cleanly on SIGTERM, and its server with it', async () => {
    daemon = await DaemonProcess.start(env());
    const server = await serverPid();

    expect(await daemon.stop()).toBe(0);

    expect(isPostgres(server)).toBe(false);
    daemon = await DaemonProcess.start(env());
    expect((await daemon.api.get('/readyz')).status).toBe(200);
  });

  function env(): Record<string, string> {
    return { FOREWARN_DATA_DIR: folder, FOREWARN_CONFIG: config.path };
  }

  async function outboxSize(): Promise<number> {
    const page = String((await daemon.api.get('/outbox')).body);
    return page.split('+4915112345').length - 1;
  }

  async function serverPid(): Promise<number> {
    return Number((await readFile(join(folder, 'pg18', 'postmaster.pid'), 'utf8')).split('\n')[0]);
  }
});

/** A fault that hits three customers. */
async function tellThree(daemon: DaemonProcess): Promise<void> {
  const lines = HIT.map((externalId, at) => JSON.stringify(aPhoneCustomer(at + 1, { externalId, consent: CONSENT })));
  await daemon.api.raw('POST', '/v1/customers/import', {
    headers: { 'content-type': 'application/x-ndjson' },
    body: lines.join('\n'),
  });
  const { items } = (await daemon.api.get('/v1/projects')).body as { items: { key: string }[] };
  const answer = await daemon.api.raw('POST', '/v1/events', {
    headers: { authorization: `Bearer ${items[0]?.key}` },
    body: JSON.stringify(HIT.map((customer) => anEvent({ customer }))),
  });
  if (answer.status !== 200) throw new Error(`events were answered ${answer.status}`);
}

const CONSENT = { sms: true, email: true };

function isPostgres(pid: number): boolean {
  try {
    return execFileSync('ps', ['-o', 'comm=', '-p', String(pid)], { encoding: 'utf8' }).includes('postgres');
  } catch {
    return false; // ps answers 1 for a process that is gone
  }
}
