import { describe, expect, it } from '@jest/globals';
import { brandSchema, brandWith } from './brand.js';

describe('a brand', () => {
  it.each([
    [{ logo: 'http://shop.example/logo.png' }],
    [{ logo: 'https://user:secret@shop.example/logo.png' }],
    [{ help: 'javascript:alert(1)' }],
    [{ help: 'https://shop.example/"onload="x' }],
    [{ colour: 'green' }],
    [{ colour: '#12345' }],
    [{ replyTo: 'Care <care@shop.example>' }],
    [{ replyTo: 'a@shop.example,b@shop.example' }],
    [{ name: 'Shop\u0000' }],
    [{ color: '#0a7' }],
  ])('cannot be %j', (brand) => {
    expect(brandSchema.safeParse(brand).success).toBe(false);
  });

  it('is plain where nothing is set', () => {
    expect(brandWith(brandSchema.parse({}), 'Shop')).toMatchObject({ name: 'Shop', logo: null, help: null });
  });
});
