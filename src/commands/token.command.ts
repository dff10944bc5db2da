import { openDatabase } from '../platform/db/open-database.js';
import { TOKEN_ROLES } from '../platform/auth/role.js';
import { TokenStore, type TokenView } from '../platform/auth/token.store.js';
import { SystemClock } from '../platform/clock.js';
import { readSettings } from '../platform/config/settings.js';
import { StartError } from '../platform/errors.js';
import { type CommandIo, readArguments, UsageError } from './command.js';

export const HELP = `usage: forewarn token create --name NAME --role ${TOKEN_ROLES.join('|')}
                      [--project SLUG] [--expires YYYY-MM-DD]
       forewarn token list
       forewarn token revoke --name NAME

A token is shown once, when it is made. "list" reads the database as it is and changes nothing.

Exit codes: 0 done, 1 it could not be done, 2 wrong usage.
`;
const ACTIONS = ['create', 'list', 'revoke'] as const;

/** `forewarn token`: a token is shown once, when it is made. */
export async function run(args: string[], { stdout }: CommandIo): Promise<number> {
  const { values, positionals } = parse(args);
  const [given, ...rest] = positionals;
  const action = ACTIONS.find((one) => one === given);
  if (!action || rest.length > 0) throw new UsageError(`say one of ${ACTIONS.join(', ')}`);
  if (action !== 'list' && !values.name) throw new UsageError('--name is needed');
  const role = TOKEN_ROLES.find((one) => one === values.role);
  const expiresAt = values.expires === undefined ? undefined : endOf(values.expires);
  if (action === 'create' && role === undefined)
    throw new UsageError(`--role must be one of ${TOKEN_ROLES.join(', ')}`);
  const schema = action === 'create' ? 'migrate' : 'asItIs';
  const { database, close } = await openDatabase(readSettings(process.env), { share: true, schema });
  try {
    const clock = new SystemClock();
    const store = new TokenStore(database, clock);
    if (role !== undefined && action === 'create') {
      const token = await store.create({ name: values.name ?? '', role, project: values.project, expiresAt });
      stdout.write(`${token}\n`);
    } else if (action === 'list') stdout.write(await table(store, clock.now()));
    else if (!(await store.revoke(values.name ?? '')))
      throw new StartError(`There is no working token named "${values.name}".`);
    return 0;
  } finally {
    await close();
  }
}

function parse(args: string[]) {
  return readArguments({
    args,
    allowPositionals: true,
    options: {
      name: { type: 'string' },
      role: { type: 'string' },
      project: { type: 'string' },
      expires: { type: 'string' },
    },
  });
}

/** The end of that day, UTC. */
function endOf(day: string): Date {
  const end = new Date(`${day}T24:00:00Z`);
  if (/^\d{4}-\d\d-\d\d$/.test(day) && !Number.isNaN(end.getTime())) return end;
  throw new UsageError(`--expires is "${day}"; write a day such as 2027-03-31.`);
}

async function table(store: TokenStore, now: Date): Promise<string> {
  const rows = await store.list();
  const lines = rows.map((row) =>
    [
      row.name,
      row.role,
      row.project ?? 'all projects',
      stateOf(row, now),
      row.last_used_at?.toISOString() ?? 'never used',
    ].join('\t'),
  );
  return lines.length > 0 ? `${lines.join('\n')}\n` : 'There are no tokens.\n';
}

function stateOf({ revoked_at, expires_at }: TokenView, now: Date): string {
  if (revoked_at) return 'revoked';
  if (!expires_at) return 'works';
  const day = expires_at.toISOString();
  return expires_at <= now ? `ended ${day}` : `works until ${day}`;
}
