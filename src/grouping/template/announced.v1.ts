/**
 * Frozen as v1: words that announce the name of somebody or something, and words that are no names after them. A name
 * is a value: "login ended for user anna" and "… for user ops" are one message. An outcome is no name, wherever it
 * stands: "link down", "user unknown". The lists were chosen with bench:grouping (docs/benchmarks.md).
 */

function wordSet(words: string): Set<string> {
  return new Set(words.split(/\s+/).filter((word) => word !== ''));
}

/** Adds the words with a capital first and in capitals. Folding each word of a message instead would cost more. */
function inAnyCase(words: Set<string>): Set<string> {
  const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
  return new Set([...words].flatMap((word) => [word, capital(word), word.toUpperCase()]));
}

/** Words before the name of a person. */
const PERSON = inAnyCase(wordSet('user username account'));
/** Words before "for" and the name of whoever wanted to come in. */
const CREDENTIAL = wordSet(
  'password passphrase publickey pubkey key credentials login logon authentication failures keyboard-interactive/pam none',
);
/** Words before the name of a thing. */
const THING = inAnyCase(
  wordSet(`
  customer client member tenant organization organisation team group role
  host hostname server node machine broker peer device disk drive volume mount interface link nic adapter driver module plugin
  file directory folder image container pod namespace cluster region zone bucket domain hive
  queue topic channel stream exchange database schema table index collection keyspace shard partition
  job task worker thread process service unit daemon package library
`),
);

/** Words of grammar. */
const FUNCTION_WORDS = wordSet(`
  a an the this that these those is was are were be been has have had do does did can cannot could will would shall should may might must
  not no nor and or but if then than as at by for from in into of off on onto out over per since so to until up upon via when where while
  which who whose with within without yet it its his her their our your my all any both each every few more most other some such own same
  only very again already also still just now here there why how because due after before during between against under above below too
`);
/** States and outcomes, which say what happened. */
const STATES = wordSet(`
  up down on off ok ready busy idle full empty open closed online offline active inactive dead alive healthy unhealthy unknown missing lost
  found stuck slow late stale invalid valid bad broken corrupt fatal error errors failure failures fault faults timeout timeouts overflow
  underflow crash crashes panic abort denied free gone new old lock locks limit limits success fail fails pass yes true false none null nil
  done pending standby unreachable exhausted warning warnings critical info debug notice alert unset set left right good maintenance degraded
`);
/** Parts and properties of things; they join the word before to one kind of thing, as in "file descriptor". */
const PARTS = wordSet(`
  account accounts address agent agents area attribute attributes base body cache class client clients code config context content count
  data database description descriptor descriptors details device directory entry event events field fields file files filter flag form
  format group groups handle handles header headers history holder host hosts id ids identity image index info input interface interfaces
  item items key keys layer length level license limit line lines link list lists local log logs manager map member members mesh message
  messages metadata method mode model monitor name names node nodes number object objects option options output owner pages path paths
  policy pool process processes property query quota rate read record records request requests reset response restart result results role
  roles row rows script secret secrets server servers service services session sessions set settings setup shard shards shutdown side size
  socket space start startup state statement stats status step stop storage store stream streams support switch sync system systems table
  tables task tasks thread threads time timer token tokens tree type types update updates user users value values version versions view
  worker workers write
`);
/** Parts of a person's account, in addition. */
const PARTS_OF_A_PERSON = wordSet(`
  action actions activity balance cart certificate check checkout choice comment comments consent contact contacts credentials email emails
  experience feedback guide home image invite invites login logins logout menu note notes notifications order orders page password passwords
  payment payments permission permissions picture preference preferences profile profiles prompt queue refund refunds review reviews right
  rights search signin signup story timeline upload uploads wallet
`);
/** Endings of nouns for actions, of adjectives for what can be done, and of verb forms. */
const NOT_A_NAME = /(?:tion|tions|sion|ment|ments|ness|ance|ence|ability|able|ible|ing|ed)$/;
/** Error names of POSIX. */
const ERRNO = /^E[A-Z]{3,}\d*$/;
const HAS_DIGIT = /[\d\uE000]/;
const CAPITALS = /^[A-Z][A-Z_-]+$/;
const JOINED = /^[A-Za-z]+(?:[_-][A-Za-z]+)+$/;
/** Account name of a person. */
const ACCOUNT_NAME = /^[a-z][a-z._-]{0,31}$/i;

/** Nature of a word in its place, as far as the words around it tell. */
export type Announced = 'value' | 'name' | undefined;

/**
 * Tells whether the piece at an index is the name that the word before it announces. A `value` is one by itself; a
 * `name` shows to be a value when some different ones come at one place; undefined for anything else.
 * @param pieces words and the text between them, by turns
 */
export function announcedAt(pieces: readonly string[], at: number): Announced {
  const before = pieces[at - 2] ?? '';
  const isPerson = PERSON.has(before);
  if (!isPerson && !THING.has(before) && before !== 'for') return undefined;
  const between = pieces[at - 1] ?? '';
  if (!/^(?::? ["'[(]?|=["']?)$/.test(between)) return undefined;
  if (before === 'for' && !CREDENTIAL.has((pieces[at - 4] ?? '').toLowerCase())) return undefined;
  const person = isPerson || before === 'for';
  const word = pieces[at] ?? '';
  if (!mayBeName(word) || (person && PARTS_OF_A_PERSON.has(word.toLowerCase()))) return undefined;
  if (HAS_DIGIT.test(word) || CAPITALS.test(word)) return 'value';
  if (between.startsWith(':') || !ACCOUNT_NAME.test(word)) return undefined;
  if (before === 'for') return isFollowed(pieces, at) ? 'value' : 'name';
  return JOINED.test(word) || (person && isFollowed(pieces, at)) ? 'value' : 'name';
}

function mayBeName(word: string): boolean {
  if (ERRNO.test(word)) return false;
  return word
    .toLowerCase()
    .split(/[_-]/)
    .every((part) => !FUNCTION_WORDS.has(part) && !STATES.has(part) && !PARTS.has(part) && !NOT_A_NAME.test(part));
}

/**
 * Whether the sentence goes on as it does after a name: with a word of grammar, a mark, or the end of a quote. "for
 * user registration" ends with its noun.
 */
function isFollowed(pieces: readonly string[], at: number): boolean {
  const after = pieces[at + 1];
  if (after === undefined) return false;
  if (after !== ' ') return /^["'\])]|^ [[(]|^, /.test(after);
  return FUNCTION_WORDS.has((pieces[at + 2] ?? '').toLowerCase());
}
