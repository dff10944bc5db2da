import { once } from 'node:events';
import { type CommandIo, readArguments } from '../commands/command.js';
import { messageOf } from '../platform/errors.js';
import { Api, type MessageView } from './api.js';
import { type Accounts, balance, isSent, messageTable, showBooks } from './books.js';
import { Screen } from './screen.js';
import { buildStageSet, type StageSet } from './stage-set.js';
import { Story } from './story.js';

export const HELP = `usage: npm run demo [-- --stay]

Plays the main job with a small shop: a release breaks its checkout, the customers who were hit are told, and told again
when it is fixed. Uses a fresh embedded database in a temporary folder, a free port, and the built-in outbox: nothing
leaves this machine. Takes about a minute.

  --stay   keep everything running afterwards and print where to look

Exit codes: 0 the books balance, 1 they do not or something failed, 2 wrong usage, 130 ended by Ctrl-C.
`;

/** `forewarn demo`: plays the story and checks its books; returns the exit code (see the help). */
export async function run(args: string[], { stderr }: CommandIo): Promise<number> {
  const { stay } = readArguments({ args, options: { stay: { type: 'boolean' } } }).values;
  if (!hasSentry())
    return say(
      stderr,
      'forewarn demo: the shop needs @sentry/node, which a production install leaves out. Run "npm ci" in a checkout.\n',
      1,
    );
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  try {
    return await play(stay ?? false, stop.signal);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

function hasSentry(): boolean {
  try {
    return import.meta.resolve('@sentry/node') !== '';
  } catch {
    return false; // the question was whether it can be found
  }
}

async function play(stay: boolean, signal: AbortSignal): Promise<number> {
  const screen = new Screen(process.stdout, process.env);
  screen.plain(
    'Forewarn tells customers about a fault before they have to ask. This is the main job, on real input.',
    'bold',
  );
  screen.progress('starting the daemon and its own PostgreSQL');
  const set = await buildStageSet();
  try {
    signal.throwIfAborted();
    screen.say(`the daemon listens on ${set.base}, with an empty database of its own`);
    const accounts = await new Story(screen, new Api(set.base, set.token, signal), signal).play();
    const balanced = close(screen, accounts, set);
    if (stay) await remain(screen, set, accounts.messages, signal);
    return balanced ? 0 : 1;
  } catch (error) {
    if (signal.aborted) return say(process.stdout, '\nended\n', 130);
    screen.plain(`The demo failed: ${describe(error)}`, 'red');
    complain(screen, set);
    return 1;
  } finally {
    screen.progress('ending the daemon');
    await set.strike();
    screen.clear();
  }
}

function close(screen: Screen, accounts: Accounts, set: StageSet): boolean {
  screen.chapter('11. The books: what customers met in the shop, against what Forewarn says');
  const entries = balance(accounts);
  const quiet = {
    rule: "warnings and errors in the daemon's log",
    numbers: String(set.complaints.length),
    holds: set.complaints.length === 0,
  };
  const balanced = showBooks(screen, [...entries, quiet]);
  screen.plain('');
  for (const line of messageTable(accounts.messages)) screen.plain(`  ${line}`);
  complain(screen, set);
  screen.plain('');
  const notices = accounts.messages.filter((one) => one.kind === 'notice' && isSent(one));
  const told = notices.filter(({ customer }) => accounts.witness.hit.has(customer?.externalId ?? '')).length;
  const summary = `${accounts.witness.hit.size} of ${accounts.customers.length} customers could not pay; ${told} of them were told, the others had not agreed or left no address; ${notices.length - told} more were warned. ${Math.round(screen.seconds)} s.`;
  screen.plain(balanced ? `The books balance. ${summary}` : 'The books do not balance.', balanced ? 'green' : 'red');
  return balanced;
}

/** `fetch` says why it failed in the cause only. */
function describe(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return messageOf(error) + (cause === undefined ? '' : ` (${messageOf(cause)})`);
}

/** The first of what the daemon has logged as wrong. */
function complain(screen: Screen, { complaints }: StageSet): void {
  for (const line of complaints.slice(0, 5)) screen.plain(`  daemon: ${line.trim()}`, 'red');
}

async function remain(
  screen: Screen,
  { base, token }: StageSet,
  messages: readonly MessageView[],
  signal: AbortSignal,
): Promise<void> {
  const page = messages
    .findLast((one) => one.body !== null && one.locale === 'en')
    ?.body?.match(/https?:\S+\/i\/[\w-]+/)?.[0];
  screen.chapter('Still running. Ctrl-C ends it and removes its data.');
  screen.plain(`  outbox         ${base}/outbox   (any user name, the token as password)`);
  if (page) screen.plain(`  customer page  ${page}`);
  screen.plain(`  metrics        ${base}/metrics`);
  screen.plain(`  admin token    ${token}`);
  screen.plain(`  try            curl -H "authorization: Bearer ${token}" ${base}/v1/incidents`);
  if (!signal.aborted) await once(signal, 'abort');
}

function say(stream: NodeJS.WritableStream, text: string, code: number): number {
  stream.write(text);
  return code;
}
