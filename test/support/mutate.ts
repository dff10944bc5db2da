/**
 * Seeded mutations of request bodies for fuzzing intake: the same seed always makes the same bodies, so that a failure can
 * be repeated from its number.
 */

/** A pseudo-random number generator (mulberry32): each call gives a number in [0, 1). */
export type Random = () => number;

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number in [0, limit). */
export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

/** One member of a list. */
export function pick<T>(random: Random, list: readonly T[]): T {
  return list[below(random, list.length)]!;
}

type Mutation = (body: Buffer, random: Random) => Buffer;

/** Every kind of damage, by name. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  truncation: (body, random) => body.subarray(0, below(random, body.length)),
  bitFlips: (body, random) => {
    const out = Buffer.from(body);
    for (let i = 0; i < 1 + below(random, 16) && out.length > 0; i++) {
      const at = below(random, out.length);
      out[at] = out[at]! ^ (1 << below(random, 8));
    }
    return out;
  },
  cut: (body, random) => {
    const from = below(random, body.length);
    return Buffer.concat([body.subarray(0, from), body.subarray(from + below(random, 200))]);
  },
  repeat: (body, random) => {
    const from = below(random, body.length);
    const part = body.subarray(from, from + below(random, 500));
    return insert(body, Buffer.concat(Array.from({ length: 1 + below(random, 50) }, () => part)), random);
  },
  wrongLength: (body, random) => {
    const lengths = [
      '0',
      '-1',
      '1',
      '99999999999',
      '1e9',
      '"7"',
      'null',
      '1.5',
      String(below(random, body.length * 2)),
    ];
    const text = body.toString('latin1');
    const length = `"length":${pick(random, lengths)}`;
    const changed = text.includes('"length":')
      ? text.replace(/"length":\d+/, length)
      : text.replace('{"type":', `{${length},"type":`);
    return Buffer.from(changed, 'latin1');
  },
  newlines: (body, random) =>
    insert(body, Buffer.from(pick(random, ['\n', '\n\n', '\r\n', '\n{}\n', '\0', '\n\n\n\n'])), random),
  deepNesting: (body, random) => {
    const depth = pick(random, [100, 10_000, 100_000]);
    const [open, close] = pick(random, [
      ['[', ']'],
      ['{"a":', '}'],
      ['[[{"values":', '}]]'],
    ] as const);
    return intoValue(body, open.repeat(depth) + '1' + (random() < 0.7 ? close.repeat(depth) : ''), random);
  },
  hugeString: (body, random) =>
    intoValue(body, JSON.stringify(pick(random, ['x', 'a@', 'at f (', '\u0000', '1 ', '{"']).repeat(100_000)), random),
  wrongType: (body, random) => intoValue(body, pick(random, WRONG_VALUES), random),
  invalidUtf8: (body, random) =>
    insert(body, Buffer.from(pick(random, ['ff', 'c080', 'eda080', 'f8888080', '80', 'e282']), 'hex'), random),
  loneSurrogates: (body, random) => intoValue(body, pick(random, ['"\\ud800"', '"\\udc00x\\u0000"']), random),
  prototypeKeys: (body, random) => {
    const key = pick(random, ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty']);
    const value = pick(random, ['{"polluted":true}', '{"prototype":{"polluted":true}}', 'null', '"x"', '[]']);
    const at = nextOf(body, '{', random);
    return splice(body, at + 1, at + 1, `"${key}":${value},`);
  },
};

const WRONG_VALUES = [
  'null',
  'true',
  '-1',
  '1e400',
  '""',
  '[]',
  '{}',
  '[null]',
  '[[[]]]',
  '{"values":null}',
  '{"frames":7}',
  '0.1',
];

/** A damaged copy of `body`, by one to three mutations, with their names for the failure message. */
export function mutate(body: Buffer, random: Random): { body: Buffer; kinds: string[] } {
  const kinds = Array.from({ length: 1 + below(random, 3) }, () => pick(random, Object.keys(MUTATIONS)));
  let out = body;
  for (const kind of kinds) if (out.length > 0) out = MUTATIONS[kind]!(out, random);
  return { body: out, kinds };
}

function insert(body: Buffer, part: Buffer, random: Random): Buffer {
  const at = below(random, body.length + 1);
  return Buffer.concat([body.subarray(0, at), part, body.subarray(at)]);
}

/** Puts JSON text in place of the scalar after a colon, so that the body often stays valid JSON. */
function intoValue(body: Buffer, json: string, random: Random): Buffer {
  const at = nextOf(body, ':', random) + 1;
  let end = at;
  while (end < body.length && !',}]\n'.includes(String.fromCharCode(body[end]!))) end++;
  return splice(body, at, end, json);
}

/** Where a character stands next after a random place, or else first, or else 0. */
function nextOf(body: Buffer, character: string, random: Random): number {
  const after = body.indexOf(character, below(random, body.length));
  return Math.max(after < 0 ? body.indexOf(character) : after, 0);
}

function splice(body: Buffer, from: number, to: number, part: string): Buffer {
  return Buffer.concat([body.subarray(0, from), Buffer.from(part), body.subarray(to)]);
}
