// Customers with traits, and a fault whose cause is known: what bench:localize asks the search for causes.
import { type ActiveCustomers } from '../src/audience/algorithm/causes.v1.js';
import { type CodedColumn } from '../src/audience/algorithm/coded-rows.js';

/** Parameters of a world. */
export interface WorldShape {
  readonly customers: number;
  readonly traits: number;
  /** Of the traits, those that repeat another one for 70 to 90 % of the customers. */
  readonly copies: number;
  /** Customers whom the fault has hit by now. */
  readonly affected: number;
  /** Share of the affected who were hit by something else. */
  readonly stray: number;
  /** Traits that the fault needs together; 0 for a fault that is tied to nothing. */
  readonly causeTraits: number;
}

/** A world: the customers as the product sees them now, the true cause, and who is hit in as much time again. */
export interface World extends ActiveCustomers {
  /** `t03=v1&t17=v0`, empty for none. */
  readonly cause: string;
  readonly hitNext: Uint8Array;
  /** Customers in the order in which they were hit. */
  readonly order: readonly number[];
}

type Chance = () => number;

/** mulberry32: a small seeded generator, numbers from 0 to 1. */
export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Makes a world. The first trait is the release, of which three in five customers have the newest. */
export function makeWorld(shape: WorldShape, seed: number): World {
  const chance = chanceOf(seed);
  const columns = makeTraits(shape, chance);
  const rows = { size: shape.customers, columns };
  if (shape.causeTraits === 0) {
    const order = pick(range(shape.customers), shape.affected, chance);
    return { rows, ...hitsOf(shape, order, () => shape.affected / shape.customers, chance), cause: '' };
  }
  const { cause, exposed } = pickCause(shape, columns, chance);
  const strays = Math.round(shape.affected * shape.stray);
  const caused = pick(exposed, shape.affected - strays, chance);
  const inside = new Set(exposed);
  const outside = pick(
    range(shape.customers).filter((row) => !inside.has(row)),
    strays,
    chance,
  );
  const order = pick([...caused, ...outside], shape.affected, chance);
  const rate = caused.length / exposed.length;
  const strayRate = strays / (shape.customers - exposed.length);
  return { rows, ...hitsOf(shape, order, (row) => (inside.has(row) ? rate : strayRate), chance), cause };
}

function hitsOf(shape: WorldShape, order: readonly number[], rateOf: (row: number) => number, chance: Chance) {
  const hit = new Uint8Array(shape.customers);
  for (const row of order) hit[row] = 1;
  const hitNext = hit.map((was, row) => (was === 0 && chance() < rateOf(row) ? 1 : 0));
  return { hit, hitNext, order };
}

function makeTraits({ customers, traits, copies }: WorldShape, chance: Chance): CodedColumn[] {
  const columns: CodedColumn[] = [];
  for (let index = 0; index < traits; index += 1) {
    const name = `t${String(index).padStart(2, '0')}`;
    const original = index >= traits - copies ? columns[Math.floor(chance() * (traits - copies))] : undefined;
    if (original) {
      const fidelity = 0.7 + 0.2 * chance();
      const other = drawer(original.values.length, chance);
      const codes = original.codes.map((code) => (chance() < fidelity ? code : other()));
      columns.push({ name, values: original.values, codes });
      continue;
    }
    const values = 2 + Math.floor(chance() * 9);
    const draw = index === 0 ? drawer(5, chance, 0.6) : drawer(values, chance);
    const codes = Int32Array.from({ length: customers }, draw);
    columns.push({ name, values: range(index === 0 ? 5 : values).map((code) => `v${String(code)}`), codes });
  }
  return columns;
}

/** Draws codes below `values` with uneven shares; `first` fixes the share of code 0. */
function drawer(values: number, chance: Chance, first?: number): Chance {
  const weights = range(values).map(() => 0.1 + chance());
  const rest = weights.slice(1).reduce((sum, weight) => sum + weight, 0);
  if (first !== undefined) weights[0] = (rest * first) / (1 - first);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return () => {
    let point = chance() * sum;
    for (let code = 0; code < values; code += 1) {
      point -= weights[code] ?? 0;
      if (point < 0) return code;
    }
    return values - 1;
  };
}

/** Values of different traits that 1 to 25 % of the customers have together, each alone up to 60 %. */
function pickCause(shape: WorldShape, columns: readonly CodedColumn[], chance: Chance) {
  for (;;) {
    const traits = pick(columns, shape.causeTraits, chance);
    const terms = traits.map((column) => ({ column, code: Math.floor(chance() * column.values.length) }));
    const shares = terms.map(({ column, code }) => share(column.codes, code));
    const exposed = range(shape.customers).filter((row) =>
      terms.every(({ column, code }) => column.codes[row] === code),
    );
    const size = exposed.length / shape.customers;
    // Every term has to matter: without it, the rest must match at least a third more customers.
    const needed = terms.every((_, left) => {
      const others = terms.filter((__, index) => index !== left);
      const wider = range(shape.customers).filter((row) =>
        others.every(({ column, code }) => column.codes[row] === code),
      );
      return exposed.length < wider.length * 0.75;
    });
    if (size < 0.01 || size > 0.25 || shares.some((one) => one > 0.6) || !needed) continue;
    const cause = terms.map(({ column, code }) => `${column.name}=${column.values[code] ?? ''}`);
    return { cause: cause.sort().join('&'), exposed };
  }
}

function share(codes: Int32Array, wanted: number): number {
  return codes.reduce((count, code) => count + (code === wanted ? 1 : 0), 0) / codes.length;
}

/** `count` of the items, in random order. */
function pick<T>(items: readonly T[], count: number, chance: Chance): T[] {
  const pool = [...items];
  for (let index = 0; index < count; index += 1) {
    const other = index + Math.floor(chance() * (pool.length - index));
    [pool[index], pool[other]] = [pool[other] as T, pool[index] as T];
  }
  return pool.slice(0, count);
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
