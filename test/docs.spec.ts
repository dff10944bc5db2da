import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { textsSchema } from '../src/explanations/texts-config.js';
import { fileSchema } from '../src/forewarn-config.js';
import { type Harm, severityOf } from '../src/incidents/algorithm/severity.v1.js';
import { IntakeRoutes } from '../src/intake/http/intake.routes.js';
import { Access } from '../src/platform/auth/access.js';
import { STAGE_NAMES } from '../src/platform/stages/stage.js';
import { TestDaemon } from './support/test-daemon.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const pages = [...filesIn('.'), ...filesIn('docs'), ...filesIn('docs/decisions')].filter((path) =>
  path.endsWith('.md'),
);

function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder)).map((name) => join(folder, name));
}

/** Reads what a command says of itself in its file; undefined where there is no such command. */
function helpOf(name: string): string | undefined {
  const places = [
    `src/commands/${name}.command.ts`,
    `src/${name}/${name}.command.ts`,
    ...(name === 'start' ? ['src/daemon/main.ts'] : []),
  ];
  const found = places.find((path) => existsSync(join(root, path)));
  return found && (/HELP = `([^`]*)`/.exec(read(found))?.[1] ?? '');
}

/** Collects the code in the first column of a page's tables. */
function firstColumn(page: string): string[] {
  return read(page)
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => all(/`([^`]+)`/g, line.split(' | ')[0] ?? ''));
}

function all(pattern: RegExp, text: string): string[] {
  return [...text.matchAll(pattern)].map(([, found = '']) => found);
}

