import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { hit } from '../support/story.js';
import { aCustomer } from '../support/builders.js';
import { TestDaemon } from '../support/test-daemon.js';

describe("a customer's own no", () => {
  let forewarn: TestDaemon;
  beforeEach(async () => {
    forewarn = await TestDaemon.start();
    await forewarn.know(...['c1', 'c2', 'c3'].map((externalId) => aCustomer({ externalId })));
    await hit(forewarn, ['c1', 'c2', 'c3']);
    await forewarn.planAndSend();
    const { token } = await forewarn.row<{ token: string }>(
      "SELECT link_token AS token FROM message JOIN customer_identity i USING (customer_id) WHERE i.kind = 'id' AND i.value = 'c1'",
    );
    expect((await forewarn.anyone.post(`/i/${token}/unsubscribe`)).status).toBe(200);
  });
  afterEach(() => forewarn.stop());

  const agreed = async () =>
    ((await forewarn.api.get('/v1/customers/c1')).body as { consent: { email?: boolean } }).consent.email;
  const import_ = (body: string) =>
    forewarn.api.raw('POST', '/v1/customers/import', { headers: { 'content-type': 'text/csv' }, body });

  it('outranks the next import of the same file, and the API', async () => {
    await import_('externalId,consentEmail\nc1,yes\n');
    expect(await agreed()).toBe(false);
    await forewarn.api.put('/v1/customers/c1', { consent: { email: true } });
    expect(await agreed()).toBe(false);
  });

  it('ends with a yes of a later date', async () => {
    forewarn.clock.advance('2d');
    const at = new Date(forewarn.clock.now().getTime() - 86_400_000).toISOString();
    await forewarn.api.put('/v1/customers/c1', { consent: { email: { granted: true, at } } });
    expect(await agreed()).toBe(true);
  });

  it('stays where the yes is of an earlier date', async () => {
    const at = new Date(forewarn.clock.now().getTime() - 86_400_000).toISOString();
    await forewarn.api.put('/v1/customers/c1', { consent: { email: { granted: true, at } } });
    expect(await agreed()).toBe(false);
  });

  it('cannot be outdone by a date to come', async () => {
    const at = new Date(forewarn.clock.now().getTime() + 86_400_000).toISOString();
    const answer = await forewarn.api.put('/v1/customers/c1', { consent: { email: { granted: true, at } } });
    expect(answer.status).toBe(400);
    expect(JSON.stringify(answer.body)).toContain('lies in the future');
    expect(await agreed()).toBe(false);
  });
});
