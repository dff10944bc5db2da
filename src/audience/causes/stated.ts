import { type Interval } from '../algorithm/chance.v1.js';
import { type AtRisk, type Cause } from '../algorithm/causes.v1.js';

/** A cause as the API shows it. */
export interface StatedCause {
  /** Trait and value; two values of one trait are joined by a comma. */
  readonly cause: Readonly<Record<string, string>>;
  readonly text: string;
  readonly affected: number;
  readonly ofAffected: number;
  readonly active: number;
  readonly ofActive: number;
  readonly lift: number;
  readonly interval: Interval;
  readonly words: string;
}

/** Statement of who is at risk. */
export interface AtRiskStated {
  readonly size: number;
  readonly expectedHitRate: number;
  readonly interval: Interval;
}

/** Outcome of it: of those ever called at risk, and of the others, how many were hit afterwards. */
export interface Measured {
  readonly hit: number;
  readonly of: number;
  readonly restHit: number;
  readonly ofRest: number;
}

/** Findings of the last look at an incident. */
export interface FoundCauses {
  readonly computedAt: Date;
  /** Customers who were affected then. */
  readonly affected: number;
  readonly causes: readonly StatedCause[];
  readonly atRisk: AtRiskStated | null;
  readonly offeredAt: Date | null;
  readonly others: number | null;
}

/** Traits whose values say by themselves what they are, in the order in which they are said. */
const PLAIN = ['device', 'os', 'browser'];
/** Traits that are said by another word, after all others. */
const SAID = new Map([['release', 'app']]);

/** Puts a cause into the form of the API. */
export function stateCause({
  terms,
  text,
  affected,
  ofAffected,
  active,
  ofActive,
  lift,
  interval,
}: Cause): StatedCause {
  const cause: Record<string, string> = {};
  for (const { trait, value } of terms) cause[trait] = trait in cause ? `${cause[trait]}, ${value}` : value;
  const [low, high] = interval;
  const counts = {
    affected,
    ofAffected,
    active,
    ofActive,
    lift: short(lift),
    interval: [short(low), short(high)] as const,
  };
  return { cause, text, ...counts, words: inWords(terms, counts) };
}

/** Puts who is at risk into the form of the API; null stays null. */
export function stateAtRisk(atRisk: AtRisk | null, size: number): AtRiskStated | null {
  if (!atRisk) return null;
  const [low, high] = atRisk.interval;
  return {
    size,
    expectedHitRate: short(atRisk.expectedHitRate),
    interval: [short(low), short(high)],
  };
}

/** Three digits that count: what follows them is noise. */
function short(value: number): number {
  return Number(value.toPrecision(3));
}

/** `Android 14 with app 2.4.1: 61 of 64 affected, 4 % of active customers` */
function inWords(
  terms: Cause['terms'],
  { affected, ofAffected, active, ofActive }: Pick<StatedCause, 'affected' | 'ofAffected' | 'active' | 'ofActive'>,
): string {
  const rank = (trait: string) => (PLAIN.includes(trait) ? PLAIN.indexOf(trait) : SAID.has(trait) ? 99 : 50);
  const said = [...terms]
    .sort((one, other) => rank(one.trait) - rank(other.trait))
    .map(({ trait, value }) => (PLAIN.includes(trait) ? value : `${SAID.get(trait) ?? trait} ${value}`));
  const share = (active / ofActive) * 100;
  const percent = share < 1 ? 'under 1' : String(Math.round(share));
  return `${said.join(' with ')}: ${affected} of ${ofAffected} affected, ${percent} % of active customers`;
}
