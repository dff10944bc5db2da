import { type HandOverState } from '../contact.js';

/** Time after which a contact that fits no incident no longer counts as unresolved; by judgement, not measured. */
const FORGOTTEN_MS = 7 * 86_400_000;

/** A contact as far as it matters here. */
interface Said {
  readonly incidentId: number | null;
  readonly channel: string;
  readonly at: Date;
}

/** A hand-over as far as it matters here. */
interface Passed {
  readonly id: number;
  readonly incidentId: number | null;
  readonly state: HandOverState;
}

/** Something that a customer asked about and that is not settled. */
export interface Unresolved {
  readonly incidentId: number | null;
  readonly asked: number;
  readonly channels: readonly string[];
  readonly firstAt: Date | null;
  readonly lastAt: Date | null;
  readonly handOver: { readonly id: number; readonly state: HandOverState } | null;
  /** One line for an agent. */
  readonly words: string;
}

/** Lists what a customer asked about and is not settled: incidents that are open, hand-overs that are not closed, and late contacts that fit nothing. */
export function unresolvedOf(
  contacts: readonly Said[],
  handOvers: readonly Passed[],
  openIncidents: ReadonlySet<number>,
  now: Date,
): Unresolved[] {
  const passed = handOvers.filter(({ state }) => state !== 'closed');
  const about = new Set([...contacts, ...passed].map(({ incidentId }) => incidentId));
  return [...about].flatMap((incidentId) => {
    const own = contacts.filter(
      (one) =>
        one.incidentId === incidentId && (incidentId !== null || now.getTime() - one.at.getTime() <= FORGOTTEN_MS),
    );
    const handOver = passed.find((one) => one.incidentId === incidentId) ?? null;
    const isOpen = incidentId === null ? own.length > 0 : openIncidents.has(incidentId) && own.length > 0;
    if (!isOpen && handOver === null) return [];
    const times = own.map(({ at }) => at.getTime());
    return [
      {
        incidentId,
        asked: own.length,
        channels: [...new Set(own.map(({ channel }) => channel))],
        firstAt: times.length > 0 ? new Date(Math.min(...times)) : null,
        lastAt: times.length > 0 ? new Date(Math.max(...times)) : null,
        handOver: handOver && { id: handOver.id, state: handOver.state },
        words: wordsFor(incidentId, own.length, isOpen, handOver),
      },
    ];
  });
}

const TIMES = ['', 'once', 'twice'];

function wordsFor(incidentId: number | null, asked: number, isOpen: boolean, handOver: Passed | null): string {
  const what = incidentId === null ? 'something that fits no incident' : `incident ${incidentId}`;
  const often =
    asked === 0 ? `Has a hand-over about ${what}` : `Has asked ${TIMES[asked] ?? `${asked} times`} about ${what}`;
  const still = isOpen && incidentId !== null ? ', still open' : '';
  const passed = handOver === null ? '' : handOver.state === 'taken' ? '; a person is on it' : '; waits for a person';
  return `${often}${still}${passed}.`;
}
