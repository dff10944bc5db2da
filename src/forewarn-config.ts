import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { identitySchema } from './customers/identity-config.js';
import { detectionSchema } from './detection/detection-config.js';
import { templateProblem } from './explanations/reader.js';
import { localesSchema, type LocaleTexts, type TextsConfig, textsSchema } from './explanations/texts-config.js';
import { alertmanagerSchema, incidentsSchema, maintenanceSchema } from './incidents/incidents-config.js';
import { scrubbingSchema } from './intake/intake-config.js';
import { retentionSchema } from './ops/retention-config.js';
import { projectsSchema } from './projects/projects-config.js';
import { groupingConfig } from './grouping/grouping-config.js';
import { outreachSchema } from './outreach/outreach-config.js';
import { policiesSchema } from './outreach/policy.js';
import { type Settings } from './platform/config/settings.js';
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
  outreach: outreachSchema.prefault({}),
  policies: policiesSchema,
});

/** Everything from the YAML file and the text files beside it. */
export type ForewarnConfig = z.output<typeof fileSchema> & { readonly texts: TextsConfig };

/** Which variables each text may use; the explanation's own may leave `since` for the reader's zone. */
const VARIABLES = {
  explanation: ['product', 'area', 'since'],
  notice: ['product', 'area', 'name', 'since', 'title', 'body', 'workaround', 'nextUpdate', 'link', 'reason'],
  resolved: ['product', 'area', 'name', 'since', 'title', 'body', 'workaround', 'nextUpdate', 'link', 'reason'],
} as const;

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
  const config = readYaml(path, fileSchema, problems);
  const texts = new Map<string, LocaleTexts>();
  for (const locale of config?.locales ?? []) {
    const read = readTexts(join(dirname(path), 'templates', `${locale}.yaml`), problems);
    if (read) texts.set(locale, read);
  }
  if (config) problems.push(...referenceProblems(config).map((problem) => `${path}: ${problem}`));
  if (!config || problems.length > 0) throw new StartError(`The configuration is wrong:\n  ${problems.join('\n  ')}`);
  return { ...config, texts };
}

function readYaml<T extends z.ZodType>(path: string, schema: T, problems: string[]): z.output<T> | undefined {
  if (!existsSync(path)) {
    problems.push(`${path}: there is no such file`);
    return undefined;
  }
  const document = parseDocument(readFileSync(path, 'utf8'), { uniqueKeys: true });
  problems.push(...document.errors.map((error) => `${path}: ${error.message.split('\n')[0]}`));
  if (document.errors.length > 0) return undefined;
  const parsed = schema.safeParse(document.toJS() ?? {});
  if (parsed.success) return parsed.data;
  problems.push(
    ...parsed.error.issues.map((issue) => `${path}: ${issue.path.join('.') || '(top level)'}: ${issue.message}`),
  );
  return undefined;
}

function readTexts(path: string, problems: string[]): LocaleTexts | undefined {
  const texts = readYaml(path, textsSchema, problems);
  if (!texts) return undefined;
  const check = (name: string, template: string | undefined, variables: readonly string[]) => {
    const problem = template === undefined ? undefined : templateProblem(template, variables);
    if (problem) problems.push(`${path}: ${name}: ${problem}`);
  };
  for (const section of ['explanation', 'notice', 'resolved'] as const) {
    for (const [key, template] of Object.entries(texts[section]))
      check(`${section}.${key}`, template, VARIABLES[section]);
  }
  check('why.notice', texts.why.notice, ['lastAt']);
  check('why.resolved', texts.why.resolved, []);
  return texts;
}

function referenceProblems(config: z.output<typeof fileSchema>): string[] {
  const slugs = new Set(config.projects.map((project) => project.slug));
  const named = [
    ...config.policies.flatMap(({ name, match }) =>
      (match.project ?? []).map((slug) => [`policies.${name}.match.project`, slug]),
    ),
    ...config.alertmanager.projects.map(({ project }, at) => [`alertmanager.projects.${at}.project`, project]),
    ...config.alertmanager.open.map(({ project }, at) => [`alertmanager.open.${at}.project`, project]),
    ...config.maintenance.flatMap(({ name, project }) =>
      project === undefined ? [] : [[`maintenance.${name}.project`, project]],
    ),
  ];
  return named
    .filter(([, slug]) => !slugs.has(slug ?? ''))
    .map(([path, slug]) => `${path}: there is no project "${slug}"`);
}
