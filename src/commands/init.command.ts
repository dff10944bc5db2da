import { copyFile, constants, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { SHIPPED_CONFIG } from '../forewarn-config.js';
import { messageOf, StartError } from '../platform/errors.js';
import { makeFolder } from '../platform/make-folder.js';
import { projectsSchema } from '../projects/projects-config.js';
import { type CommandIo, readArguments, UsageError, write } from './command.js';

export const HELP = `usage: forewarn init [FOLDER] [--project NAME]

Writes a configuration to begin with, forewarn.yaml with a word on each key, and the texts of each language in templates/, into
FOLDER (config when left out). Overwrites nothing: where one of these files exists it says so and writes none.

  --project NAME   the app that sends events, such as Shop; its slug is made of it (default: App)

Exit codes: 0 written, 1 a file exists or cannot be written, 2 wrong usage.
`;

/** The line of the configuration that comes with Forewarn which names the project. */
const PROJECT_LINE = '  - { slug: app, name: App }';
const LONGEST_SLUG = 63;

/** `forewarn init`: a configuration and texts to begin with; exit code 0, or 1 where something is in the way. */
export async function run(args: string[], { stdout }: CommandIo): Promise<number> {
  const options = { project: { type: 'string', default: 'App' } } as const;
  const { values, positionals } = readArguments({ args, options, allowPositionals: true });
  const [folder = 'config', ...more] = positionals;
  if (more.length > 0) throw new UsageError('name one folder');
  const project = projectOf(values.project);
  const names = await shippedNames();
  const inTheWay = await existing(names.map((name) => join(folder, name)));
  if (inTheWay.length > 0)
    throw new StartError(
      `${inTheWay.join(', ')} ${inTheWay.length === 1 ? 'exists' : 'exist'} already, so nothing was written. Name another folder, or move what is there away.`,
    );
  await writeAll(folder, names, project);
  await write(stdout, wordsOf(folder, project.slug, names));
  return 0;
}

interface NewProject {
  readonly slug: string;
  readonly name: string;
}

/** @throws UsageError for a name that no slug can be made of, or that the configuration would refuse */
function projectOf(name: string): NewProject {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-');
  const slug = plain.replace(/^-/, '').slice(0, LONGEST_SLUG).replace(/-$/, '');
  if (slug === '') throw new UsageError('--project must hold a letter of a to z or a digit, of which its slug is made');
  if (!projectsSchema.safeParse([{ slug, name }]).success)
    throw new UsageError('--project must be a name of at most 100 characters');
  return { slug, name };
}

/** Every file that comes with Forewarn, relative to its folder. */
async function shippedNames(): Promise<string[]> {
  const texts = (await readdir(join(SHIPPED_CONFIG, 'templates'))).filter((name) => name.endsWith('.yaml')).sort();
  return ['forewarn.yaml', ...texts.map((name) => join('templates', name))];
}

async function existing(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return paths.filter((_, at) => found[at]);
}

/** Every write fails on a file that is there, also one that came a moment ago. */
async function writeAll(folder: string, names: readonly string[], project: NewProject): Promise<void> {
  try {
    await makeFolder(join(folder, 'templates'));
    for (const name of names) {
      const [from, to] = [join(SHIPPED_CONFIG, name), join(folder, name)];
      if (name !== 'forewarn.yaml') await copyFile(from, to, constants.COPYFILE_EXCL);
      else await writeFile(to, withProject(await readFile(from, 'utf8'), project), { flag: 'wx' });
    }
  } catch (error) {
    throw new StartError(`${folder} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

function withProject(text: string, { slug, name }: NewProject): string {
  if (!text.includes(PROJECT_LINE))
    throw new Error('the configuration that comes with Forewarn has no project to name');
  return text.replace(PROJECT_LINE, () => `  - { slug: ${slug}, name: ${JSON.stringify(name)} }`);
}

function wordsOf(folder: string, slug: string, names: readonly string[]): string {
  const config = join(folder, 'forewarn.yaml');
  const locales = names.slice(1).map((name) => relative('templates', name).replace(/\.yaml$/, ''));
  return `Wrote ${config} with the project ${slug}, and the texts in ${locales.join(', ')} in ${join(folder, 'templates')}.

What next:
  1. Read ${config}: its policy says who is written to, how, and when a person must approve.
  2. export FOREWARN_CONFIG=${config}
  3. forewarn doctor          says in words what each policy does, and what is missing
  4. forewarn start           prints the address that your app sends its errors to, and a token for you
  5. forewarn import FILE     tells it who your customers are, and who agreed to be written to
  6. forewarn test-message --to YOU@YOUR.DOMAIN     once SMTP_URL and MAIL_FROM are set
`;
}
