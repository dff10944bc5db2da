import { afterEach, describe, expect, it } from '@jest/globals';
import { anotherEvent } from '../support/builders.js';
import { startOutside } from '../support/outside.js';
import { customers, hit, incidentWith } from '../support/story.js';

const BRAND = {
  name: 'Shop & Co',
  colour: '#0a7',
  logo: 'https://shop.example/logo.png',
  help: 'https://shop.example/help',
  replyTo: 'care@shop.example',
  address: '1 High Street\nLondon',
};

describe('a mail', () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  async function told(about: object = {}, projects: object = { brand: BRAND }) {
    const outside = await startOutside();
    const forewarn = await incidentWith(customers(1, about), {
      env: outside.env,
      config: { projects: [{ slug: 'shop', name: 'Shop', ...projects }], locales: ['en', 'zh', 'zh-Hant'] },
    });
    ends.push(
      () => forewarn.stop(),
      () => outside.stop(),
    );
    await forewarn.planAndSend();
    const mails = () => outside.smtp.sentTo('c1@customers.example').map(({ parsed }) => parsed);
    return { forewarn, mails };
  }

  it('has the brand of its project in text and HTML, and answers go to its address', async () => {
    const { mails } = await told();
    const [mail] = mails();

    expect(mail?.replyTo?.text).toBe('care@shop.example');
    expect(mail?.subject).toMatch(/^Shop & Co: /);
    expect(mail?.text).toMatch(/Help: https:\/\/shop\.example\/help\n\nShop & Co\n1 High Street\nLondon\s*$/);
    expect(mail?.html).toContain('<img src="https://shop.example/logo.png" alt="Shop &amp; Co"');
    expect(mail?.html).toContain('#00aa77');
  });

  it('says why it came and how to stop it, also without a brand', async () => {
    const { mails } = await told({}, {});
    for (const words of [mails()[0]?.text, mails()[0]?.html as string]) {
      expect(words).toMatch(/You are receiving this message because you ran into this problem/);
      expect(words).toMatch(/Stop getting messages like this/);
      expect(words).toMatch(/\/i\/[\w-]{16}\/unsubscribe/);
    }
  });

  it.each([
    ['<b>Eve</b>', null],
    ['Eve http://evil.example', null],
    ['Ann "O\'Neill" & Sons', 'Ann &quot;O&#39;Neill&quot; &amp; Sons'],
  ])('greets %j without its markup', async (name, shown) => {
    const { mails } = await told({ name });
    const html = String(mails()[0]?.html);
    expect(html).not.toContain('<b>Eve');
    expect(html).not.toContain('evil.example');
    expect(html).toContain(shown === null ? 'Hello,' : `Hello ${shown},`);
  });

  it.each([
    ['en-GB', /\d{1,2} \w{3} \d{4}, \d\d:\d\d/],
    ['en-US', /\w{3} \d{1,2}, \d{4}, \d{1,2}:\d\d [AP]M/],
    ['zh-TW', /自\d{4}年\d{1,2}月\d{1,2}日.*部分客戶/],
    ['zh-CN', /自\d{4}年\d{1,2}月\d{1,2}日.*部分客户/],
  ])('for %s has dates and words of there', async (locale, dates) => {
    const { mails } = await told({ locale });
    expect(mails()[0]?.text).toMatch(dates);
  });

  it('about the end stands in the thread of its notice, and says what is still wrong for this customer', async () => {
    const { forewarn, mails } = await told();
    forewarn.clock.advance('3h');
    await hit(forewarn, ['c1'], anotherEvent);
    await forewarn.plan();
    await forewarn.api.patch('/v1/incidents/2', { area: 'search' });
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });
    await forewarn.planAndSend();
    const notice = mails()[0];
    const fixed = mails().find(({ subject }) => subject?.startsWith('Fixed: '));

    expect(fixed?.inReplyTo).toBe(notice?.messageId);
    expect([fixed?.references].flat()).toEqual([notice?.messageId]);
    expect(notice?.inReplyTo).toBeUndefined();
    expect(fixed?.text).toMatch(/The problem with the app that began on .* was fixed on /);
    expect(fixed?.text).toMatch(/Another problem that affects you is not fixed yet.*search/);
    expect(fixed?.text).not.toMatch(/everything|works again/i);
  });
});
