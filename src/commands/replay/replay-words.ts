import { type Replayed, type ReplayedIncident } from './replay.read-model.js';

/** Facts of a replay that its words are made of. */
export interface ReplayFacts extends Replayed {
  readonly events: number;
  /** Events that name no customer. */
  readonly nobody: number;
  /** Times of the first and the last event, epoch milliseconds. */
  readonly from: number;
  readonly to: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** The answer in a sentence or two: "You would have told 2,310 people, the first 41 minutes after it began." */
export function headline({ incidents, told, events, customers, nobody, from, to }: ReplayFacts): string {
  const span = `${count(events, 'event')} of ${count(customers, 'customer')}, ${moment(from)} to ${moment(to)}`;
  const telling = incidents.filter((one) => one.told > 0);
  const waits = telling.map(waitOf);
  if (incidents.length === 0) return `No incident would have opened (${span}).${nobodyWords(nobody, events)}`;
  if (telling.length === 0)
    return `${count(incidents.length, 'incident')} would have opened, and nobody would have been told: no policy matches (${span}).${nobodyWords(nobody, events)}`;
  const [shortest, longest] = [Math.min(...waits), Math.max(...waits)];
  const when =
    telling.length === 1
      ? `the first ${waitWords(shortest)} after it began`
      : `the first of each ${waitWords(shortest)} to ${waitWords(longest)} after it began`;
  const about = telling.length === 1 ? '' : ` about ${telling.length} incidents`;
  return `You would have told ${count(told, 'person', 'people')}${about}, ${when} (${span}).${askWords(telling)}${nobodyWords(nobody, events)}`;
}

/** One incident in a few lines. */
export function incidentWords(one: ReplayedIncident): string {
  const end = one.closedAt === null ? 'not over at the end of the events' : `over ${moment(one.closedAt.getTime())}`;
  const opened = `opened ${moment(one.openedAt.getTime())}, ${waitWords(between(one.beganAt, one.openedAt))} later`;
  const told =
    one.firstTellingAt === null
      ? 'nobody told: no policy matches it'
      : `${one.told.toLocaleString('en')} told, the first ${waitWords(waitOf(one))} after it began${one.asksFirst ? ', once a person had approved' : ''}`;
  return [
    `${one.severity.padEnd(8)} ${one.title}`,
    `         began ${moment(one.beganAt.getTime())}, ${opened}, ${end}`,
    `         ${count(one.customers, 'customer')} hit, ${told}`,
  ].join('\n');
}

/** Milliseconds from the first hit to the first word. */
function waitOf(one: ReplayedIncident): number {
  return between(one.beganAt, one.firstTellingAt ?? one.openedAt);
}

function between(from: Date, to: Date): number {
  return Math.max(0, to.getTime() - from.getTime());
}

/** Seconds below two minutes, minutes below two hours. */
function waitWords(ms: number): string {
  if (ms < 2 * MINUTE) return count(Math.ceil(ms / SECOND), 'second');
  if (ms < 120 * MINUTE) return count(Math.ceil(ms / MINUTE), 'minute');
  return `${(ms / (60 * MINUTE)).toLocaleString('en', { maximumFractionDigits: 1 })} hours`;
}

function askWords(telling: readonly ReplayedIncident[]): string {
  return telling.some(({ asksFirst }) => asksFirst)
    ? ' A person has to approve first, so that is when the question would have been there.'
    : '';
}

function nobodyWords(nobody: number, events: number): string {
  if (nobody === 0) return '';
  return ` ${nobody.toLocaleString('en')} of ${count(events, 'event')} name no customer: nobody can be told of those. Let the SDK name the user.`;
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

function moment(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
