const DAY = 86_400_000;
/** Days of use that are kept, one bit each, the lowest for the day of the last use: more do not fit into a number. */
export const KEPT_DAYS = 52;
/** Days that are compared with what is usual before them; a week, since most use has one. */
const RECENT_DAYS = 7;
/** Days after which a day counts half for what is usual, and days of use from which on anything is. */
const USUAL_HALF_LIFE = 14;
const USUAL_FROM = 14;
/** Days after which a hit counts half. */
const HIT_HALF_LIFE = 7;
/** Points of 100 that each part can cost at most, and what they are worth singly. All by judgement: the calibration of the API says how well they do. */
const MOST = { hits: 60, contacts: 30, use: 40 };
const SEVERITY_WEIGHT = [1, 1, 2, 4];
const HITS_SCALE = 6;
const POINTS_A_CONTACT = 20;
/** Negative decimal logarithm of a chance at which falling off costs all its points: once in a thousand. */
const SURE = 3;
/** Points of `parts.use` from which on use has fallen off: a week like it comes by chance once in twenty. By judgement. */
export const FALLEN_OFF = Math.round((MOST.use * -Math.log10(0.05)) / SURE);
/** Those who come rarely or lately leave more easily (Apteligent, The Crash and Burn Report): what hits cost them, times. */
const LOOSE = 1.5;

/** Bands of health, the worst first. */
export const HEALTH_BANDS = ['poor', 'fair', 'good'] as const;
export type HealthBand = (typeof HEALTH_BANDS)[number];
const POOR_BELOW = 50;
const FAIR_BELOW = 75;

/** Facts about a customer; times in epoch milliseconds. */
export interface HealthFacts {
  /** Recent hits, one an issue; `severity` 1 (minor) to 3 (critical). */
  readonly hits: readonly { readonly severity: number; readonly lastAt: number; readonly events: number }[];
  /** Times that they contacted us lately without an end to it. */
  readonly contacts: number;
  /** When they last used the app, and on which of the days before; undefined where apps do not say. */
  readonly use: { readonly lastAt: number; readonly days: number } | undefined;
}

/** How a customer is doing: 100 is well; `parts` are the points taken off. */
export interface Health {
  readonly score: number;
  readonly band: HealthBand;
  readonly parts: { readonly hits: number; readonly contacts: number; readonly use: number };
  /** Days of use in the last week, and how many would be usual; null where nobody can say. */
  readonly activeDays: { readonly seen: number; readonly usual: number } | null;
}

/** Scores a customer. */
export function healthOf({ hits, contacts, use }: HealthFacts, now: number): Health {
  const active = use && activeDaysOf(use, now);
  const loose = active === undefined || active.usual < 2 ? LOOSE : 1;
  const suffered = hits.reduce((sum, one) => sum + weightOf(one, now), 0);
  const parts = {
    hits: Math.round(MOST.hits * (1 - Math.exp((-suffered * loose) / HITS_SCALE))),
    contacts: Math.min(MOST.contacts, contacts * POINTS_A_CONTACT),
    use: active && active.seen < active.usual ? fallOf(active.seen, active.usual) : 0,
  };
  const score = Math.max(0, 100 - parts.hits - parts.contacts - parts.use);
  return { score, band: bandOf(score), parts, activeDays: active ?? null };
}

/** Points for coming less often than is usual, by how unlikely that is. */
function fallOf(seen: number, usual: number): number {
  return Math.round(MOST.use * Math.min(1, -Math.log10(chanceOfAtMost(seen, usual)) / SURE));
}

function bandOf(score: number): HealthBand {
  return score < POOR_BELOW ? 'poor' : score < FAIR_BELOW ? 'fair' : 'good';
}

/** A hundred events of one issue weigh about three times as much as one. */
function weightOf({ severity, lastAt, events }: HealthFacts['hits'][number], now: number): number {
  const age = Math.max(0, now - lastAt) / DAY;
  return (SEVERITY_WEIGHT[severity] ?? 1) * (1 + Math.log10(Math.max(1, events))) * 2 ** (-age / HIT_HALF_LIFE);
}

/** Days of use in the last week, and as many as the days before it lead one to expect; undefined where those are too few. */
function activeDaysOf({ lastAt, days }: NonNullable<HealthFacts['use']>, now: number) {
  const away = Math.max(0, Math.floor(now / DAY) - Math.floor(lastAt / DAY));
  let [seen, weighted, weights, oldest] = [0, 0, 0, 0];
  for (let at = 0; at < KEPT_DAYS; at++) {
    const used = Math.floor(days / 2 ** at) % 2 === 1;
    const ago = at + away;
    if (used) oldest = ago;
    if (used && ago < RECENT_DAYS) seen++;
  }
  if (oldest < USUAL_FROM) return undefined;
  for (let ago = RECENT_DAYS; ago <= oldest; ago++) {
    const weight = 2 ** (-(ago - RECENT_DAYS) / USUAL_HALF_LIFE);
    weights += weight;
    if (ago >= away && Math.floor(days / 2 ** (ago - away)) % 2 === 1) weighted += weight;
  }
  return { seen, usual: Math.round((RECENT_DAYS * weighted * 100) / weights) / 100 };
}

/** Chance of at most `seen` where `usual` are expected, after Poisson. */
function chanceOfAtMost(seen: number, usual: number): number {
  let [term, sum] = [Math.exp(-usual), 0];
  for (let at = 0; at <= seen; at++) {
    sum += term;
    term *= usual / (at + 1);
  }
  return Math.min(1, sum);
}
