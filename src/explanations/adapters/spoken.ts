import { type MatchStrength } from '../matcher.js';

/** Explanation as far as it is said, or decided by. */
interface Sayable {
  readonly answerId: string;
  readonly incidentId: string;
  readonly state: string;
  readonly hit: boolean;
  readonly reviewState: string;
  readonly locale: string;
  readonly title: string;
  readonly body: string;
  readonly workaround: string | null;
  readonly nextUpdate: string | null;
}

/** Answer of a bot that speaks by itself, and the fields by which it goes on. */
export interface Spoken {
  readonly match: MatchStrength;
  /** Words for the customer, null where there is nothing to say. */
  readonly text: string | null;
  readonly fields: Readonly<Record<string, string | boolean | null>>;
}

const NOTHING = {
  incident_id: null,
  answer_id: null,
  incident_state: null,
  incident_hit: false,
  review_state: null,
  locale: null,
};

/** Puts what fits into words, the best alone. Whoever asked gets fields to decide by, never words to search in. */
export function spoken(match: MatchStrength, [best]: readonly Sayable[]): Spoken {
  if (match === 'none' || !best) return { match: 'none', text: null, fields: { ...NOTHING, incident_match: 'none' } };
  const { body, title, workaround, nextUpdate, hit } = best;
  const parts = [match === 'possible' && !hit ? title : null, body, workaround, nextUpdate];
  return {
    match,
    text: parts.filter((part) => part !== null).join('\n'),
    fields: {
      incident_match: match,
      incident_id: best.incidentId,
      answer_id: best.answerId,
      incident_state: best.state,
      incident_hit: hit,
      review_state: best.reviewState,
      locale: best.locale,
    },
  };
}
