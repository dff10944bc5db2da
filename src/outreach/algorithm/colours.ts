/** A brand's colour made readable. All values are `#rrggbb`. */
export interface Palette {
  /** The brand's own colour, for surfaces. */
  readonly accent: string;
  /** Text on such a surface: black or white, whichever is read better; one of the two always reaches 4.5:1. */
  readonly onAccent: string;
  /** The colour as text on a light page, made darker where it must be. */
  readonly light: string;
  /** The colour as text on a dark page, made lighter where it must be. */
  readonly dark: string;
}

/** Backgrounds of mails and pages. */
export const SURFACE = { light: '#ffffff', dark: '#1b1d21' } as const;
/** Least contrast of text, WCAG 2.2, 1.4.3 (AA). */
const READABLE = 4.5;
/** Steps from the colour to black or white. */
const STEPS = 20;

/** Makes the palette of a brand's colour, `#rgb` or `#rrggbb`. */
export function paletteOf(colour: string): Palette {
  const rgb = rgbOf(colour);
  return {
    accent: hexOf(rgb),
    onAccent: contrast(rgb, WHITE) >= contrast(rgb, BLACK) ? '#ffffff' : '#000000',
    light: hexOf(towards(rgb, BLACK, rgbOf(SURFACE.light))),
    dark: hexOf(towards(rgb, WHITE, rgbOf(SURFACE.dark))),
  };
}

/** The contrast of two colours, 1 to 21 (WCAG 2.2, "contrast ratio"). */
export function contrastOf(one: string, other: string): number {
  return contrast(rgbOf(one), rgbOf(other));
}

type Rgb = readonly [number, number, number];
const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];

/** The first colour on the way to `end` that can be read on `surface`. */
function towards(colour: Rgb, end: Rgb, surface: Rgb): Rgb {
  for (let step = 0; step <= STEPS; step++) {
    const [red, green, blue] = colour.map((part, at) => Math.round(part + ((end[at]! - part) * step) / STEPS));
    const mixed: Rgb = [red!, green!, blue!];
    if (contrast(mixed, surface) >= READABLE) return mixed;
  }
  return end;
}

function contrast(one: Rgb, other: Rgb): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** WCAG 2.2, "relative luminance". */
function luminance(colour: Rgb): number {
  const [red = 0, green = 0, blue = 0] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function rgbOf(colour: string): Rgb {
  const digits = colour.slice(1);
  const long = digits.length === 3 ? [...digits].map((one) => one + one).join('') : digits;
  const part = (at: number) => Number.parseInt(long.slice(at, at + 2), 16);
  return [part(0), part(2), part(4)];
}

function hexOf(colour: Rgb): string {
  return `#${colour.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}
