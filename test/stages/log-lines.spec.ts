import { afterEach, describe, expect, it } from '@jest/globals';
import { SEVERITIES } from '../../src/incidents/incident.js';
import { CAMPAIGN_KINDS } from '../../src/outreach/campaign.js';
import { createLogger } from '../../src/platform/logging/logger.js';
import { aCustomer } from '../support/builders.js';
import { SmtpInbox } from '../support/smtp-inbox.js';
import { approve, campaigns, customers, hit, incidentWith } from '../support/story.js';
import { aPolicy } from '../support/test-config.js';
import { TestDaemon } from '../support/test-daemon.js';

interface Line {
  readonly msg: string;
  readonly level: number;
  readonly [key: string]: unknown;
}

const INFO = 30;
const WARN = 40;

/** A log that a test reads. */
function aLog(): { logger: ReturnType<typeof createLogger>; lines: () => Line[]; said: (words: RegExp) => Line[] } {
  const written: string[] = [];
  const logger = createLogger('debug', { write: (line: string) => void written.push(line) });
  const lines = () => written.map((line) => JSON.parse(line) as Line);
  return { logger, lines, said: (words) => lines().filter(({ msg, level }) => level >= INFO && words.test(msg)) };
}

let forewarn: TestDaemon | undefined;
let inbox: SmtpInbox | undefined;
afterEach(async () => {
  await forewarn?.stop();
  await inbox?.stop();
  [forewarn, inbox] = [undefined, undefined];
});

describe('the log', () => {
  it('tells an incident, its campaign and each message in one line each, with their ids and no word about whom', async () => {
    const log = aLog();
    inbox = await SmtpInbox.start();
    inbox.script('c2@customers.example', { reply: '550 5.1.1 no such user', at: 'RCPT TO' });
    forewarn = await incidentWith(customers(3), {
      logger: log.logger,
      env: { SMTP_URL: inbox.url, MAIL_FROM: 'care@shop.example' },
      config: { policies: [aPolicy({ channels: ['email'], approval: 'required' })] },
    });

    await forewarn.plan();
    const [campaign] = await campaigns(forewarn);
    await approve(forewarn, campaign?.id ?? '');
    await forewarn.runStages('dispatch', 'campaign');
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });

    expect(log.said(/^(incident|campaign|message) /)).toMatchObject([
      { msg: 'incident opened', incidentId: 1, projectId: 1, severity: 'major' },
      { msg: 'campaign planned', campaignId: 1, incidentId: 1, kind: 'notice', state: 'awaiting_approval' },
      { msg: 'campaign approved', campaignId: 1, incidentId: 1, reason: 'by_person' },
      ...log.said(/^message /),
      { msg: 'incident resolved', incidentId: 1, resolution: 'ops' },
    ]);
    const messages = log.said(/^message /).map(({ msg, reason = null, code = null }) => ({ msg, reason, code }));
    expect(messages.toSorted((a, b) => a.msg.localeCompare(b.msg))).toEqual([
      { msg: 'message refused', reason: 'invalid_recipient', code: expect.stringContaining('550') },
      { msg: 'message sent', reason: null, code: null },
      { msg: 'message sent', reason: null, code: null },
    ]);
    for (const line of log.said(/^message /))
      expect(line).toMatchObject({
        messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        campaignId: 1,
        incidentId: 1,
        channel: 'email',
        gateway: 'smtp',
        attempt: 1,
      });
    expect(JSON.stringify(log.lines())).not.toMatch(/customers\.example|"c[123]"|Cannot read/);
  });

  it('says once that mail is down, and once that it is back, however many messages wait', async () => {
    const log = aLog();
    inbox = await SmtpInbox.start();
    const port = Number(new URL(inbox.url).port);
    await inbox.stop();
    forewarn = await incidentWith(customers(12), {
      logger: log.logger,
      env: { SMTP_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM: 'care@shop.example' },
      config: { policies: [aPolicy({ channels: ['email'] })] },
    });

    await forewarn.planAndSend();
    for (let time = 0; time < 5; time++) {
      forewarn.clock.advance('10m');
      await forewarn.runStages('dispatch');
    }
    inbox = await SmtpInbox.start({ port });
    for (let time = 0; time < 12 && inbox.mails.length < 12; time++) {
      forewarn.clock.advance('4h');
      await forewarn.runStages('dispatch');
    }

    expect(inbox.mails).toHaveLength(12);
    expect(log.said(/takes (no )?messages/)).toMatchObject([
      { level: WARN, msg: expect.stringContaining('smtp takes no messages'), reason: 'provider_unavailable' },
      { level: INFO, msg: 'smtp takes messages again', gateway: 'smtp', channel: 'email' },
    ]);
    expect(log.said(/^message /).map(({ msg }) => msg)).toEqual(Array.from({ length: 12 }, () => 'message sent'));
  });

  it('says nothing of what was rolled back', async () => {
    const log = aLog();
    forewarn = await incidentWith([aCustomer()], { logger: log.logger });

    const answer = await forewarn.api.post('/v1/incidents', {
      project: 'shop',
      title: 'By hand',
      severity: 'major',
      issues: ['999999'],
    });

    expect(answer.status).toBe(400);
    expect(log.said(/^incident opened/)).toHaveLength(1);
  });

  it('names in a line about a request the id that its answer carries', async () => {
    const log = aLog();
    forewarn = await TestDaemon.start({ logger: log.logger });
    await forewarn.rows('ALTER TABLE campaign RENAME TO campaign_away');
    await forewarn.rows('ALTER TABLE issue_minute RENAME TO issue_minute_away');

    const failed = await forewarn.api.raw('GET', '/v1/campaigns');
    const { key } = await forewarn.project();
    const unstored = await forewarn.anyone.raw('POST', '/v1/events', {
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify({ message: 'x', customer: 'c1' }),
    });

    expect([failed.status, unstored.status]).toEqual([500, 503]);
    const ids = [failed, unstored].map(({ headers }) => headers.get('x-request-id'));
    expect(log.said(/a request failed/)).toMatchObject([{ request: ids[0], route: '/v1/campaigns' }]);
    expect(log.said(/intake could not commit/)).toMatchObject([{ request: ids[1] }]);
  });
});

