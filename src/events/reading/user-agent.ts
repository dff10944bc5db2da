import { productTrait, type TraitPair } from '../../customers/trait.js';

/** Longest header read, UTF-16 units. */
const MAX = 400;
/** Browsers by the mark that they leave, the most special first, since each names those that it is made of as well. */
const BROWSERS: readonly (readonly [name: string, mark: RegExp])[] = [
  ['Edge', /\bEdg(?:e|A|iOS)?\/(\d{1,5})/],
  ['Opera', /\bOPR\/(\d{1,5})/],
  ['Firefox', /\b(?:Firefox|FxiOS)\/(\d{1,5})/],
  ['Chrome', /\b(?:Chrome|CriOS)\/(\d{1,5})/],
  ['Safari', /\bVersion\/(\d{1,5})[\d.]* (?:Mobile\/\w+ )?Safari\//],
];
const SYSTEMS: readonly (readonly [name: string, mark: RegExp])[] = [
  ['Android', /\bAndroid (\d{1,3})/],
  ['iOS', /\b(?:iPhone )?OS (\d{1,3})_\d+(?:_\d+)? like Mac OS X/],
  ['Windows', /\bWindows NT (\d{1,3})/],
  ['Mac OS X', /\bMac OS X\b/],
  ['Linux', /\bLinux\b/],
];

/** Browser and system of a `User-Agent` header, in the spelling of the SDKs' contexts; what it does not say is left out. */
export function userAgentTraits(header: string): TraitPair[] {
  const text = header.slice(0, MAX);
  const traits: TraitPair[] = [];
  for (const [trait, kinds] of [
    ['browser', BROWSERS],
    ['os', SYSTEMS],
  ] as const) {
    const [name, match] = kinds.map(([kind, mark]) => [kind, mark.exec(text)] as const).find(([, hit]) => hit) ?? [];
    const value = productTrait(name, match?.[1]);
    if (value !== undefined) traits.push([trait, value]);
  }
  return traits;
}
