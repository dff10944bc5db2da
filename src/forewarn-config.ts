import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { handOversSchema } from './contacts/hand-overs-config.js';
import { CHANNELS } from './customers/customer.js';
import { identitySchema } from './customers/identity-config.js';
import { channelOf, deliverySchema } from './delivery/delivery-config.js';
import { detectionSchema } from './detection/detection-config.js';
import { areasSchema, explanationsSchema } from './explanations/explanations-config.js';
import { render, templateProblem } from './explanations/reader.js';
import { localesSchema, type LocaleTexts, type TextsConfig, textsSchema } from './explanations/texts-config.js';
import { alertmanagerSchema, incidentsSchema, maintenanceSchema } from './incidents/incidents-config.js';
import { scrubbingSchema } from './intake/intake-config.js';
import { retentionSchema } from './ops/retention-config.js';
import { teamSchema } from './ops/team-config.js';
import { projectsSchema } from './projects/projects-config.js';
import { groupingConfig } from './grouping/grouping-config.js';
import { approvedTextProblems, MESSAGE_SECTIONS } from './outreach/approved-texts-config.js';
import { outreachSchema } from './outreach/outreach-config.js';
import { policiesSchema, type Policy } from './outreach/policy.js';
import { type Settings } from './platform/config/settings.js';
import { type Path, YamlFile } from './platform/config/yaml-problems.js';
import { StartError } from './platform/errors.js';

/** The YAML file, section by section; each folder owns the schema of its own. */
export const fileSchema = z.strictObject({
  projects: projectsSchema,
  identity: identitySchema.prefault({}),
  scrubbing: scrubbingSchema.prefault({}),
  grouping: groupingConfig.prefault({}),
  detection: detectionSchema.prefault({}),
  incidents: incidentsSchema.prefault({}),
  alertmanager: alertmanagerSchema.prefault({}),
  maintenance: maintenanceSchema,
  retention: retentionSchema.prefault({}),
  locales: localesSchema,
  areas: areasSchema,
  explanations: explanationsSchema.prefault({}),
  outreach: outreachSchema.prefault({}),
  policies: policiesSchema,
  delivery: deliverySchema.prefault({}),
  handOvers: handOversSchema.prefault({}),
  team: teamSchema,
});

/** Everything from the YAML file and the text files beside it. */
export type ForewarnConfig = Omit<z.output<typeof fileSchema>, 'locales'> & {
  readonly locales: string[];
  readonly texts: TextsConfig;
};

/** Which variables an explanation may use; it may leave `since` for the reader's zone. */
const EXPLAINED = ['product', 'area', 'since', 'cause'];
/** Which variables each other text may use. */
const VARIABLES = {
  fixed: ['product', 'area', 'since', 'fixedAt'],
  others: ['title', 'body'],
  othersFixed: ['title', 'body'],
  notice: [
    'product',
    'area',
    'name',
    'since',
    'title',
    'body',
    'workaround',
    'nextUpdate',
    'helpQuestion',
    'link',
    'domain',
    'code',
    'reason',
  ],
  account: [
    'product',
    'area',
    'name',
    'since',
    'title',
    'body',
    'workaround',
    'nextUpdate',
    'helpQuestion',
    'link',
    'domain',
    'code',
    'reason',
  ],
  atRisk: [
    'product',
    'area',
    'name',
    'since',
    'title',
    'body',
    'workaround',
    'nextUpdate',
    'link',
    'domain',
    'code',
    'reason',
  ],
  several: ['product', 'name', 'count', 'problems', 'more', 'helpQuestion', 'link', 'domain', 'code', 'reason'],
  severalAtRisk: ['product', 'name', 'count', 'problems', 'more', 'link', 'domain', 'code', 'reason'],
  severalUpdate: ['product', 'name', 'count', 'problems', 'more', 'helpQuestion', 'link', 'domain', 'code', 'reason'],
  severalResolved: ['product', 'name', 'count', 'problems', 'more', 'stillOpen', 'link', 'domain', 'code', 'reason'],
  update: [
    'product',
    'area',
    'name',
    'since',
    'title',
    'body',
    'workaround',
    'nextUpdate',
    'news',
    'helpQuestion',
    'link',
    'domain',
    'code',
    'reason',
  ],
  returned: [
    'product',
    'area',
    'name',
    'since',
    'title',
    'body',
    'workaround',
    'nextUpdate',
    'helpQuestion',
    'link',
    'domain',
    'code',
    'reason',
  ],
  resolved: [
    'product',
    'area',
    'name',
    'since',
    'title',
    'body',
    'workaround',
    'nextUpdate',
    'fixed',
    'stillOpen',
    'link',
    'domain',
    'code',
    'reason',
  ],
} as const;