describe('the metrics', () => {
  it('count requests by the pattern of their route, never by what strangers choose', async () => {
    forewarn = await TestDaemon.start();

    await forewarn.api.get('/v1/incidents/4711');
    await forewarn.anyone.raw('GET', '/v1/incidents/4712');
    await forewarn.anyone.raw('GET', '/wp-admin/x.php');
    await forewarn.send({ message: 'x', customer: 'c1' });
    await forewarn.anyone.raw('POST', '/some/prefix/api/1/envelope/', { body: 'nonsense' });

    const counts = await requestCounts(forewarn);
    expect(counts).toEqual(
      expect.arrayContaining([
        'route="/v1/incidents/:id",method="GET",status="4xx"',
        'route="none",method="other",status="4xx"',
        'route="/v1/events",method="POST",status="2xx"',
        'route="/api/{projectId}/envelope",method="POST",status="4xx"',
      ]),
    );
    expect(counts.join()).not.toMatch(/4711|wp-admin|prefix/);
  });

  it('tell of each incident once how long it took from the first hit to the first message that a provider took', async () => {
    forewarn = await incidentWith(customers(2));
    forewarn.clock.advance('5m');

    await forewarn.planAndSend();
    const once = await metric(forewarn, /^forewarn_first_message_seconds_(count|sum)\{.*\} (\S+)$/gm);
    await forewarn.know(aCustomer({ externalId: 'late' }));
    await hit(forewarn, ['late']);
    forewarn.clock.advance('1m');
    await forewarn.planAndSend();

    const [sum = 0, count] = once;
    expect(count).toBe(1);
    expect(sum).toBeGreaterThanOrEqual(300);
    expect(sum).toBeLessThan(420);
    expect(await metric(forewarn, /^forewarn_first_message_seconds_(count|sum)\{.*\} (\S+)$/gm)).toEqual(once);
  });

  it('count campaigns that wait for a person, by kind and severity', async () => {
    forewarn = await incidentWith(customers(2), { config: { policies: [aPolicy({ approval: 'required' })] } });
    await forewarn.plan();

    const waiting = await metric(forewarn, /^forewarn_approvals_waiting\{kind="notice",severity="(major)"\} (\S+)$/gm);

    expect(waiting).toEqual([1]);
    expect(await metric(forewarn, /^(forewarn_approvals_waiting)\{.*\} (\S+)$/gm)).toHaveLength(
      CAMPAIGN_KINDS.length * SEVERITIES.length,
    );
  });
});

/** Numbers of the metrics that a pattern finds; its second group is the number. */
async function metric(daemon: TestDaemon, pattern: RegExp): Promise<number[]> {
  const text = String((await daemon.anyone.get('/metrics')).body);
  return [...text.matchAll(pattern)].map(([, , value]) => Number(value));
}

/** Labels of all requests that were counted. */
async function requestCounts(daemon: TestDaemon): Promise<string[]> {
  const text = String((await daemon.anyone.get('/metrics')).body);
  return [...text.matchAll(/^forewarn_http_request_seconds_count\{(.*)\} \d+$/gm)].map(([, labels = '']) => labels);
}
