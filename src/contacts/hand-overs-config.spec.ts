import { describe, expect, it } from '@jest/globals';
import { handOversSchema } from './hand-overs-config.js';

const ZENDESK = { url: 'https://shop.zendesk.example', user: 'ops@shop.example', token: 't' };
const WEBHOOK = { url: 'https://shop.example/hook', secret: `whsec_${'A'.repeat(40)}` };

describe('the desk of hand-overs', () => {
  it('is one of them, or none', () => {
    expect(handOversSchema.safeParse({}).success).toBe(true);
    expect(handOversSchema.safeParse({ zendesk: ZENDESK }).success).toBe(true);
    expect(handOversSchema.safeParse({ webhook: WEBHOOK, zendesk: ZENDESK }).success).toBe(false);
  });

  it.each([
    ['a token that travels over plain http', { ...ZENDESK, url: 'http://desk.example' }],
    ['a user that is no address', { ...ZENDESK, user: 'ops' }],
    ['a variable that is not set', { ...ZENDESK, token: '$NOBODY_SET_THIS' }],
  ])('is refused with %s', (_name, zendesk) => {
    expect(handOversSchema.safeParse({ zendesk }).success).toBe(false);
  });
});
