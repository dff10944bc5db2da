import { afterEach, describe, expect, it } from '@jest/globals';
import { anEvent, anotherEvent } from '../support/builders.js';
import { TestDaemon } from '../support/test-daemon.js';

describe('an event that cannot be digested', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  const cursed = () => anEvent({ message: 'password=tr0ub4dor', customer: 'cursed' });
  const curse = () => forewarn.rows("ALTER TABLE customer_identity ADD CONSTRAINT no_curse CHECK (value <> 'cursed')");
  const list = async () =>
    ((await forewarn.api.get('/v1/intake/poison')).body as { items: Record<string, unknown>[] }).items;

  it('is set aside, and those beside it are committed', async () => {
    forewarn = await TestDaemon.start();
    await curse();
    const event = cursed();

    expect(await forewarn.send(anEvent(), event, anotherEvent())).toMatchObject({ accepted: 2, invalid: 1 });
    expect(await forewarn.send(event)).toMatchObject({ duplicate: 1 });

    const eventId = event.id?.replaceAll('-', '');
    expect(await list()).toMatchObject([{ project: 'shop', eventId, attempts: 1 }]);
    expect(String((await list())[0]?.['reason'])).toMatch(/^23514 .*no_curse/);
    expect(await forewarn.rows('SELECT count(*) AS n FROM event_seen')).toEqual([{ n: 2 }]);
  });

  it('is kept without its secrets', async () => {
    forewarn = await TestDaemon.start();
    await curse();
    await forewarn.send(cursed());

    const { body } = await forewarn.row<{ body: Buffer }>('SELECT body FROM poison_event');

    expect(body.toString()).toContain('applyCoupon');
    expect(body.toString()).not.toContain('tr0ub4dor');
  });

  it('ends in one outcome, before and after it is replayed', async () => {
    forewarn = await TestDaemon.start();
    await curse();
    await forewarn.send(cursed());
    const [poison] = await list();
    const replay = () => forewarn.api.post(`/v1/intake/poison/${String(poison?.['id'])}/replay`);

    expect((await replay()).status).toBe(409);
    expect(await list()).toMatchObject([{ attempts: 2 }]);
    await forewarn.rows('ALTER TABLE customer_identity DROP CONSTRAINT no_curse');
    expect(await replay()).toMatchObject({ status: 200, body: { outcomes: ['accepted'] } });
    expect((await replay()).status).toBe(404);

    const outcomes = 'SELECT outcome, sum(count)::bigint AS n FROM intake_outcome GROUP BY 1 HAVING sum(count) <> 0';
    expect(await forewarn.rows(outcomes)).toEqual([{ outcome: 'accepted', n: 1 }]);
    expect(await list()).toEqual([]);
  });

  it('stays with the app when the fault is not its own', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.rows('ALTER TABLE event_seen RENAME TO event_gone');

    await expect(forewarn.send(anEvent())).rejects.toThrow('503');

    await forewarn.rows('ALTER TABLE event_gone RENAME TO event_seen');
    expect(await list()).toEqual([]);
    expect(await forewarn.send(anEvent())).toMatchObject({ accepted: 1 });
  });
});
