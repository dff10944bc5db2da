import { type Difference, type Group, pooledDifference, requiredHeldOut } from './difference.js';

/** Counts of one incident: customers by the arm that they were put into, whatever became of the message. */
export interface IncidentCounts {
  readonly incidentId: number;
  readonly told: Group;
  /** Customers whom chance held out; none where nobody was. */
  readonly heldOut: Group;
  /** Customers who were really sent a message, by contacts in as much time before it as after it. */
  readonly before: Group;
  readonly after: Group;
}

/** How contacts avoided were measured: against customers held out, against the time before, or not at all. */
export const DEFLECTION_METHODS = ['heldOut', 'beforeAfter', 'none'] as const;
export type DeflectionMethod = (typeof DEFLECTION_METHODS)[number];

/** Whether telling helped, as far as it is known. */
export interface Deflection {
  readonly told: Group;
  readonly heldOut: Group | null;
  readonly method: DeflectionMethod;
  readonly avoided: { readonly perHundred: number; readonly interval: readonly [number, number] } | null;
  /** Customers to hold out in order to see halved contacts; null where no rate is known. */
  readonly requiredHeldOut: number | null;
  readonly words: string;
  readonly warning: string | null;
}

const NO_HOLD_OUT =
  'Nobody was held out, so this compares the time before a message with the time after it. Contacts fall by themselves as a fault goes by; take it for no proof, and set holdOut in the policy.';
const FEW_HELD_OUT = 'Fewer customers were held out than a halved number of contacts needs to be seen.';

/**
 * Contacts that telling avoided, over incidents. By intention to treat: everybody counts in the arm that chance put them into, told or held out,
 * whether the message reached them or not; anything else would compare people who differ.
 */
export function deflectionOf(incidents: readonly IncidentCounts[], hours: number): Deflection {
  const told = sumOf(incidents.map((one) => one.told));
  const heldOut = sumOf(incidents.map((one) => one.heldOut));
  const against = pooledDifference(incidents.map((one) => ({ told: one.told, untold: one.heldOut })));
  if (against) {
    const required = requiredHeldOut(heldOut, told.customers / heldOut.customers) ?? null;
    const isFew = required === null || heldOut.customers < required;
    return {
      ...{ told, heldOut, method: 'heldOut', requiredHeldOut: required },
      avoided: shown(against),
      words: wordsOf(against, `customers held out, within ${hours} h`),
      warning: isFew ? FEW_HELD_OUT : null,
    };
  }
  const none = { told, heldOut: null, requiredHeldOut: requiredHeldOut(told, 9) ?? null };
  const before = pooledDifference(incidents.map((one) => ({ told: one.after, untold: one.before })));
  if (before === undefined)
    return { ...none, method: 'none', avoided: null, words: 'Nobody was told yet.', warning: NO_HOLD_OUT };
  return {
    ...none,
    method: 'beforeAfter',
    avoided: shown(before),
    words: wordsOf(before, `the ${hours} h before the message`),
    warning: NO_HOLD_OUT,
  };
}

function sumOf(groups: readonly Group[]): Group {
  return groups.reduce(
    (sum, one) => ({ customers: sum.customers + one.customers, contacts: sum.contacts + one.contacts }),
    { customers: 0, contacts: 0 },
  );
}

function shown({ value, low, high }: Difference): NonNullable<Deflection['avoided']> {
  return { perHundred: perHundred(value), interval: [perHundred(low), perHundred(high)] };
}

function perHundred(share: number): number {
  return Number((share * 100).toFixed(2)) + 0;
}

function wordsOf(difference: Difference, against: string): string {
  const { perHundred: avoided, interval } = shown(difference);
  const range = `95 % interval ${interval[0]} to ${interval[1]}`;
  if (interval[0] > 0)
    return `${avoided} contacts avoided per hundred customers told, compared with ${against} (${range}).`;
  if (interval[1] < 0)
    return `${-avoided} contacts more per hundred customers told, compared with ${against} (${range}).`;
  return `No difference can be seen: ${avoided} contacts avoided per hundred customers told, compared with ${against} (${range}).`;
}
