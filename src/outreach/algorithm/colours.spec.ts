import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { contrastOf, paletteOf, SURFACE } from './colours.js';

describe('the palette of a brand', () => {
  it('keeps a colour that can be read as it is', () => {
    expect(paletteOf('#1f5fbf')).toMatchObject({ accent: '#1f5fbf', onAccent: '#ffffff', light: '#1f5fbf' });
    expect(paletteOf('#fd0')).toMatchObject({ accent: '#ffdd00', onAccent: '#000000', dark: '#ffdd00' });
  });

  it('is readable on every surface for every colour, 4.5:1', () => {
    const part = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(part, part, part, (...rgb) => {
        const colour = `#${rgb.map((one) => one.toString(16).padStart(2, '0')).join('')}`;
        const { accent, onAccent, light, dark } = paletteOf(colour);
        for (const [text, surface] of [
          [onAccent, accent],
          [light, SURFACE.light],
          [dark, SURFACE.dark],
        ] as const)
          expect(contrastOf(text, surface)).toBeGreaterThanOrEqual(4.5);
      }),
    );
  });
});
