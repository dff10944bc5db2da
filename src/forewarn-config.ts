import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { handOversSchema } from './contacts/hand-overs-config.js';
import { identitySchema } from './customers/identity-config.js';
import { deliverySchema } from './delivery/delivery-config.js';
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
export type ForewarnConfig = z.output<typeof fileSchema> & { readonly texts: TextsConfig };

/** Which variables an explanation may use; it may leave `since` for the reader's zone. */
const EXPLAINED = ['product', 'area', 'since', 'cause'];
/** Which variables each other text may use. */
const VARIABLES = {
  fixed: ['product', 'area', 'since', 'fixedAt'],
  others: ['title', 'body'],
  othersFixed: ['title', 'body'],
  notice: ['product', 'area', 'name', 'since', 'title', 'body', 'workaround', 'nextUpdate', 'link', 'domain', 'reason'],
  atRisk: ['product', 'area', 'name', 'since', 'title', 'body', 'workaround', 'nextUpdate', 'link', 'domain', 'reason'],
  returned: [
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
    'link',
    'domain',
    'reason',
  ],
} as const;

/** A link that no text holds by itself. */
const LINK_MARK = 'link.example';

/** The configuration file: `FOREWARN_CONFIG`, or the one that comes with Forewarn. */
export function configPath(settings: Settings): string {
  return settings.configPath ?? join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'config', 'forewarn.yaml');
}

/**
 * Reads the configuration and the texts in `templates/` beside it.
 * @param path absolute path of the YAML file
 * @throws StartError that lists every problem of all files at once
 */
export function loadConfig(path: string): ForewarnConfig {
  const problems: string[] = [];
  const file = openYaml(path, problems);
  const config = file?.read(fileSchema, problems);
  const texts = new Map<string, LocaleTexts>();
  for (const locale of config?.locales ?? []) {
    const read = readTexts(join(dirname(path), 'templates', `${locale}.yaml`), problems);
    if (read) texts.set(locale, read);
    if (read && config) problems.push(...linkProblems(locale, read, config.policies));
  }
  if (file && config) problems.push(...referenceProblems(file, config), ...areaProblems(file, config));
  if (!config || problems.length > 0) throw new StartError(`The configuration is wrong:\n  ${problems.join('\n  ')}`);
  return { ...config, texts };
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
  for (const section of ['fixed', 'others', 'othersFixed', 'notice', 'atRisk', 'resolved', 'returned'] as const) {
    for (const [key, template] of Object.entries(texts[section]))
      check(`${section}.${key}`, template, VARIABLES[section]);
  }
  check('why.notice', texts.why.notice, ['lastAt']);
  check('why.atRisk', texts.why.atRisk, []);
  check('why.resolved', texts.why.resolved, []);
  check('why.returned', texts.why.returned, []);
  return texts;
}

/** SMS texts that say nothing in the place of a link that a policy leaves out. */
function linkProblems(locale: string, texts: LocaleTexts, policies: readonly Policy[]): string[] {
  const problems: string[] = [];
  for (const { name, links } of policies) {
    if (links === 'signed') continue;
    for (const section of ['notice', 'atRisk', 'resolved', 'returned'] as const) {
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

/** Names of projects that no project has, each with its place and the slug that was meant. */
function referenceProblems(file: YamlFile, config: z.output<typeof fileSchema>): string[] {
  const slugs = config.projects.map((project) => project.slug);
  const named: [Path, string | undefined][] = [
    ...config.policies.flatMap(({ match }, at) =>
      (match.project ?? []).map((slug, nth): [Path, string] => [placeOfProject(file, at, nth), slug]),
    ),
    ...config.alertmanager.projects.map(({ project }, at): [Path, string] => [
      ['alertmanager', 'projects', at, 'project'],
      project,
    ]),
    ...config.alertmanager.open.map(({ project }, at): [Path, string] => [
      ['alertmanager', 'open', at, 'project'],
      project,
    ]),
    ...config.maintenance.map(({ project }, at): [Path, string | undefined] => [
      ['maintenance', at, 'project'],
      project,
    ]),
  ];
  return named
    .filter(([, slug]) => slug !== undefined && !slugs.includes(slug))
    .map(([path, slug]) => file.problem(path, `there is no project "${slug}"`, slugs));
}

/** The place of a project in `match`, where one may stand alone or in a list. */
function placeOfProject(file: YamlFile, policy: number, nth: number): Path {
  const place = ['policies', policy, 'match', 'project'];
  return file.holdsList(place) ? [...place, nth] : place;
}

/** A name in a language that nobody is written to in would do nothing. */
function areaProblems(file: YamlFile, { areas, locales }: z.output<typeof fileSchema>): string[] {
  return Object.entries(areas).flatMap(([area, names]) => [
    ...Object.keys(names)
      .filter((locale) => !locales.includes(locale))
      .map((locale) => file.problem(['areas', area, locale], `"${locale}" is not one of locales`, locales)),
    ...(Object.keys(names).length === 0
      ? [file.problem(['areas', area], 'needs a name in at least one of locales')]
      : []),
  ]);
}
