import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { deliverySchema } from '../../src/delivery/delivery-config.js';
import { type OutgoingSms } from '../../src/delivery/gateway.js';
import { HttpGateway } from '../../src/delivery/http/http.gateway.js';
import { WebhookGateway } from '../../src/delivery/webhook/webhook.gateway.js';
import { phone } from '../support/builders.js';
import { type Outside, startOutside } from '../support/outside.js';
import { SmtpInbox } from '../support/smtp-inbox.js';
import { customers, incidentWith, messages } from '../support/story.js';
import { aPolicy } from '../support/test-config.js';
import { type TestDaemon } from '../support/test-daemon.js';

const NOW = new Date('2026-03-02T10:00:00Z');
const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const NASTY = '","admin":true,"x":"\\ \u2028 100 % & = \r\nX-Evil: 1 付款';

interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let server: Server;
let requests: Request[];
let answer: (response: ServerResponse) => void;
beforeEach(async () => {
  requests = [];
  answer = (response) => response.end('{}');
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      requests.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      answer(response);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

const base = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

function anSms(changes: Partial<OutgoingSms> = {}): OutgoingSms {
  return { messageId: '0199-1', channel: 'sms', to: phone(1), locale: 'en', text: 'Hello', ...changes };
}

function http(about: Record<string, unknown> = {}): HttpGateway {
  const one = { kind: 'http', name: 'aggregator', channel: 'sms', url: `${base()}/send`, ...about };
  const [config] = deliverySchema.parse({ gateways: [one] }).gateways;
  if (config?.kind !== 'http') throw new Error('not an http gateway');
  return new HttpGateway(config);
}

describe('the HTTP gateway', () => {
  it.each([
    ['json', '{"to":"{{to}}","text":"{{text}}"}', (body: string) => (JSON.parse(body) as { text: string }).text],
    ['form', 'to={{to}}&text={{text}}', (body: string) => new URLSearchParams(body).get('text')],
  ] as const)('writes values into %s so that none ends the place that it stands in', async (encoding, body, read) => {
    const gateway = http({ body, encoding, headers: { 'X-Ref': '{{text}}' }, url: `${base()}/send/{{to}}?t={{text}}` });

    expect(await gateway.send(anSms({ text: NASTY }), NOW)).toMatchObject({ kind: 'sent' });

    const [request] = requests;
    expect(read(request?.body ?? '')).toBe(NASTY);
    expect(request?.headers['x-evil']).toBeUndefined();
    expect(new URL(request?.url ?? '', base()).searchParams.get('t')).toBe(NASTY);
    expect(request?.url.startsWith(`/send/${encodeURIComponent(phone(1))}?`)).toBe(true);
  });

  it.each([
    ['{"code":0,"data":{"id":77}}', 200, { kind: 'sent', providerId: '77' }],
    ['{"code":"0"}', 200, { kind: 'sent', providerId: '0199-1' }],
    [
      '{"code":1001}',
      200,
      { kind: 'rejected', reason: 'invalid_recipient', scope: 'recipient', suppress: true, code: 'aggregator 1001' },
    ],
    ['{"code":1002}', 400, { kind: 'retry', reason: 'rate_limited' }],
    ['{"code":2001}', 200, { kind: 'rejected', reason: 'auth', scope: 'setup' }],
    ['{"code":9}', 200, { kind: 'rejected', reason: 'refused', scope: 'message' }],
    ['', 429, { kind: 'retry', reason: 'rate_limited' }],
    ['', 401, { kind: 'rejected', reason: 'auth', scope: 'setup' }],
    ['<html>', 502, { kind: 'inDoubt', reason: 'provider_error' }],
    ['', 302, { kind: 'rejected', reason: 'setup', scope: 'setup' }],
  ] as const)('reads %s with %i', async (body, status, expected) => {
    answer = (response) => response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end(body);
    const codes = {
      '1001': { refused: 'invalid_recipient', suppress: true },
      '1002': { retry: 'rate_limited' },
      '2001': { refused: 'auth', stop: true },
    };
    const gateway = http({ answer: { id: 'data.id', status: 'code', ok: [0], codes } });

    expect(await gateway.send(anSms(), NOW)).toMatchObject(expected);
    expect(requests).toHaveLength(1);
  });

  it('puts an approved text by id and values into address, headers and body, in the forms that providers ask for', async () => {
    const sms = anSms({ template: { id: 'SMS_1549', parameters: { area: '结账', who: NASTY } } });
    const tencent =
      '{"TemplateId":"{{templateId}}","TemplateParamSet":{{templateList}},"all":{"in":{{templateObject}}}}';
    const aliyun = 'TemplateCode={{templateId}}&TemplateParam={{templateParameters}}';
    const headers = { 'X-Template': '{{templateId}}' };

    await http({ body: tencent, headers, url: `${base()}/{{templateId}}?area={{parameter.area}}` }).send(sms, NOW);
    await http({ body: aliyun, encoding: 'form' }).send(sms, NOW);
    await http({ body: tencent }).send(anSms(), NOW);

    const [json, form, free] = requests;
    expect(json?.url).toBe(`/SMS_1549?area=${encodeURIComponent('结账')}`);
    expect(json?.headers['x-template']).toBe('SMS_1549');
    expect(JSON.parse(json?.body ?? '')).toEqual({
      TemplateId: 'SMS_1549',
      TemplateParamSet: ['结账', NASTY],
      all: { in: { area: '结账', who: NASTY } },
    });
    const fields = new URLSearchParams(form?.body);
    expect(fields.get('TemplateCode')).toBe('SMS_1549');
    expect(JSON.parse(fields.get('TemplateParam') ?? '')).toEqual({ area: '结账', who: NASTY });
    expect(JSON.parse(free?.body ?? '')).toMatchObject({ TemplateId: '', TemplateParamSet: null });
  });

  it.each([
    [{ body: '{"to":"{{to}}' }, 'is not JSON once it is filled'],
    [{ body: '{"list":"{{templateList}}"}' }, 'is not JSON once it is filled'],
    [{ body: '{"a":"{{to"}' }, 'has braces that do not close'],
    [{ body: 'list={{templateList}}', encoding: 'form' }, '{{templateList}} is not known'],
    [{ url: 'https://sms.example/{{too}}' }, '{{too}} is not known'],
  ])('refuses a template that cannot be filled: %j', (about, words) => {
    expect(() => http(about)).toThrow(words);
  });

  it('is in doubt when the connection ends after the request, unless the provider takes each message once', async () => {
    answer = (response) => response.destroy();
    expect(await http().send(anSms(), NOW)).toMatchObject({ kind: 'inDoubt', reason: 'connection_lost' });
    expect(await http({ idempotent: true }).send(anSms(), NOW)).toMatchObject({ kind: 'retry' });
    expect(await http({ url: 'http://127.0.0.1:49151/' }).send(anSms(), NOW)).toMatchObject({
      kind: 'retry',
      code: 'ECONNREFUSED',
    });
  });

  it.each([
    [{ url: 'http://sms.example/send' }, 'must start with https://'],
    [{ url: 'https://{{to}}.example/' }, 'must not have a placeholder before its path'],
    [{ url: 'https://u:p@sms.example/' }, 'must not hold a user or password'],
    [{ url: 'file:///etc/passwd' }, 'must be a URL'],
    [{ body: '{{password}}' }, '{{password}} is not known'],
    [{ headers: { a: '$NOT_SET_ANYWHERE' } }, 'names $NOT_SET_ANYWHERE, which is not set'],
    [{ name: 'smtp' }, '"smtp" is taken'],
    [{ answer: { status: 'code' } }, 'status and ok are needed together'],
  ])('refuses the configuration %j', (about, problem) => {
    const one = { kind: 'http', name: 'a', channel: 'sms', url: 'https://sms.example/', ...about };
    const parsed = deliverySchema.safeParse({ gateways: [one] });
    expect(parsed.error?.issues.map(({ message }) => message).join()).toContain(problem);
  });
});

describe('the webhook gateway', () => {
  it('signs as Standard Webhooks asks, with the same id on every attempt', async () => {
    const [config] = deliverySchema.parse({
      gateways: [{ kind: 'webhook', name: 'push', channel: 'sms', url: base(), secrets: [SECRET] }],
    }).gateways;
    if (config?.kind !== 'webhook') throw new Error('not a webhook');
    const gateway = new WebhookGateway(config);
    const now = new Date();
    answer = (response) => response.writeHead(503).end();
    expect(await gateway.send(anSms(), now)).toMatchObject({ kind: 'retry' });
    answer = (response) => response.end();
    expect(await gateway.send(anSms(), now)).toEqual({ kind: 'sent', providerId: '0199-1' });

    const verified = requests.map(({ body, headers }) =>
      new Webhook(SECRET).verify(body, headers as Record<string, string>),
    );
    expect(verified).toEqual(
      [1, 2].map(() =>
        expect.objectContaining({ type: 'message.send', data: expect.objectContaining({ to: phone(1) }) }),
      ),
    );
    expect(new Set(requests.map(({ headers }) => headers['webhook-id']))).toEqual(new Set(['0199-1']));
  });

  it('passes an approved text on by id and values', async () => {
    const one = { kind: 'webhook', name: 'push', channel: 'sms', url: base(), secrets: [SECRET] };
    const [config] = deliverySchema.parse({ gateways: [one] }).gateways;
    if (config?.kind !== 'webhook') throw new Error('not a webhook');
    const template = { id: 'SMS_1549', parameters: { area: '结账' } };

    await new WebhookGateway(config).send(anSms({ template }), NOW);

    expect(JSON.parse(requests[0]?.body ?? '')).toMatchObject({ data: { text: 'Hello', template } });
  });
});

describe('two relays', () => {
  let outside: Outside;
  let second: SmtpInbox;
  let forewarn: TestDaemon;
  afterEach(async () => {
    await forewarn.stop();
    await outside.stop();
    await second.stop();
  });

  it('take over from each other for what was certainly not taken, and never for what is in doubt', async () => {
    outside = await startOutside();
    second = await SmtpInbox.start();
    outside.smtp.script('c1@customers.example', 'dropAtRecipient');
    outside.smtp.script('c2@customers.example', 'dropAfterBody');
    const gateways = [{ kind: 'smtp', name: 'relay2', url: second.url, from: 'Shop <care@shop.example>' }];
    forewarn = await incidentWith(customers(3), {
      env: outside.env,
      config: { policies: [aPolicy()], delivery: { gateways } },
    });
    await forewarn.plan();

    await forewarn.runStages('dispatch', 'dispatch', 'reconcile', 'dispatch');

    const sent = (await messages(forewarn)) as unknown as { state: string; gateway: string }[];
    expect(sent.map(({ state, gateway }) => `${state} ${gateway}`)).toEqual([
      'sent relay2',
      'in_doubt smtp',
      'sent smtp',
    ]);
    expect(second.mails.map(({ to }) => to[0])).toEqual(['c1@customers.example']);
    expect(outside.smtp.sentTo('c2@customers.example')).toHaveLength(1);
  });
});
