import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { inflateSync } from 'node:zlib';
import { Webhook } from 'standardwebhooks';
import { approve, customers, hitAnew, incidentWith } from '../support/story.js';
import { aConfig, aPolicy } from '../support/test-config.js';
import { SmtpInbox } from '../support/smtp-inbox.js';
import { TestDaemon } from '../support/test-daemon.js';

const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

interface Posted {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let server: Server;
let posts: Posted[];
let answer: (response: ServerResponse) => void;
let forewarn: TestDaemon | undefined;
beforeEach(async () => {
  posts = [];
  answer = (response) => response.end('ok');
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      posts.push({ url: request.url ?? '', headers: request.headers, body });
      answer(response);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterEach(async () => {
  await forewarn?.stop();
  forewarn = undefined;
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

const base = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const place = (about: object = {}) => ({ kind: 'slack', url: `${base()}/hook`, ...about });
const texts = () => posts.map(({ body }) => (JSON.parse(body) as { text: string }).text);
/** Runs the stage as long as it takes to gather news and to tell it. */
async function tell(daemon: TestDaemon): Promise<void> {
  await daemon.runStages('team');
  daemon.clock.advance('16s');
  await daemon.runStages('team');
}

describe('the team', () => {
  it('hears once of an incident that opens, waits for approval and ends, without words of the app or names', async () => {
    const policies = [aPolicy({ approval: 'required' })];
    forewarn = await incidentWith(customers(3, { name: 'Noah' }), { config: { policies, team: [place()] } });
    await forewarn.plan();

    await tell(forewarn);
    await tell(forewarn);

    const link = `${forewarn.url}/#/incidents/1`;
    expect(texts()).toEqual([
      `Incident 1 in shop is open: major, 3 customers, ${link}\n` +
        `Outreach about incident 1 in shop waits for approval (campaign 1): major, 3 customers, ${link}`,
    ]);
    await approve(forewarn, '1');
    await forewarn.runStages('dispatch');
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });
    await tell(forewarn);
    expect(texts().slice(1)).toEqual([`Incident 1 in shop is over: major, 3 customers, ${link}`]);
    expect(posts.map(({ body }) => body).join('\n')).not.toMatch(/Noah|c1|customers\.example|TypeError|total/);
  });

  it('is mailed where the place is an address, again until the server takes it, each time under one Message-ID', async () => {
    const inbox = await SmtpInbox.start();
    inbox.script('oncall@shop.example', 'dropAfterBody');
    const team = [{ kind: 'mail', url: 'mailto:oncall@shop.example, lead@shop.example', on: ['opened'] }];
    const env = { SMTP_URL: inbox.url, MAIL_FROM: 'Forewarn <forewarn@shop.example>' };
    forewarn = await incidentWith(customers(3, { name: 'Noah' }), { config: { team }, env });
    await tell(forewarn);
    forewarn.clock.advance('1m');
    await forewarn.runStages('team');
    await forewarn.runStages('team');

    const mails = inbox.mails.map(({ to: recipients, parsed }) => ({ ...parsed, recipients }));
    expect(mails).toHaveLength(2);
    expect(mails.map(({ recipients }) => recipients)).toEqual(
      Array(2).fill(['oncall@shop.example', 'lead@shop.example']),
    );
    expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(1);
    expect(mails[1]?.subject).toBe('Incident 1 in shop is open');
    expect(mails[1]?.text).toBe(`Incident 1 in shop is open: major, 3 customers, ${forewarn.url}/#/incidents/1\n`);
    await inbox.stop();
  });

  it('is mailed each Monday, once, what hurt customers most in the week before, with a picture that shows without a link', async () => {
    const inbox = await SmtpInbox.start();
    inbox.script('lead@shop.example', { reply: '451 4.3.0 later', at: 'DATA' });
    const team = [
      { kind: 'mail', url: 'mailto:lead@shop.example', on: ['deliveryFailing'] },
      { kind: 'mail', url: 'mailto:oncall@shop.example', on: ['deliveryFailing'], weekly: false },
    ];
    const env = { SMTP_URL: inbox.url, MAIL_FROM: 'Forewarn <forewarn@shop.example>' };
    forewarn = await incidentWith(customers(3, { name: 'Noah' }), { config: { team }, env });
    await hitAnew(forewarn, ['c1', 'c2']);
    await forewarn.runStages('detect', 'incident-open', 'audience');
    await forewarn.rows("UPDATE incident SET area = 'checkout' WHERE id = 1");
    await forewarn.rows(
      `INSERT INTO customer_health (customer_id, score, band, parts, scored_at)
       SELECT customer_id, 60, 'fair', '{"hits":0,"contacts":0,"use":40}', $1 FROM audience_member WHERE incident_id = 1 LIMIT 1`,
      [forewarn.clock.now()],
    );
    await forewarn.runStage('weekly');
    expect(inbox.mails).toEqual([]);

    forewarn.clock.set('2026-03-16T06:15:00Z');
    await forewarn.runStage('weekly');
    forewarn.clock.advance('20m');
    await forewarn.runStage('weekly');
    expect(inbox.mails).toEqual([]);
    forewarn.clock.advance('40m');
    const second = await TestDaemon.start({ beside: forewarn, config: { team }, env });
    await Promise.all([forewarn.runStage('weekly'), second.runStage('weekly')]);
    await second.stop();
    forewarn.clock.advance('1h');
    await forewarn.runStage('weekly');

    expect(inbox.mails.map(({ to }) => to)).toEqual([['lead@shop.example']]);
    const { subject, text, html, messageId, attachments } = inbox.mails[0]!.parsed;
    expect(subject).toBe('What hurt customers most in the week of 2026-03-09: shop / checkout / 2.4.1');
    expect(text).toContain('1. shop / checkout / 2.4.1: 3 customers hit, 0 contacts, use fell off for 1, score 12');
    expect(messageId).toMatch(/^<weekly-2026-03-09-mail-[0-9a-f]{16}@shop\.example>$/);
    expect(`${inbox.mails[0]!.raw}`).not.toMatch(/Noah|c1|customers\.example/);
    const [{ content, cid, contentType, related } = { content: Buffer.alloc(0) }] = attachments;
    expect({ cid, contentType, related }).toEqual({ cid: 'chart@forewarn', contentType: 'image/png', related: true });
    expect(html).toContain('<img src="data:image/png;base64,');
    const bars = redRuns(content);
    expect(bars.length).toBeGreaterThan(1);
    expect(bars[0]).toBe(Math.max(...bars));
    forewarn.clock.set('2026-03-23T06:15:00Z');
    await forewarn.runStage('weekly');
    expect(inbox.mails).toHaveLength(1);
    await inbox.stop();
  });

  it('gets the news of several incidents in one post, from two processes too', async () => {
    forewarn = await incidentWith(customers(2), { config: { team: [place({ on: ['opened'] })] } });
    await hitAnew(forewarn, ['c1', 'c2']);
    await forewarn.runStages('detect', 'incident-open');
    const { items } = (await forewarn.api.get('/v1/incidents')).body as { items: object[] };
    const second = await TestDaemon.start({ beside: forewarn, config: { team: [place({ on: ['opened'] })] } });

    await Promise.all([forewarn.runStage('team'), second.runStage('team')]);
    forewarn.clock.advance('16s');
    await Promise.all([forewarn.runStage('team'), second.runStage('team')]);
    await second.stop();

    expect(items.length).toBeGreaterThan(1);
    expect(posts).toHaveLength(1);
    expect(texts()[0]?.split('\n')).toHaveLength(items.length);
  });

  it('hears nothing below its severity, until the incident has it', async () => {
    forewarn = await incidentWith(customers(1), { config: { team: [place({ severity: 'critical' })] } });
    await tell(forewarn);
    expect(posts).toEqual([]);

    await forewarn.api.patch('/v1/incidents/1', { severity: 'critical' });
    await tell(forewarn);

    expect(texts()).toEqual([expect.stringMatching(/^Incident 1 in shop is open: critical, 1 customer, /)]);
  });

  it('hears of messages that fail', async () => {
    forewarn = await incidentWith(customers(4), { config: { team: [place({ on: ['deliveryFailing'] })] } });
    await forewarn.planAndSend();
    await tell(forewarn);
    expect(posts).toEqual([]);

    await forewarn.rows("UPDATE message SET state = 'failed' WHERE id IN (SELECT id FROM message LIMIT 3)");
    await tell(forewarn);

    expect(texts()).toEqual([
      expect.stringMatching(/^Messages about incident 1 in shop fail \(campaign 1\): 3 of 4, /),
    ]);
  });

  it('is told later where its place refuses a post, never twice, and no more after a day', async () => {
    forewarn = await incidentWith(customers(1), { config: { team: [place({ on: ['opened', 'resolved'] })] } });
    answer = (response) => response.writeHead(429, { 'retry-after': '90' }).end();
    await tell(forewarn);
    forewarn.clock.advance('80s');
    await forewarn.runStages('team');
    expect(posts).toHaveLength(1);

    answer = (response) => response.end('ok');
    forewarn.clock.advance('11s');
    await forewarn.runStages('team');
    forewarn.clock.advance('1h');
    await forewarn.runStages('team');
    expect(posts).toHaveLength(2);

    answer = (response) => response.destroy();
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });
    await tell(forewarn);
    forewarn.clock.advance('25h');
    await forewarn.runStages('team');
    answer = (response) => response.end('ok');
    forewarn.clock.advance('1h');
    await forewarn.runStages('team');
    expect(posts).toHaveLength(3);
    const metrics = String((await forewarn.anyone.get('/metrics')).body);
    expect(metrics).toContain('forewarn_team_news_given_up_total{kind="slack"} 1');
    expect(metrics).toContain('forewarn_team_posts_total{kind="slack",result="ok"} 1');
    expect(metrics).toContain('forewarn_team_news_waiting 0');
  });

  it('gets the form of each place, signed where it asks for that, and sees an error in an answer of status 200', async () => {
    const team = [
      place({ url: `${base()}/slack` }),
      place({ kind: 'feishu', url: `${base()}/feishu`, secret: 'feishu-secret' }),
      place({ kind: 'dingtalk', url: `${base()}/dingtalk?access_token=t`, secret: 'SECdingtalk' }),
      place({ kind: 'wecom', url: `${base()}/wecom` }),
      place({ kind: 'webhook', url: `${base()}/webhook`, secret: SECRET }),
    ];
    forewarn = await incidentWith(customers(1), { config: { team } });
    answer = (response) => response.end('{"code":19021,"errcode":310000}');

    await tell(forewarn);

    const of = (path: string) => {
      const { url = '', headers = {}, body = '{}' } = posts.find((one) => one.url.startsWith(path)) ?? {};
      return { url, headers, text: body, body: JSON.parse(body) as Record<string, unknown> };
    };
    const line = expect.stringMatching(/^Incident 1 in shop is open: major, 1 customer, http/);
    expect(of('/slack').body).toEqual({ text: line });
    const { timestamp, sign, ...lark } = of('/feishu').body;
    expect(lark).toEqual({ msg_type: 'text', content: { text: line } });
    expect(sign).toBe(
      createHmac('sha256', `${String(timestamp)}\nfeishu-secret`)
        .update('')
        .digest('base64'),
    );
    expect(of('/dingtalk').body).toEqual({ msgtype: 'text', text: { content: line } });
    const query = new URL(of('/dingtalk').url, base()).searchParams;
    expect(query.get('sign')).toBe(
      createHmac('sha256', 'SECdingtalk')
        .update(`${query.get('timestamp')}\nSECdingtalk`)
        .digest('base64'),
    );
    expect(of('/wecom').body).toEqual({ msgtype: 'text', text: { content: line } });
    const { headers, text, body } = of('/webhook');
    const [, data] = /^(.*)$/.exec(text) ?? [];
    expect(body).toMatchObject({ type: 'team.news', data: { text: line, news: [{ event: 'opened', customers: 1 }] } });
    expect(headers['webhook-signature']).toBe(
      new Webhook(SECRET).sign(
        String(headers['webhook-id']),
        new Date(Number(headers['webhook-timestamp']) * 1000),
        data ?? '',
      ),
    );
    const waiting = await forewarn.rows<{ place: string }>("SELECT place FROM team_news WHERE state = 'waiting'");
    expect(waiting.map(({ place: name }) => name.split(':')[0]).sort()).toEqual(['dingtalk', 'feishu', 'wecom']);
  });
});

/** Lengths of the red bars of a picture, from above, in pixels; colour 2 is red. */
function redRuns(png: Buffer): number[] {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const at = png.indexOf('IDAT');
  const rows = inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)));
  const reds = Array.from({ length: height }, (_, y) =>
    rows.subarray(y * (width + 1) + 1, (y + 1) * (width + 1)).reduce((sum, colour) => sum + Number(colour === 2), 0),
  );
  return reds.filter((red, y) => red > 0 && reds[y - 1] !== red);
}