describe('the pages', () => {
  it.each(pages)('%s names only files that are there', (page) => {
    const named = all(/`((?:src|config|migrations|helm|bench|test|scripts|docs)\/[\w./-]+)`/g, read(page));
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it.each(pages)('%s links only to pages that are there', (page) => {
    const linked = all(/\]\(([^)#:]+)(?:#[^)]*)?\)/g, read(page));
    expect(linked.filter((path) => !existsSync(join(root, dirname(page), path)))).toEqual([]);
  });

  it.each(pages)('%s names only commands and options of forewarn that there are', (page) => {
    const lines = all(/^(?:\$ |[A-Z_]+=\S+ )*(forewarn [a-z].*)$/gm, read(page)).map(
      (line) => line.split(/ [#<>|]/)[0] ?? '',
    );
    const wrong = lines.filter((line) => {
      const [, name = '', ...rest] = line.split(/\s+/);
      const help = helpOf(name);
      return help === undefined || rest.some((word) => word.startsWith('--') && !help.includes(word));
    });
    expect(wrong).toEqual([]);
  });

  it('give a reason for every import rule', () => {
    const records = all(/'(\d{4}-[\w-]+\.md)'/g, read('.dependency-cruiser.cjs'));
    expect(records.length).toBeGreaterThan(2);
    expect(records.filter((record) => !existsSync(join(root, 'docs/decisions', record)))).toEqual([]);
  });

  it('list every stage, and no other, in operations.md', () => {
    const section = read('docs/operations.md').split('## Stages')[1]?.split('\n## ')[0] ?? '';
    expect(all(/^\| `([^`]+)`/gm, section)).toEqual([...STAGE_NAMES]);
  });
});

describe('docs/configuration.md', () => {
  const documented = firstColumn('docs/configuration.md');

  it('lists every setting of the environment, and no other', () => {
    const source = read('src/platform/config/settings.ts').split('const environment = z.object({')[1] ?? '';
    const settings = all(/^ {2}([A-Z][A-Z_]+): /gm, source.split('\n});')[0] ?? '');
    expect(settings).toContain('DATABASE_URL');
    expect(documented.filter((name) => /^[A-Z_]+$/.test(name)).sort()).toEqual(settings.sort());
  });

  it('lists every key of the configuration file and of the text files, and no other', () => {
    const keys = [...keysOf(fileSchema), ...keysOf(textsSchema).filter((key) => key.includes('.'))];
    expect(keys).toContain('policies.quietHours.from');
    const variables = all(
      /^\| (.+?) \| .*`(?:notice|why\.notice|resolved|fixed)`.* \| /gm,
      read('docs/configuration.md'),
    );
    const words = new Set(variables.flatMap((cell) => all(/`([^`]+)`/g, cell)));
    const others = documented.filter((name) => !/^[A-Z_]+$/.test(name) && !words.has(name));
    expect(others.sort()).toEqual(keys.sort());
  });
});

describe('docs/severity.md', () => {
  it('has the numbers by which severity is judged', () => {
    const calm: Harm = { customers: 0, activeCustomers: null, blocked: 0, newlyHit: [0, 0] };
    const harmOf: ((number: number) => Harm)[] = [
      (number) => ({ ...calm, customers: number }),
      (number) => ({ ...calm, customers: 5, activeCustomers: (5 * 100) / number }),
      (number) => ({ ...calm, blocked: number }),
    ];
    const rows = all(/^\| (?:customers|share) .*?\| (.*) \|$/gm, read('docs/severity.md'));
    expect(rows).toHaveLength(harmOf.length);
    for (const [at, row] of rows.entries()) {
      const [below = 0, major = 0, critical = 0] = all(/(?:below|from) (\d+)/g, row).map(Number);
      const judged = [below * 0.99, major, critical].map((number) => severityOf(harmOf[at]?.(number) ?? calm).severity);
      expect([row, below, judged]).toEqual([row, major, ['minor', 'major', 'critical']]);
    }
  });
});

describe('compose.yaml', () => {
  const { services } = parse(read('compose.yaml')) as {
    services: Record<string, { environment: Record<string, string>; healthcheck?: unknown; build?: string }>;
  };

  it('sets only settings that there are, and holds no secret', () => {
    const settings = firstColumn('docs/configuration.md').filter((name) => /^[A-Z_]+$/.test(name));
    const given = services['forewarn']?.environment ?? {};
    expect(Object.keys(given)).toContain('FOREWARN_ADMIN_TOKEN');
    expect(Object.keys(given).filter((name) => !settings.includes(name))).toEqual([]);
    const secret = /PASSWORD|TOKEN|SID|_URL$/;
    const values = Object.values(services).flatMap(({ environment }) => Object.entries(environment));
    expect(values.filter(([name, value]) => secret.test(name) && !value.includes('${'))).toEqual([]);
  });

  it('waits for a database that answers, and the image says whether the daemon does', () => {
    expect(services['postgres']?.healthcheck).toMatchObject({ test: expect.arrayContaining(['CMD-SHELL']) });
    expect(services['forewarn']?.build).toBe('.');
    expect(read('Dockerfile')).toMatch(/^HEALTHCHECK /m);
  });
});

describe('the pages about a running daemon', () => {
  let forewarn: TestDaemon;
  beforeAll(async () => {
    forewarn = await TestDaemon.start();
  });
  afterAll(() => forewarn.stop());

  it('list every route, and no other, in api.md', async () => {
    const { paths } = (await forewarn.anyone.get('/openapi.json')).body as { paths: Record<string, object> };
    const routes = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(all(/^### ([A-Z]+ \/.*)$/gm, read('docs/api.md')).sort()).toEqual(routes.sort());
  });

  it('say of every route, and no other, in security.md what it needs', () => {
    const routes = forewarn.daemon.app.get(Access).list();
    const lines = routes.map(
      ({ method, path, need, scope }) => `| \`${method} ${path}\` | \`${need}\` | ${scope ? `\`${scope}\`` : '—'} |`,
    );
    if (process.env['UPDATE_DOCS']) writeRoutes(lines.sort());
    const section = read('docs/security.md').split('## Every route')[1]?.split('\n## ')[0] ?? '';
    expect(all(ROUTE_LINE, section)).toEqual(lines.sort());
  });

  it('say of every route without a token in operations.md whether the world must reach it', () => {
    const section = read('docs/operations.md').split('## Which paths must be public')[1]?.split('\n## ')[0] ?? '';
    const named = all(/`(\/[^`]*)`/g, section);
    const isNamed = (path: string) =>
      named.some((one) => (one.endsWith('*') ? path.startsWith(one.slice(0, -1)) : path === one));
    const intake = forewarn.daemon.app.get(IntakeRoutes).paths;
    const open = forewarn.daemon.app
      .get(Access)
      .list()
      .flatMap(({ need, path }) => (need === 'public' ? [path] : []));
    expect([...intake, ...open].filter((path) => !isNamed(path))).toEqual([]);
  });

  it('list every table, and no other, in glossary.md', async () => {
    const tables = await forewarn.rows<{ name: string }>(
      "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migration'",
    );
    const section = read('docs/glossary.md').split('## Tables')[1]?.split('\n## ')[0] ?? '';
    expect(all(/^\| `([^`]+)`/gm, section).sort()).toEqual(tables.map(({ name }) => name).sort());
  });

  it('list every metric, and no other, in operations.md', async () => {
    const metrics = String((await forewarn.anyone.get('/metrics')).body);
    const section = read('docs/operations.md').split('## Metrics')[1]?.split('\n## ')[0] ?? '';
    expect(all(/^\| `([^`]+)`/gm, section).sort()).toEqual(all(/^# HELP (\S+)/gm, metrics).sort());
  });
});

const ROUTE_LINE = /^(\| `[A-Z]+ \/.*\|)$/gm;

/** Puts the table of routes into security.md. */
function writeRoutes(lines: string[]): void {
  const page = read('docs/security.md')
    .replace(ROUTE_LINE, '')
    .replace(/^ROUTES$/m, '');
  const head = '| route | needs | project |\n| --- | --- | --- |\n';
  const [before = '', after = ''] = page.split(head);
  writeFileSync(join(root, 'docs/security.md'), `${before}${head}${lines.join('\n')}\n\n${after.trimStart()}`);
}

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
}

/** Dotted names of all keys that a schema takes, those of list items below their list. */
function keysOf(schema: z.ZodType): string[] {
  return flatten(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema, '');
}

function flatten({ properties = {}, items, anyOf = [], oneOf = [] }: JsonSchema, above: string): string[] {
  const own = Object.entries(properties).flatMap(([name, below]) => [
    above + name,
    ...flatten(below, `${above}${name}.`),
  ]);
  const deeper = [...(items ? [items] : []), ...anyOf, ...oneOf].flatMap((one) => flatten(one, above));
  return [...new Set([...own, ...deeper])];
}
