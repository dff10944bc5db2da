import { parseArgs } from 'node:util';
import { openDatabase } from '../platform/db/open-database.js';
import { TOKEN_ROLES, type TokenRole } from '../platform/auth/role.js';
import { TokenStore } from '../platform/auth/token.store.js';
import { SystemClock } from '../platform/clock.js';
import { readSettings } from '../platform/config/settings.js';
import { StartError } from '../platform/errors.js';

const USAGE = `usage: forewarn token create --name NAME --role ${TOKEN_ROLES.join('|')}
       forewarn token list
       forewarn token revoke --name NAME
`;

/** `forewarn token`: a token is shown once, when it is made. */
export async function run(args: string[]): Promise<number> {
  const { values, positionals } = parse(args);
  const [action] = positionals;
  if (!action || !['create', 'list', 'revoke'].includes(action) || (action !== 'list' && !values.name)) return usage();
  if (action === 'create' && !TOKEN_ROLES.includes(values.role as TokenRole)) return usage();
  const { database, close } = await openDatabase(readSettings(process.env), { share: true });
  try {
    const store = new TokenStore(database, new SystemClock());
    if (action === 'create')
      process.stdout.write(`${await store.create(values.name ?? '', values.role as TokenRole)}\n`);
    else if (action === 'list') process.stdout.write(await table(store));
    else if (!(await store.revoke(values.name ?? '')))
      throw new StartError(`There is no working token named "${values.name}".`);
    return 0;
  } finally {
    await close();
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, allowPositionals: true, options: { name: { type: 'string' }, role: { type: 'string' } } });
  } catch (error) {
    throw new StartError(`${(error as Error).message}\n${USAGE}`);
  }
}

function usage(): number {
  process.stderr.write(USAGE);
  return 2;
}

async function table(store: TokenStore): Promise<string> {
  const rows = await store.list();
  const lines = rows.map((row) =>
    [row.name, row.role, row.revoked_at ? 'revoked' : 'works', row.last_used_at?.toISOString() ?? 'never used'].join(
      '\t',
    ),
  );
  return lines.length > 0 ? `${lines.join('\n')}\n` : 'There are no tokens.\n';
}
