import { type HandOverReason } from '../contact.js';
import { type ToldHandOver } from './desk.js';

/** Longest note, characters; both desks take several times as much. */
const LONGEST = 8000;
/** Entries of a list that are written out. */
const MOST = 5;

const REASONS: Readonly<Record<HandOverReason, string>> = {
  asked: 'asked for a person',
  notHelped: 'the explanation did not help',
  noAnswer: 'the bot had no answer',
  askedAgain: 'asked again about the same thing',
  other: 'handed over',
};

/** Writes for the agent who takes a hand-over, in plain text: the customer's words, what happened to them, what they were told, what is unresolved. */
export function noteOf(one: ToldHandOver): string {
  const { context } = one;
  const parts = [
    `Forewarn hand-over ${one.id}: ${nameOf(one)} ${REASONS[one.reason]} (${one.channel}).`,
    one.text === null ? undefined : `In their words: "${oneLine(one.text, 2000)}"`,
    ...section(
      'What hit them:',
      context?.incidents.map(({ incidentId, severity, area, status, concern, evidence, explanation }) => {
        const times = evidence ? `, ${evidence.events} times since ${minute(evidence.firstAt)}` : '';
        const where = area === null ? '' : ` in ${oneLine(area, 100)}`;
        const words = explanation ? `: ${oneLine(explanation.title, 200)}` : '';
        return `incident ${incidentId} (${severity}, ${status}, ${concern})${where}${times}${words}`;
      }),
    ),
    ...section(
      'Workaround:',
      context?.incidents.flatMap(({ incidentId, explanation }) =>
        explanation?.workaround ? [`incident ${incidentId}: ${oneLine(explanation.workaround, 500)}`] : [],
      ),
    ),
    ...section(
      'What we told them:',
      context?.messages.map(
        ({ incidentId, kind, channel, state, at }) =>
          `${minute(at)}: ${kind} about incident ${incidentId} by ${channel ?? 'no channel'}, ${state}`,
      ),
    ),
    ...section(
      'Contacts:',
      context?.contacts.map(({ channel, at, text }) => `${minute(at)}, ${channel}: "${oneLine(text, 300)}"`),
    ),
    ...section(
      'Unresolved:',
      context?.unresolved.map(({ words }) => words),
    ),
  ];
  const text = parts.filter((part) => part !== undefined).join('\n');
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}

/** Writes one line that names the hand-over, for a subject. */
export function subjectOf(one: ToldHandOver): string {
  const about = one.incidentId === null ? '' : ` (incident ${one.incidentId})`;
  return `${nameOf(one)}: ${REASONS[one.reason]}${about}`;
}

function nameOf({ customer }: ToldHandOver): string {
  return oneLine(customer?.name ?? customer?.externalId ?? 'A customer we do not know', 100);
}

function section(title: string, lines: readonly string[] | undefined): string[] {
  if (!lines || lines.length === 0) return [];
  const more = lines.length > MOST ? [`- and ${lines.length - MOST} more`] : [];
  return [title, ...lines.slice(0, MOST).map((line) => `- ${line}`), ...more];
}

/** UTC to the minute. */
function minute(at: Date | string): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function oneLine(text: string, most: number): string {
  const flat = text.replace(/\s+/gu, ' ').trim();
  return flat.length <= most ? flat : `${flat.slice(0, most - 1)}…`;
}
