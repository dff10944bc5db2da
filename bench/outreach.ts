import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { simpleParser } from 'mailparser';
import { createTransport } from 'nodemailer';
import { startDaemon } from '../src/daemon/daemon.js';
import { loadConfig } from '../src/forewarn-config.js';
import { SystemClock } from '../src/platform/clock.js';
import { readSettings } from '../src/platform/config/settings.js';
import { Database } from '../src/platform/db/database.js';
import { createLogger } from '../src/platform/logging/logger.js';
import { type StageName } from '../src/platform/stages/stage.js';
import { StageRunner } from '../src/platform/stages/stage-runner.js';
import { cpuSeconds } from './support/cpu-time.js';

/*
 * Plans messages to very many customers and sends some of them to a local mail server and an emulated Twilio, beside bare nodemailer in a loop to the same
 * server in the same run.
 * usage: outreach [--plan 1000000] [--send 10000]
 */
const PLAN = Number(option('plan') ?? 1_000_000);
const SEND = Math.min(PLAN / 4, Number(option('send') ?? 10_000));
/** Mails of each that are sent before the measured ones. */
const WARM_UP = 1000;
const CONNECTIONS = 5;
const clock = new SystemClock();

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

const CONFIG = `
projects: [{ slug: shop, name: Shop }]
locales: [en, zh]
outreach: { limits: { sms: { perHour: 10000000, perDay: 10000000 }, email: { perHour: 10000000, perDay: 10000000 } } }
policies:
  - { name: all, channels: [sms, email], approval: automatic, blastLimit: 100000000, trust: [claimed, signed, server] }
`;

/** Customers of whom every other has a phone, all hit by one incident. */
const PEOPLE = [
  `INSERT INTO incident (project_id, status, severity, title, started_at, opened_at) SELECT id, 'detected', 'major', 'total is undefined', now(), now() FROM project LIMIT 1`,
  `INSERT INTO customer (locale, source, created_at, updated_at, directory_id)
   SELECT CASE WHEN n % 3 = 0 THEN 'zh' ELSE 'en' END, 'directory', now(), now(), (SELECT directory_id FROM project LIMIT 1) FROM generate_series(1, $1::int) n`,
  `INSERT INTO contact_point (customer_id, channel, address, created_at)
   SELECT id, CASE WHEN id % 2 = 0 THEN 'sms' ELSE 'email' END, CASE WHEN id % 2 = 0 THEN '+49151' || (10000000 + id) ELSE 'c' || id || '@customers.example' END, now() FROM customer`,
  `INSERT INTO consent_entry (customer_id, channel, granted, source, at) SELECT customer_id, channel, true, 'import', now() FROM contact_point`,
  `INSERT INTO audience_member (incident_id, customer_id, kind, evidence, added_at, trust)
   SELECT (SELECT max(id) FROM incident), id, 'affected', jsonb_build_object('events', 1, 'firstAt', now(), 'lastAt', now(), 'lastEventId', '', 'issues', '[]'::jsonb, 'known', '{"server":1}'::jsonb), now(), 'server' FROM customer`,
  'ANALYZE',
];

const rss = () => process.memoryUsage().rss / 1024 / 1024;
/** CPU time of some work, microseconds a mail: of this process, and of the database and the mail server below it. */
async function withCpu<T>(work: () => Promise<T>): Promise<{ result: T; own: number; below: number }> {
  const before = cpuSeconds(process.pid);
  const result = await work();
  const after = cpuSeconds(process.pid);
  const perMail = (part: 'own' | 'below') => ((after[part] - before[part]) / SEND) * 1e6;
  return { result, own: perMail('own'), below: perMail('below') };
}

const seconds = (began: number) => (performance.now() - began) / 1000;

/** A mail of ours as bare nodemailer takes it: the same text, HTML and headers. */
interface Sample {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly headers: Record<string, string>;
}

const OWN_HEADERS = ['auto-submitted', 'content-language', 'list-unsubscribe', 'list-unsubscribe-post'];

/** Reads a mail that the sink took. */
async function sampleOf(raw: string): Promise<Sample> {
  const mail = await simpleParser(Buffer.from(raw, 'latin1'), { skipTextLinks: true });
  const lines = mail.headerLines.filter(({ key }) => OWN_HEADERS.includes(key));
  const headers = Object.fromEntries(lines.map(({ key, line }) => [key, line.slice(key.length + 1).trim()]));
  if (!mail.text || !mail.html) throw new Error('a mail of ours has no text or no HTML: nothing to compare with');
  return { subject: mail.subject ?? '', text: mail.text, html: mail.html, headers };
}

