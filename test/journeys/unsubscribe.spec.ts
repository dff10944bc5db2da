import { afterEach, describe, expect, it } from '@jest/globals';
import { anotherEvent } from '../support/builders.js';
import { startOutside } from '../support/outside.js';
import { customers, hitAnew, incidentWith, told } from '../support/story.js';

describe('one-click unsubscribe', () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  it('stops the next message to that customer alone, when the mail program posts to the List-Unsubscribe address', async () => {
    const outside = await startOutside();
    const forewarn = await incidentWith(customers(2), { env: outside.env });
    ends.push(
      () => forewarn.stop(),
      () => outside.stop(),
    );
    await forewarn.planAndSend();
    const [mail] = outside.smtp.sentTo('c1@customers.example');
    const head = (mail?.raw ?? '').split('\r\n\r\n')[0]?.replace(/\r\n[ \t]+/g, ' ') ?? '';
    const url = /^List-Unsubscribe: <([^>]+)>/im.exec(head)?.[1] ?? '';
    expect(head).toMatch(/^List-Unsubscribe-Post: List-Unsubscribe=One-Click$/im);

    expect(await (await fetch(url)).text()).toMatch(/<form method="post" action="\/i\/[\w-]{16}\/unsubscribe">/);
    await hitAnew(forewarn, ['c1']);
    await forewarn.planAndSend();
    expect(outside.recipients()).toEqual(['c1@customers.example', 'c1@customers.example', 'c2@customers.example']);

    const posted = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'List-Unsubscribe=One-Click',
    });

    expect(posted.status).toBe(200);
    await forewarn.know(...customers(3).slice(2));
    const third = (about: object) => anotherEvent({ ...about, type: 'Error', message: 'no stock', stack: undefined });
    await hitAnew(forewarn, ['c1', 'c3'], third);
    await forewarn.planAndSend();
    expect(outside.smtp.sentTo('c1@customers.example')).toHaveLength(2);
    expect(outside.smtp.sentTo('c3@customers.example')).toHaveLength(1);
    expect((await told(forewarn)).slice(-2)).toEqual(['c1 notice suppressed no_consent', 'c3 notice sent']);
  });
});