describe('the section team', () => {
  const refusal = (...team: object[]) => {
    try {
      aConfig({ team });
      return 'taken';
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('reads secrets from the environment, and says on which line one is missing', () => {
    process.env['TEAM_HOOK_OF_A_TEST'] = 'https://hooks.example/services/T0/secret';
    const { team } = aConfig({ team: [{ kind: 'slack', url: '$TEAM_HOOK_OF_A_TEST' }] });
    delete process.env['TEAM_HOOK_OF_A_TEST'];
    expect(team[0]?.url).toBe('https://hooks.example/services/T0/secret');
    expect(refusal({ kind: 'slack', url: '$TEAM_HOOK_OF_A_TEST' })).toMatch(
      /forewarn\.yaml:\d+:\d+: team\.0\.url: names \$TEAM_HOOK_OF_A_TEST, which is not set in the environment$/,
    );
  });

  it('refuses what is wrong or does nothing, and never quotes a secret', () => {
    const url = 'https://hooks.example/sesame';
    for (const [about, words] of [
      [{ url: 'hooks.example/sesame' }, 'must be a URL that starts with https://'],
      [{ url: 'http://hooks.example/sesame' }, 'insecure: true allows plain http'],
      [{ url: 'https://sesame:x@hooks.example/' }, 'must not hold a user or password'],
      [{ secret: 'sesame' }, 'does nothing with slack'],
      [{ weekly: true }, 'team.0.weekly: true does nothing with slack'],
      [{ kind: 'webhook' }, 'team.0.secret: must be whsec_'],
      [{ kind: 'webhook', secret: 'whsec_sesame' }, 'team.0.secret: must be whsec_'],
    ] as const) {
      const message = refusal({ kind: 'slack', url, ...about });
      expect(message).toContain(words);
      expect(message).not.toContain('sesame');
    }
    expect(refusal({ kind: 'slack', url }, { kind: 'wecom', url })).toContain('team.1.url: is the same as above');
  });
});
