/** Customers of a group, and how many of them made contact. */
export interface Group {
  readonly customers: number;
  readonly contacts: number;
}

/** Contacts avoided as a share of customers, with its 95 % interval. */
export interface Difference {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Normal quantile of a two-sided interval of 95 %, and of a power of 80 %. */
const Z = 1.959_963_985;
const Z_POWER = 0.841_621_234;

/** Wilson's score interval of a proportion (Wilson 1927): it holds for few customers and for none or all of them. */
function wilson({ customers, contacts }: Group): { low: number; high: number } {
  const share = contacts / customers;
  const square = Z ** 2 / customers;
  const middle = share + square / 2;
  const reach = Z * Math.sqrt((share * (1 - share)) / customers + square / (4 * customers));
  return { low: (middle - reach) / (1 + square), high: (middle + reach) / (1 + square) };
}

/**
 * Share of contacts without us minus that with us: positive where telling avoided some. The interval is Newcombe's hybrid score interval (Statistics
 * in Medicine 17, 1998, method 10), which keeps its coverage for small groups and rare contacts.
 */
export function differenceOf(told: Group, untold: Group): Difference | undefined {
  if (told.customers === 0 || untold.customers === 0) return undefined;
  const [a, b] = [untold.contacts / untold.customers, told.contacts / told.customers];
  const [of, from] = [wilson(untold), wilson(told)];
  const value = a - b;
  return {
    value,
    low: value - Math.hypot(a - of.low, from.high - b),
    high: value + Math.hypot(of.high - a, b - from.low),
  };
}

/**
 * The difference over several incidents, each compared within itself, so that incidents of unlike size and share held out do not mix: weights
 * of Mantel and Haenszel, intervals put together by the distances of each (MOVER; Zou and Donner, Statistics in Medicine 27, 2008).
 */
export function pooledDifference(
  pairs: readonly { readonly told: Group; readonly untold: Group }[],
): Difference | undefined {
  const parts = pairs.flatMap(({ told, untold }) => {
    const difference = differenceOf(told, untold);
    const weight = (told.customers * untold.customers) / (told.customers + untold.customers);
    return difference ? [{ ...difference, weight }] : [];
  });
  const all = parts.reduce((sum, { weight }) => sum + weight, 0);
  if (all === 0) return undefined;
  const value = parts.reduce((sum, one) => sum + (one.weight / all) * one.value, 0);
  const reach = (side: 'low' | 'high') =>
    Math.sqrt(parts.reduce((sum, one) => sum + ((one.weight / all) * (one.value - one[side])) ** 2, 0));
  return { value, low: value - reach('low'), high: value + reach('high') };
}

/**
 * Customers to hold out in order to see with a power of 80 % that contacts are halved (two-sided test of two proportions at 5 %); undefined without
 * any contact, from which no rate is known.
 * @param ratio customers told for each one held out
 */
export function requiredHeldOut({ customers, contacts }: Group, ratio: number): number | undefined {
  if (customers === 0 || contacts === 0 || ratio <= 0) return undefined;
  const without = contacts / customers;
  const withUs = without / 2;
  const mean = (without + ratio * withUs) / (1 + ratio);
  const chance = Z * Math.sqrt(mean * (1 - mean) * (1 + 1 / ratio));
  const power = Z_POWER * Math.sqrt(without * (1 - without) + (withUs * (1 - withUs)) / ratio);
  return Math.ceil(((chance + power) / (without - withUs)) ** 2);
}