/** Mails a second of nodemailer alone, with the same pool and the same mails. */
async function bare(port: number, count: number, samples: readonly Sample[]): Promise<number> {
  const mailer = createTransport({
    ...{ host: '127.0.0.1', port },
    pool: true,
    maxConnections: CONNECTIONS,
    ignoreTLS: true,
  });
  let next = 0;
  const worker = async () => {
    for (let n = next++; n < count; n = next++)
      await mailer.sendMail({
        from: 'Shop <care@shop.example>',
        to: `c${n}@customers.example`,
        ...samples[n % samples.length],
      });
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: 2 * CONNECTIONS }, worker));
  const took = seconds(began);
  mailer.close();
  return count / took;
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'fw-bench-'));
  await cp(fileURLToPath(new URL('../../config/templates', import.meta.url)), join(folder, 'templates'), {
    recursive: true,
  });
  await writeFile(join(folder, 'forewarn.yaml'), CONFIG);
  const sink = fork(fileURLToPath(new URL('support/outreach-sink.js', import.meta.url)));
  const [ports] = (await once(sink, 'message')) as [{ smtp: number; twilio: number }];
  const settings = readSettings({
    PORT: '0',
    FOREWARN_ROLES: 'api',
    FOREWARN_DATA_DIR: join(folder, 'data'),
    FOREWARN_ADMIN_TOKEN: 'bench-admin-token-0123456789',
    PUBLIC_URL: 'https://forewarn.example',
    SMTP_URL: `smtp://127.0.0.1:${ports.smtp}?ignoreTLS=true`,
    MAIL_FROM: 'Shop <care@shop.example>',
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: 'token-of-the-bench-0123456789',
    TWILIO_FROM: '+15005550006',
    TWILIO_BASE_URL: `http://127.0.0.1:${ports.twilio}`,
  });
  const daemon = await startDaemon(settings, loadConfig(join(folder, 'forewarn.yaml')), {
    clock,
    logger: createLogger('error'),
  });
  const [database, runner] = [daemon.app.get(Database), daemon.app.get(StageRunner)];
  const run = (name: StageName) => runner.stage(name).runOnce(clock.now(), new AbortController().signal);
  const count = async (where: string) => {
    const [row] = await database.query<{ count: number }>(`SELECT count(*)::int AS count FROM message WHERE ${where}`);
    return row?.count ?? 0;
  };
  try {
    await database.transaction(async (tx) => {
      await tx.query("SELECT set_config('statement_timeout', '0', true)");
      for (const sql of PEOPLE.slice(0, -1)) await tx.query(sql, sql.includes('$1') ? [PLAN] : []);
    });
    await database.query('ANALYZE customer, contact_point, consent_entry, audience_member');

    const rssBefore = rss();
    let rssPlanning = rssBefore;
    let rssHalf = 0;
    let planned = 0;
    const began = performance.now();
    for (let more = true; more;) {
      const { worked, more: again } = await run('campaign');
      planned += worked;
      rssPlanning = Math.max(rssPlanning, rss());
      if (rssHalf === 0 && planned >= PLAN / 2) rssHalf = rss();
      more = again;
    }
    const planSeconds = seconds(began);
    planned = await count('true');

    await database.query(`UPDATE message SET next_at = now() + interval '1 day' WHERE state = 'pending'`);
    const sent = async (channel: 'email' | 'sms', most: number) => {
      const before = await count(`state = 'sent' AND channel = '${channel}'`);
      const batch = `SELECT id FROM message WHERE state = 'pending' AND channel = '${channel}' AND next_at > now() LIMIT ${most}`;
      await database.query(`UPDATE message SET next_at = now() WHERE id IN (${batch})`);
      await database.query('ANALYZE message, attempt'); // as autovacuum does within a minute
      const start = performance.now();
      while ((await run('dispatch')).more);
      const took = seconds(start);
      return ((await count(`state = 'sent' AND channel = '${channel}'`)) - before) / took;
    };
    const books = async () => {
      const told = once(sink, 'message');
      sink.send('books');
      return (await told)[0] as { mail: number; mailBytes: number; lastMails: string[] };
    };
    // Some of each first, which are not measured: the compiler learns from running code.
    await sent('email', WARM_UP);
    const ours = await books();
    const samples = await Promise.all(ours.lastMails.map(sampleOf));
    await bare(ports.smtp, WARM_UP, samples);
    const theirs = await books();
    // They alternate so that what else the machine does falls on both of them.
    const bareBefore = await withCpu(() => bare(ports.smtp, SEND, samples));
    const mails = await withCpu(() => sent('email', SEND));
    const bareAfter = await withCpu(() => bare(ports.smtp, SEND, samples));
    const mean = (part: 'result' | 'own' | 'below') => (bareBefore[part] + bareAfter[part]) / 2;
    const smsPerSecond = await sent('sms', SEND);
    const rssSending = rss();

    const result = {
      bench: 'outreach',
      planned,
      planSeconds: round(planSeconds),
      plannedPerSecond: Math.round(planned / planSeconds),
      sent: await count(`state = 'sent'`),
      sentPerSecond: Math.round(mails.result),
      barePerSecond: Math.round(mean('result')),
      ratio: round(mails.result / mean('result')),
      mailBytes: Math.round(ours.mailBytes / ours.mail),
      bareMailBytes: Math.round((theirs.mailBytes - ours.mailBytes) / (theirs.mail - ours.mail)),
      nodeCpuUsPerMail: Math.round(mails.own),
      otherCpuUsPerMail: Math.round(mails.below),
      bareNodeCpuUsPerMail: Math.round(mean('own')),
      bareOtherCpuUsPerMail: Math.round(mean('below')),
      smsPerSecond: Math.round(smsPerSecond),
      rssBeforeMb: Math.round(rssBefore),
      rssHalfPlannedMb: Math.round(rssHalf),
      rssPlanningMb: Math.round(rssPlanning),
      rssSendingMb: Math.round(rssSending),
    };
    for (const [name, value] of Object.entries(result)) console.log(`${name.padEnd(20)} ${value}`);
    console.log(JSON.stringify(result));
  } finally {
    await daemon.stop();
    sink.disconnect();
    await rm(folder, { recursive: true, force: true });
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

await main();
