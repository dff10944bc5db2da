/** Crockford's base 32: no I, L, O or U, so that nobody mistakes or reads words into a code. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
/** Hexadecimal digits of the random end of a message's id that make its code: 40 bits, so that nobody finds one by trying. */
const HEX = 10;
const LETTERS = 8;

/** Where in the text of an id the digits of its code stand, counted from 1 as SQL does. */
export const CODE_PLACE = { from: 25, length: HEX } as const;

/** The code by which a customer can check that a message is ours: `7KQF-3M8D`. */
export function codeOf(messageId: string): string {
  let value = BigInt(`0x${messageId.slice(CODE_PLACE.from - 1, CODE_PLACE.from - 1 + HEX)}`);
  let code = '';
  for (let at = 0; at < LETTERS; at++) {
    code = DIGITS.charAt(Number(value % 32n)) + code;
    value /= 32n;
  }
  return `${code.slice(0, 4)}-${code.slice(4)}`;
}

/** Reads a code as people type it; returns the digits of the id, undefined for what is no code. */
export function readCode(typed: string): string | undefined {
  const letters = typed
    .slice(0, 40)
    .toUpperCase()
    .replace(/[\s\-–—_.]/g, '')
    .replace(/O/g, '0')
    .replace(/[IL]/g, '1');
  if (letters.length !== LETTERS || ![...letters].every((one) => DIGITS.includes(one))) return undefined;
  let value = 0n;
  for (const one of letters) value = value * 32n + BigInt(DIGITS.indexOf(one));
  return value.toString(16).padStart(HEX, '0');
}
