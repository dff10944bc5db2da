import { openDatabase } from '../platform/db/open-database.js';
import { SystemClock } from '../platform/clock.js';
import { readSettings } from '../platform/config/settings.js';
import { type Database } from '../platform/db/database.js';
import { Problem, StartError } from '../platform/errors.js';
import {
  DEFAULT_LIMITS,
  KEY_KINDS,
  type KeyKind,
  limitsSchema,
  type LimitsChange,
  originsSchema,
} from '../projects/project-key.js';
import { dsnOf } from '../projects/dsn.js';
import { type MadeKey, ProjectKeys, type ShownKey } from '../projects/keys.service.js';
import { type CommandIo, readArguments, UsageError } from './command.js';

export const HELP = `usage: forewarn key create --project SLUG --kind ${KEY_KINDS.join('|')} [--name NAME] [--origin ORIGIN …]
       forewarn key list --project SLUG
       forewarn key revoke --project SLUG --id ID
       forewarn key limit --project SLUG --id ID [--origin ORIGIN …] LIMIT=NUMBER … (or LIMIT=default)

limits: ${Object.keys(DEFAULT_LIMITS).join(', ')}
A running daemon notices within ten seconds. Reads the schema of the database as it is; the start of the daemon makes it.

Exit codes: 0 done, 1 it could not be done, 2 wrong usage.
`;

const ACTIONS = ['create', 'list', 'revoke', 'limit'] as const;
type Action = (typeof ACTIONS)[number];
type Options = ReturnType<typeof parse>['values'];

/** `forewarn key`: a key that is no public one is shown once, when it is made. */
export async function run(args: string[], { stdout }: CommandIo): Promise<number> {
  const { values, positionals } = parse(args);
  const [action, ...rest] = positionals;
  assertComplete(action, values, rest);
  const change = { origins: originsOf(values.origin), limits: limitsOf(rest) };
  const settings = readSettings(process.env);
  const { database, close } = await openDatabase(settings, { share: true, schema: 'asItIs' });
  try {
    const projectId = await projectOf(database, values.project ?? '');
    const keys = new ProjectKeys(database, new SystemClock());
    stdout.write(await act(action, keys, { database, projectId, values, change, base: settings.publicUrl }));
    return 0;
  } catch (error) {
    throw error instanceof Problem ? new StartError(error.message) : error;
  } finally {
    await close();
  }
}

interface Asked {
  readonly database: Database;
  readonly projectId: number;
  /** Where apps reach us, as far as the environment says. */
  readonly base: string | undefined;
  readonly values: Options;
  readonly change: { readonly origins: string[] | undefined; readonly limits: LimitsChange };
}

async function act(action: Action, keys: ProjectKeys, asked: Asked): Promise<string> {
  const { database, projectId, values, change } = asked;
  const id = Number(values.id ?? 0);
  switch (action) {
    case 'create': {
      const kind = values.kind as KeyKind;
      return made(await keys.create(projectId, { kind, name: values.name ?? null, ...change }), asked);
    }
    case 'list':
      return table(await keys.list(database, projectId));
    case 'revoke':
      if (!(await keys.revoke(projectId, id))) throw noKey(values.id);
      return `Key ${id} is revoked; running processes refuse it within ten seconds.\n`;
    case 'limit': {
      const key = await keys.change(projectId, id, change);
      if (!key) throw noKey(values.id);
      return `${Object.entries(key.limits)
        .map(([name, value]) => `${name}=${value}`)
        .join('\n')}\n`;
    }
  }
}

/** @throws UsageError that says what is missing or too much */
function assertComplete(
  action: string | undefined,
  values: Options,
  rest: readonly string[],
): asserts action is Action {
  if (!ACTIONS.includes(action as Action)) throw new UsageError(`say one of ${ACTIONS.join(', ')}`);
  if (!values.project) throw new UsageError('--project is needed');
  if (action === 'create' && !KEY_KINDS.includes(values.kind as KeyKind))
    throw new UsageError(`--kind must be one of ${KEY_KINDS.join(', ')}`);
  if ((action === 'revoke' || action === 'limit') && !/^\d{1,15}$/.test(values.id ?? ''))
    throw new UsageError('--id must be the number of a key, as "forewarn key list" shows it');
  if (rest.length > 0 && action !== 'limit' && action !== 'create')
    throw new UsageError(`"${rest[0]}" is too much for ${action}`);
}

function parse(args: string[]) {
  return readArguments({
    args,
    allowPositionals: true,
    options: {
      project: { type: 'string' },
      kind: { type: 'string' },
      name: { type: 'string' },
      id: { type: 'string' },
      origin: { type: 'string', multiple: true },
    },
  });
}

function originsOf(given: string[] | undefined): string[] | undefined {
  if (given === undefined) return undefined;
  const read = originsSchema.safeParse(given);
  if (!read.success) throw new UsageError(`--origin: ${read.error.issues[0]?.message}`);
  return read.data;
}

function limitsOf(words: readonly string[]): LimitsChange {
  const given = words.map((word) => {
    const [name = '', value = ''] = word.split('=', 2);
    return [name, value === 'default' ? null : Number(value === '' ? NaN : value)] as const;
  });
  const read = limitsSchema.safeParse(Object.fromEntries(given));
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new UsageError(`${issue?.path.join('.') || 'limits'}: ${issue?.message}`);
}

async function projectOf(database: Database, slug: string): Promise<number> {
  const [row] = await database.query<{ id: number }>('SELECT id FROM project WHERE slug = $1', [slug]);
  if (!row)
    throw new StartError(`There is no project "${slug}"; the daemon makes those of its configuration when it starts.`);
  return row.id;
}

function noKey(id: string | undefined): StartError {
  return new StartError(`There is no working key ${id} of this project; "forewarn key list" shows them.`);
}

/** The key alone on standard output, so that scripts can take it; the rest for people beside it. */
function made({ key, secret }: MadeKey, { base, projectId }: Asked): string {
  if (base !== undefined && key.kind !== 'signing') process.stderr.write(`DSN: ${dsnOf(base, secret, projectId)}\n`);
  if (key.kind !== 'public') process.stderr.write('This is shown once: keep it where the app keeps its secrets.\n');
  return `${secret}\n`;
}

function table(keys: readonly ShownKey[]): string {
  const lines = keys.map((key) =>
    [
      key.id,
      key.kind,
      key.revokedAt ? 'revoked' : 'works',
      key.publicKey ?? '(shown once)',
      key.name ?? '-',
      key.origins.join(' ') || 'any origin',
    ].join('\t'),
  );
  return lines.length > 0 ? `${lines.join('\n')}\n` : 'The project has no keys.\n';
}
