import { greetingName } from './render.js';

/** Traits that customers know by their values, in the order in which they are said. */
const KNOWN = ['device', 'os', 'browser', 'release'];

/**
 * Puts what the affected share into words for customers, such as `Android 14 + 2.4.1`; null where a trait means nothing to them. Apps say
 * what the traits are, and anybody can say it for an app: a value that could be a link, or an instruction, is never passed on.
 */
export function causeWords(cause: Readonly<Record<string, string>>): string | null {
  const traits = Object.keys(cause);
  if (traits.length === 0 || !traits.every((trait) => KNOWN.includes(trait))) return null;
  const words = KNOWN.filter((trait) => traits.includes(trait)).map((trait) => plain(cause[trait] ?? ''));
  return words.every((word) => word !== null) ? words.join(' + ') : null;
}

/** Longest value that is passed on, and digits in it at least: versions and models have one, sentences have none. */
const LONGEST = 30;

function plain(value: string): string | null {
  return value.length <= LONGEST && /\d/.test(value) && !/\d{6}/.test(value) && value.split(' ').length <= 3
    ? greetingName(value)
    : null;
}
