import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { TokenStore } from '../../src/platform/auth/token.store.js';
import { ApiClient } from '../support/api-client.js';
import { aCustomer, phone } from '../support/builders.js';
import { customers, incidentWith } from '../support/story.js';
import { type TestDaemon } from '../support/test-daemon.js';

interface Matched {
  readonly items: readonly { readonly answerId: string; readonly body: string; readonly told: unknown }[];
}

const ZH = {
  title: '信用卡付款失败',
  body: '自{{ since }}起，使用信用卡付款会失败。您没有被扣款。',
  workaround: '请改用银行转账付款。',
  nextUpdate: '修复后我们会再次通知您。',
};

describe('a customer who asks the bot in Chinese and is not helped', () => {
  let forewarn: TestDaemon;
  let hook: Server;
  afterEach(async () => {
    await forewarn.stop();
    await new Promise((done) => hook.close(done));
  });

  it('is answered from what hit them, handed over with the whole story, and known to the agent whom they call next day', async () => {
    const told: Record<string, never>[] = [];
    hook = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        told.push(JSON.parse(Buffer.concat(chunks).toString()) as Record<string, never>);
        response.writeHead(204).end();
      });
    });
    await new Promise<void>((done) => hook.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`;
    const config = { handOvers: { webhook: { url, secret: `whsec_${Buffer.alloc(24, 3).toString('base64')}` } } };
    const li = aCustomer({
      externalId: 'li',
      name: '李明',
      locale: 'zh-CN',
      phone: phone(20),
      timeZone: 'Asia/Shanghai',
    });
    forewarn = await incidentWith([...customers(4), li], { config });
    await forewarn.planAndSend();
    await forewarn.api.put('/v1/incidents/1/explanations/zh', ZH);
    const tokens = forewarn.daemon.app.get(TokenStore);
    const bot = new ApiClient(forewarn.url, await tokens.create({ name: 'chat bot', role: 'bot' }));
    const agent = new ApiClient(forewarn.url, await tokens.create({ name: 'wang', role: 'agent' }));

    // On chat: the question is a contact, and the answer comes from what hit this customer.
    const words = '用信用卡付款一直失败';
    const contact = await bot.post('/v1/contacts', {
      channel: 'chat',
      customer: 'li',
      externalId: 'conv-7',
      text: words,
    });
    expect(contact).toMatchObject({ status: 201, body: { incidentId: '1', matchedBy: 'hit', asked: 1, earlier: [] } });
    const matched = (await bot.post('/v1/bot/match', { text: words, customer: 'li' })).body as Matched;
    expect(matched).toMatchObject({ customer: 'known', match: 'confident' });
    const [answer] = matched.items;
    expect(answer).toMatchObject({
      incidentId: '1',
      hit: true,
      locale: 'zh',
      title: ZH.title,
      workaround: ZH.workaround,
    });
    expect(answer?.body).toContain('您没有被扣款');
    expect(answer?.told).toMatchObject([{ channel: expect.any(String) }]);

    // It did not help: the outcome is reported, and a person gets all of it.
    const outcome = await bot.post('/v1/bot/outcomes', { answerId: answer?.answerId, outcome: 'not' });
    expect(outcome.status).toBeLessThan(300);
    const { id } = contact.body as { id: string };
    const asked = { contactId: id, channel: 'chat', reason: 'notHelped' };
    const handed = await bot.post('/v1/hand-overs', asked);
    expect(handed).toMatchObject({ status: 201, body: { incidentId: '1', state: 'open' } });
    expect((handed.body as { line: string }).line).toMatch(/人工/);
    await forewarn.runStage('hand-over');
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      type: 'handover.created',
      data: {
        reason: 'notHelped',
        text: words,
        contact: { channel: 'chat', externalId: 'conv-7' },
        context: {
          customer: { externalId: 'li', name: '李明' },
          incidents: [{ incidentId: '1', concern: 'hit', explanation: { locale: 'zh', title: ZH.title } }],
          messages: [{ incidentId: '1', kind: 'notice' }],
          contacts: [{ channel: 'chat', text: words }],
        },
      },
    });

    // Next day on the phone: the agent sees what was said and told, and that it is still open.
    forewarn.clock.advance('20h');
    const call = await agent.post('/v1/contacts', {
      channel: 'phone',
      phone: phone(20),
      externalId: 'call-1',
      text: '还是不能付款',
    });
    expect(call.body).toMatchObject({
      customer: 'known',
      incidentId: '1',
      asked: 2,
      stillOpen: true,
      earlier: [{ channel: 'chat', externalId: 'conv-7' }],
    });
    const context = await agent.get('/v1/customers/li/context');
    expect(context.body).toMatchObject({
      customer: { name: '李明' },
      contacts: [{ channel: 'phone' }, { channel: 'chat', text: words }],
      messages: [{ incidentId: '1', kind: 'notice' }],
      handOvers: [{ incidentId: '1', reason: 'notHelped', state: 'open' }],
      unresolved: [{ incidentId: '1', asked: 2, channels: expect.arrayContaining(['chat', 'phone']) }],
    });
  });
});
