import { describe, expect, it } from '@jest/globals';
import { DKIM_HEADER_FIELDS, domainOf, isBareAddress, listHeaders, messageIdHeader } from './mail-headers.js';

describe('a recipient', () => {
  it.each(['ana@customer.example', "o'brien+shop@mail.customer.example", 'josé@customer.example', 'ana@客户.example'])(
    'can be %s',
    (address) => expect(isBareAddress(address)).toBe(true),
  );

  it.each([
    'a@b.example,c@d.example',
    'a@b.example; c@d.example',
    'Ana <a@b.example>',
    'a@b.example\r\nBcc: c@d.example',
    'a@b@c.example',
    '"a b"@c.example',
    'list: a@b.example;',
    '@b.example',
    'a@',
    '',
  ])('cannot be %j', (address) => expect(isBareAddress(address)).toBe(false));
});

describe('the sender', () => {
  it('ends our Message-IDs with its domain', () => {
    expect(domainOf('Shop <help@Shop.example>')).toBe('shop.example');
    expect(domainOf('help@shop.example')).toBe('shop.example');
    expect(domainOf('Shop')).toBeUndefined();
    expect(messageIdHeader('0195', 'shop.example')).toBe('<0195@shop.example>');
  });
});

describe('the headers of a mail', () => {
  it('offer one-click unsubscribe only where there is an address for it', () => {
    expect(listHeaders('de')).toEqual({ 'Auto-Submitted': 'auto-generated', 'Content-Language': 'de' });
    expect(listHeaders('de', 'https://forewarn.example/u/x')).toMatchObject({
      'List-Unsubscribe': '<https://forewarn.example/u/x>',
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
    });
  });

  it('hold no character that could end the address early', () => {
    const { 'List-Unsubscribe': value } = listHeaders('de', 'https://forewarn.example/u/x?a=>\n<b');
    expect(value).toMatch(/^<[^<>\s]+>$/);
  });

  it('are covered by the signature', () => {
    const covered = DKIM_HEADER_FIELDS.split(':');
    for (const name of ['From', ...Object.keys(listHeaders('de', 'https://forewarn.example/u/x'))]) {
      expect(covered).toContain(name);
    }
  });
});
