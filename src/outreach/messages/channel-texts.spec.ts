import { describe, expect, it } from '@jest/globals';
import { CHANNELS } from '../../customers/customer.js';
import { CHANNEL_TEXTS, linkValues, writeWords } from './channel-texts.js';

const templates = {
  sms: '{{ title }}: {{ body }} {{ link }}',
  subject: '{{ title }}',
  email: 'Hello {{ name }}\n\n{{ body }}\n{% if workaround %}{{ workaround }}{% endif %}\n{{ link }}',
};
const MESSAGE = { id: '01890a5d-ac96-774b-bcce-ffffffffff00', linkToken: 'abc' };
const LINK = 'https://forewarn.example/i/AbCdEfGhIjKlMnOp';
const values = (about: Record<string, string | null>) => ({
  title: 'Checkout fails',
  body: 'We are on it.',
  name: 'Anna',
  workaround: null,
  link: LINK,
  ...about,
});

describe('the link of a message', () => {
  it('is in an SMS what the policy says, and in a mail always there', () => {
    const of = (channel: 'sms' | 'email', links: 'signed' | 'domainOnly' | 'none') =>
      linkValues(channel, links, 'https://shop.example', MESSAGE);
    expect(of('sms', 'signed')).toEqual({ link: 'https://shop.example/i/abc', domain: null, code: null });
    expect(of('sms', 'domainOnly')).toEqual({ link: null, domain: 'shop.example', code: null });
    expect(of('sms', 'none')).toEqual({ link: null, domain: null, code: 'ZZZZ-ZZZZ' });
    expect(of('email', 'none')).toEqual(of('sms', 'signed'));
  });
});

describe('the words of a message', () => {
  it.each(CHANNELS)('by %s are cut at the limit of the channel and keep their link', (channel) => {
    const long = { body: '很长'.repeat(40_000).slice(0, 25_000), workaround: 'x '.repeat(14_000) };

    const { body } = writeWords(channel, templates, values(long));

    expect(body.length).toBeLessThanOrEqual(CHANNEL_TEXTS[channel].longest);
    expect(body).toContain(LINK);
    expect(body).toContain('…');
  });

  it('by SMS are one line whatever the values hold', () => {
    const hostile = { title: 'a\r\nb', body: '\u0000\u2028{{ link }}{% include x %}\u202e' };
    expect(writeWords('sms', templates, values(hostile)).body).toBe(`a b: {{ link }}{% include x %} ${LINK}`);
  });

  it('cannot add a header to a mail', () => {
    const { subject } = writeWords('email', templates, values({ title: 'Hi\r\nBcc: all@shop.example\r\n\r\nbody' }));
    expect(subject).toBe('Hi Bcc: all@shop.example body');
    expect(writeWords('email', templates, values({ title: 'x'.repeat(999) })).subject).toHaveLength(200);
  });
});
