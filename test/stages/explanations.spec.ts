import { afterEach, describe, expect, it } from '@jest/globals';
import { aCustomer, anEvent } from '../support/builders.js';
import { TestDaemon } from '../support/test-daemon.js';

describe('draft', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  it('gives an open incident one draft in each language', async () => {
    forewarn = await openIncident();

    await forewarn.runStages('draft', 'draft');

    const { items } = (await forewarn.api.get('/v1/incidents/1/explanations')).body as { items: object[] };
    expect(items).toEqual([
      expect.objectContaining({ locale: 'en', version: 1, reviewState: 'draft', author: 'forewarn' }),
      expect.objectContaining({ locale: 'zh', version: 1, reviewState: 'draft' }),
    ]);
  });

  it('does not overwrite the text of a person', async () => {
    forewarn = await openIncident();
    const text = { title: 'Checkout fails', body: 'Since {{ since }}: paying by card fails.' };
    expect((await forewarn.api.put('/v1/incidents/1/explanations/en', text)).status).toBe(200);

    await forewarn.runStage('draft');

    const bot = (await forewarn.api.get('/v1/bot/explanations?locale=en-GB')).body as { items: { body: string }[] };
    expect(bot.items).toEqual([
      expect.objectContaining({ title: 'Checkout fails', locale: 'en', reviewState: 'approved' }),
    ]);
    expect(bot.items[0]?.body).toMatch(/^Since Mar 10, 2026, 12:00 PM UTC: /);
  });

  it('refuses a text with an unknown variable, or in a language that is not configured', async () => {
    forewarn = await openIncident();

    const wrong = await forewarn.api.put('/v1/incidents/1/explanations/en', { title: 'Hi {{ name }}', body: 'x' });
    const french = await forewarn.api.put('/v1/incidents/1/explanations/fr', { title: 'x', body: 'x' });

    expect([wrong.status, french.status]).toEqual([400, 400]);
    expect(JSON.stringify(wrong.body)).toContain('since');
  });

  it('gives bots nothing once the incident is resolved', async () => {
    forewarn = await openIncident();
    await forewarn.know(aCustomer({ externalId: 'c1', locale: 'zh-CN', timeZone: 'Asia/Shanghai' }));
    const before = (await forewarn.api.get('/v1/bot/explanations?customer=c1')).body as { items: object[] };
    expect(before.items).toEqual([expect.objectContaining({ locale: 'zh', hit: true })]);

    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });

    expect((await forewarn.api.get('/v1/bot/explanations?customer=c1')).body).toEqual({ items: [] });
  });

  async function openIncident(): Promise<TestDaemon> {
    const daemon = await TestDaemon.start();
    await daemon.send(...['c1', 'c2', 'c3'].map((customer) => anEvent({ customer })));
    await daemon.runStages('detect', 'incident-open');
    return daemon;
  }
});