/** The same of parts of messages and words of pages; those that are not named here are plain. */
const OTHERS = {
  'parts.stillOpen': ['titles'],
  'parts.stop': ['unsubscribe'],
  'parts.help': ['help'],
  'page.since': ['since'],
  'page.pauseFor': ['days'],
  'page.pausedUntil': ['until'],
  'page.oursBody': ['to', 'at'],
} as const;

/** Which variables one of several incidents may use. */
const PROBLEM = ['title', 'body', 'workaround', 'nextUpdate'];

/** A link that no text holds by itself. */
const LINK_MARK = 'link.example';

/** Folder of the configuration and the texts that come with Forewarn. */
export const SHIPPED_CONFIG = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'config');

/** The configuration file: `FOREWARN_CONFIG`, or the one that comes with Forewarn. */
export function configPath(settings: Settings): string {
  return settings.configPath ?? join(SHIPPED_CONFIG, 'forewarn.yaml');
}

/**
 * Reads the configuration and the texts in `templates/` beside it.
 * @param path absolute path of the YAML file
 * @throws StartError that lists every problem of all files at once
 */
export function loadConfig(path: string): ForewarnConfig {
  const problems: string[] = [];
  const file = openYaml(path, problems);
  const written = file?.read(fileSchema, problems);
  const config = written && { ...written, locales: written.locales ?? localesIn(join(dirname(path), 'templates')) };
  const known = config ?? (file ? readable(file) : {});
  const texts = new Map<string, LocaleTexts>();
  for (const locale of known.locales ?? []) {
    const read = readTexts(join(dirname(path), 'templates', `${locale}.yaml`), problems);
    if (read) texts.set(locale, read);
    if (!read) continue;
    problems.push(...linkProblems(locale, read, known.policies ?? []), ...helpProblems(locale, read, known.policies));
  }
  if (file?.holdsMap)
    problems.push(
      ...referenceProblems(file),
      ...areaProblems(file, known.locales),
      ...approvedProblems(file, { ...known, locales: known.locales ?? [] }),
    );
  if (!config || problems.length > 0)
    throw new StartError(`The configuration is wrong:\n  ${byPlace(problems).join('\n  ')}`);
  return { ...config, texts };
}

/** Languages of the texts that are there, English first: those that are meant where the file names none. */
function localesIn(folder: string): string[] {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.yaml')) : [];
  const found = files.flatMap((name) => localesSchema.safeParse([name.slice(0, -'.yaml'.length)]).data ?? []);
  return [...new Set(['en', ...found.sort()])];
}

/** The sections that can be read by themselves, so that a mistake in one hides none in another, nor in the texts. */
function readable(file: YamlFile): Partial<z.output<typeof fileSchema>> {
  if (!file.holdsMap) return {};
  const value = file.value as Record<string, unknown>;
  const sections = Object.entries(fileSchema.shape).flatMap(([name, schema]) => {
    const read = schema.safeParse(value[name]);
    return read.success ? [[name, read.data] as const] : [];
  });
  return Object.fromEntries(sections);
}

