import { describe, expect, it } from '@jest/globals';
import { brandWith } from '../../projects/brand.js';
import { paletteOf } from '../algorithm/colours.js';
import { type MailParts, mailHtml } from './mail-html.js';

const LINK = 'https://forewarn.example/i/AbCdEfGhIjKlMnOp';
const brand = brandWith({ logo: 'https://shop.example/logo.png', help: 'https://shop.example/help' }, 'Shop');
const mail = (about: Partial<MailParts> = {}): MailParts => ({
  locale: 'en',
  subject: 'Shop: checkout is not working as it should',
  text: `Hello Anna,\n\nPaying by card fails.\n\nIn the meantime: pay by bank transfer\n\nSee the current state: ${LINK}\n\nYou ran into it.\n\nStop: ${LINK}/unsubscribe\n\nHelp: https://shop.example/help`,
  link: LINK,
  unsubscribe: `${LINK}/unsubscribe`,
  workaround: 'pay by bank transfer',
  reason: 'You ran into it.',
  open: 'See the current state',
  brand,
  palette: paletteOf('#0a7'),
  ...about,
});
const NASTY = `<script>alert(1)</script><img src=x onerror=alert(1)>" onmouseover="x" '><style>*{}</style>{{ link }}&`;

describe('the HTML of a mail', () => {
  it('says what the text says, with a button for the link', () => {
    const html = mailHtml(mail());
    for (const words of ['Hello Anna,', 'Paying by card fails.', 'pay by bank transfer', 'You ran into it.'])
      expect(html).toContain(words);
    expect(html).toMatch(new RegExp(`<a href="${LINK}"[^>]*>See the current state</a>`));
    expect(html).toMatch(new RegExp(`<a href="${LINK}/unsubscribe"[^>]*>Stop</a>`));
    expect(html).toMatch(/<a href="https:\/\/shop\.example\/help"[^>]*>Help<\/a>/);
  });

  it('shows the beginning of the words beside the subject, not the greeting', () => {
    expect(/mso-hide:all">([^&]*)/.exec(mailHtml(mail()))?.[1]).toBe('Paying by card fails.');
  });

  it('loads nothing but the logo, and runs nothing', () => {
    const html = mailHtml(mail());
    expect([...html.matchAll(/(?:src|background)="([^"]+)"|url\(/g)].map(([, from]) => from)).toEqual([brand.logo]);
    expect(html).not.toMatch(/<script|<link|<iframe|<form|@import/);
    expect(mailHtml(mail({ brand: brandWith({}, 'Shop') }))).not.toMatch(/<img|src=/);
  });

  it('knows dark mode, and has a table of fixed width for old Outlook', () => {
    const html = mailHtml(mail());
    expect(html).toContain('prefers-color-scheme:dark');
    expect(html).toContain('<!--[if mso]><table role="presentation" width="560"');
  });

  it.each(['subject', 'workaround', 'reason', 'name', 'text'] as const)('holds no markup out of the %s', (place) => {
    const dirty = {
      subject: mail({ subject: NASTY }),
      workaround: mail({ workaround: NASTY, text: `Hello,\n\nDo: ${NASTY}\n\n${LINK}` }),
      reason: mail({ reason: NASTY, text: `Hello,\n\n${LINK}\n\n${NASTY}` }),
      name: mail({ brand: brandWith({ logo: 'https://shop.example/l.png' }, NASTY) }),
      text: mail({ text: `Hello ${NASTY},\n\n${NASTY}\n\n${NASTY}: ${LINK}` }),
    }[place];
    const html = mailHtml(dirty);
    expect(html).not.toMatch(/<script|<img src=x|<style>\*|" onmouseover/);
    expect(html).toContain('&lt;script&gt;');
  });

  it('stays far below 100 KB, beyond which Gmail hides the end', () => {
    const long = mailHtml(mail({ text: `Hello,\n\n${'付款失败'.repeat(7000)}\n\n${LINK}` }));
    expect(Buffer.byteLength(mailHtml(mail()))).toBeLessThan(12_000);
    expect(Buffer.byteLength(long)).toBeLessThan(100_000);
  });
});
