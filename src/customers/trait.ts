import { type Trust } from '../projects/project-key.js';
import { type Identity } from './customer.js';

/** A trait's name with a value of it, such as `['os', 'Android 14']`. */
export type TraitPair = readonly [name: string, value: string];

/** Traits that somebody was seen to use. */
export interface SeenTraits {
  readonly projectId: number;
  /** The customer's id, or the names that lead to one. */
  readonly customer: number | readonly Identity[];
  /** As `traitLines` writes them. */
  readonly traits: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** How it is known; a claim if left out. */
  readonly trust?: Trust;
}

/**
 * Writes traits as lines of text, name and value in turn, '' for none: equal for equal traits in the same order, and quicker between threads than
 * a list for each. Names and values come from `traitName` and `traitValue`, which leave no line feed in them.
 */
export function traitLines(traits: readonly TraitPair[]): string {
  return traits.flat().join('\n');
}

/** Reads what `traitLines` wrote. */
export function traitPairs(lines: string): TraitPair[] {
  const texts = lines === '' ? [] : lines.split('\n');
  return texts.flatMap((value, at): TraitPair[] => (at % 2 === 1 ? [[texts[at - 1]!, value]] : []));
}

/** Traits kept of a customer and project: the newest. Half of it cuts off apps with thirty flags, double doubles the largest table. */
export const MOST_TRAITS = 64;
/** Of those, kept for traits that more than a claim tells, so that reports with a public key push out no more than the other half. */
export const VOUCHED_TRAITS = 32;
/** Longest name and value kept, UTF-16 units. */
const MAX_NAME = 64;
const MAX_VALUE = 120;
/** Longest segment of a path that may be a name; longer ones are ids. */
const MAX_SEGMENT = 40;
/** Half of a letter that was cut in two. */
const HALF = /\p{Cs}/gu;

/** One spelling of a name: lower case, without what is neither letter, digit, dot, dash nor underscore. Undefined where nothing is left. */
export function traitName(given: string): string | undefined {
  const name = given
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}._-]+/gu, '_')
    .slice(0, MAX_NAME)
    .replace(HALF, '');
  return /[\p{L}\p{N}]/u.test(name) ? name : undefined;
}

/** One spelling of a value: without control characters, blanks in a row as one. Undefined where nothing is left, and for values that may be addresses. */
export function traitValue(given: string): string | undefined {
  const value = given
    .slice(0, 4 * MAX_VALUE)
    .normalize('NFC')
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, MAX_VALUE)
    .replace(HALF, '');
  return value === '' || value.includes('@') ? undefined : value;
}

/** The feature behind a route, job or screen: segments that are ids, and what stands behind `?` or `#`, are left out, `/orders/4711?x=1` is `/orders/*`. */
export function featureName(transaction: string): string | undefined {
  const [path = ''] = transaction.slice(0, 4 * MAX_VALUE).split(/[?#]/, 1);
  return traitValue(
    path
      .split('/')
      .map((segment) => (isId(segment) ? '*' : segment))
      .join('/'),
  );
}

/** Numbers, UUIDs, hashes and tokens; `v2` and `step-1` are names. */
function isId(segment: string): boolean {
  return segment.length > MAX_SEGMENT || segment.includes('@') || /^\d+$/.test(segment) || /(?:\D*\d){4}/.test(segment);
}

/** A product with the first part of its version, `Android 14`. Undefined without a product. */
export function productTrait(name: string | undefined, version: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const major = /^\D{0,3}(\d{1,6})/.exec(version ?? '')?.[1];
  return traitValue(major === undefined ? name : `${name} ${major}`);
}