/** Problems file by file, each file's from top to bottom. */
function byPlace(problems: readonly string[]): string[] {
  const placed = problems.map((words) => {
    const [, file = words, line = '0', column = '0'] = /^(.*?):(\d+):(\d+): /.exec(words) ?? [];
    return { words, file, line: Number(line), column: Number(column) };
  });
  const files = [...new Set(placed.map(({ file }) => file))];
  return placed
    .sort((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column)
    .map(({ words }) => words);
}

function openYaml(path: string, problems: string[]): YamlFile | undefined {
  if (existsSync(path)) return new YamlFile(path, readFileSync(path, 'utf8'));
  problems.push(`${path}: there is no such file`);
  return undefined;
}

function readTexts(path: string, problems: string[]): LocaleTexts | undefined {
  const file = openYaml(path, problems);
  const texts = file?.read(textsSchema, problems);
  if (!file || !texts) return undefined;
  const check = (name: string, template: string | undefined, variables: readonly string[]) => {
    const problem = template === undefined ? undefined : templateProblem(template, variables);
    if (problem) problems.push(file.problem(name.split('.'), problem));
  };
  const { nextUpdateAt, ...explanation } = texts.explanation;
  for (const [key, template] of Object.entries(explanation)) check(`explanation.${key}`, template, EXPLAINED);
  check('explanation.nextUpdateAt', nextUpdateAt, ['nextUpdateAt']);
  for (const section of ['fixed', 'others', 'othersFixed', ...MESSAGE_SECTIONS] as const) {
    for (const [key, template] of Object.entries(texts[section]))
      check(`${section}.${key}`, template, key === 'problem' ? PROBLEM : VARIABLES[section]);
  }
  check('why.notice', texts.why.notice, ['lastAt']);
  check('why.atRisk', texts.why.atRisk, []);
  check('why.account', texts.why.account, []);
  check('why.accountAtRisk', texts.why.accountAtRisk, []);
  check('why.resolved', texts.why.resolved, []);
  check('why.returned', texts.why.returned, []);
  check('why.update', texts.why.update, []);
  check('why.several', texts.why.several, []);
  check('why.severalAtRisk', texts.why.severalAtRisk, []);
  check('why.severalUpdate', texts.why.severalUpdate, []);
  check('why.severalResolved', texts.why.severalResolved, []);
  for (const [key, variables] of Object.entries(OTHERS)) {
    const [section, name] = key.split('.') as ['parts' | 'page', string];
    check(key, (texts[section] as Record<string, string>)[name], variables);
  }
  for (const channel of CHANNELS) check(`askForHelp.${channel}`, texts.askForHelp[channel], []);
  return texts;
}

/** SMS texts that say nothing in the place of a link that a policy leaves out. */
function linkProblems(locale: string, texts: LocaleTexts, policies: readonly Policy[]): string[] {
  const problems: string[] = [];
  for (const { name, links } of policies) {
    if (links === 'signed') continue;
    for (const section of MESSAGE_SECTIONS) {
      const values = Object.fromEntries(VARIABLES[section].map((one) => [one, null]));
      const linked = render(texts[section].sms, { ...values, link: LINK_MARK })
        .replace(LINK_MARK, '')
        .trim();
      const plain = render(texts[section].sms, { ...values, domain: links === 'domainOnly' ? LINK_MARK : null });
      const says = links === 'domainOnly' ? plain.includes(LINK_MARK) : plain !== linked;
      if (says) continue;
      const wanted =
        links === 'domainOnly' ? 'use {{ domain }}' : 'say where to look in an {% else %} of {% if link %}';
      problems.push(
        `templates/${locale}.yaml: ${section}.sms must ${wanted}, since policy ${name} has links: ${links}`,
      );
    }
  }
  return problems;
}

/** Texts that do not ask whether the customer needs help though a policy wants it. */
function helpProblems(locale: string, texts: LocaleTexts, policies: readonly Policy[] = []): string[] {
  const asking = policies.find(({ askForHelp }) => askForHelp);
  if (!asking) return [];
  return (['notice', 'account', 'several', 'severalUpdate', 'update', 'returned'] as const).flatMap((section) => {
    const values = Object.fromEntries(VARIABLES[section].map((one) => [one, null]));
    const asks = (template: string) => render(template, { ...values, helpQuestion: LINK_MARK }).includes(LINK_MARK);
    return CHANNELS.filter((channel) => {
      const template = texts[section][channel];
      return templateProblem(template, VARIABLES[section]) === undefined && !asks(template);
    }).map(
      (channel) =>
        `templates/${locale}.yaml: ${section}.${channel} must use {{ helpQuestion }}, since policy ${asking.name} has askForHelp`,
    );
  });
}

/**
 * Names of projects that no project has, each with its place and the slug that was meant. Looks at the file as it is written, so that a mistake
 * elsewhere hides none of them.
 */
function referenceProblems(file: YamlFile): string[] {
  const written = file.value as Record<string, unknown>;
  const slugs = listIn(written.projects).flatMap((one) => textOf(one, 'slug'));
  if (slugs.length === 0) return [];
  const alertmanager = mapIn(written.alertmanager);
  const named: [Path, string][] = [
    ...listIn(written.policies).flatMap((policy, at) => {
      const place = ['policies', at, 'match', 'project'];
      const project = mapIn(mapIn(policy).match).project;
      if (!Array.isArray(project))
        return textOf(mapIn(policy).match, 'project').map((slug): [Path, string] => [place, slug]);
      return project.flatMap((slug, nth): [Path, string][] =>
        typeof slug === 'string' ? [[[...place, nth], slug]] : [],
      );
    }),
    ...namedIn(['alertmanager', 'projects'], alertmanager.projects),
    ...namedIn(['alertmanager', 'open'], alertmanager.open),
    ...namedIn(['maintenance'], written.maintenance),
  ];
  return named
    .filter(([, slug]) => !slugs.includes(slug))
    .map(([path, slug]) => file.problem(path, `there is no project "${slug}"`, slugs));
}

/** The key `project` of each member of a list, with its place. */
function namedIn(place: Path, list: unknown): [Path, string][] {
  return listIn(list).flatMap((one, at) =>
    textOf(one, 'project').map((slug): [Path, string] => [[...place, at, 'project'], slug]),
  );
}

/** Approved texts that fit nothing else in the file. */
function approvedProblems(
  file: YamlFile,
  {
    outreach,
    projects,
    policies,
    delivery,
    locales,
  }: Partial<z.output<typeof fileSchema>> & { locales: readonly string[] },
): string[] {
  const texts = outreach?.approvedTexts.sms;
  if (!texts || !projects || !policies || !delivery) return [];
  const against = {
    locales,
    projects: projects.map(({ slug }) => slug),
    variables: VARIABLES,
    links: new Set(policies.map(({ links }) => links)),
    gateways: delivery.gateways.flatMap((one) => (channelOf(one) === 'sms' ? one.name : [])),
  };
  return approvedTextProblems(texts, against).map(({ path, words, known: names }) =>
    file.problem(['outreach', 'approvedTexts', 'sms', ...path], words, names),
  );
}

function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function mapIn(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** The text of a key, none where it holds something else. */
function textOf(map: unknown, key: string): string[] {
  const value = mapIn(map)[key];
  return typeof value === 'string' ? [value] : [];
}

/** A name in a language that nobody is written to in would do nothing. */
function areaProblems(file: YamlFile, locales: readonly string[] | undefined): string[] {
  const areas = mapIn((file.value as Record<string, unknown>).areas);
  return Object.entries(areas).flatMap(([area, names]) => [
    ...Object.keys(mapIn(names))
      .filter((locale) => locales !== undefined && !locales.includes(locale))
      .map((locale) => file.problem(['areas', area, locale], `"${locale}" is not one of locales`, locales)),
    ...(names !== null && typeof names === 'object' && Object.keys(names).length === 0
      ? [file.problem(['areas', area], 'needs a name in at least one of locales')]
      : []),
  ]);
}
