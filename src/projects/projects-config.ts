import { z } from 'zod';
import { secretProblem, secretText, slug } from '../platform/config/schema.js';
import { brandSchema } from './brand.js';

/** The place that a project's apps reported to before. The key is not to be shown. */
export interface ForwardTarget {
  /** Without a slash at the end. */
  readonly base: string;
  readonly projectId: string;
  readonly key: string;
}

/** A DSN of Sentry's form, `https://KEY@HOST[/PATH]/PROJECT`. */
const dsn = secretText.pipe(
  z.string().transform((text, context): ForwardTarget => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const [, path = '', projectId = ''] = /^(.*)\/(\d+)$/.exec(url?.pathname ?? '') ?? [];
    if (url && /^https?:$/.test(url.protocol) && /^[\w-]+$/.test(url.username) && projectId !== '')
      return { base: `${url.protocol}//${url.host}${path}`, projectId, key: url.username };
    secretProblem(context, 'must be a DSN like https://KEY@sentry.example/4');
    return z.NEVER;
  }),
);

/** The `projects` section: the apps that send events. */
export const projectsSchema = z
  .array(
    z.strictObject({
      slug,
      name: z.string().min(1).max(100),
      /** The list of customers whose ids this project uses; a project that names none has one of its own, named by its slug. */
      directory: slug.optional(),
      /** Where accepted bodies of Sentry SDKs are relayed to: the DSN that the apps used before. */
      forward: dsn.optional(),
      /** How it looks to customers in mails and on their pages. */
      brand: brandSchema.prefault({}),
      /** Beyond `eventsPerMinute` (for each process) payloads are let go; events still count. */
      limits: z.strictObject({ eventsPerMinute: z.number().int().min(1).default(600_000) }).prefault({}),
    }),
  )
  .min(1)
  .refine((list) => new Set(list.map((one) => one.slug)).size === list.length, 'two projects have the same slug')
  .superRefine((list, context) => {
    const own = new Set(list.filter((one) => one.directory === undefined).map((one) => one.slug));
    for (const [at, { directory }] of list.entries()) {
      if (directory === undefined || !own.has(directory)) continue;
      const message = `project "${directory}" has this directory for itself; give it "directory: ${directory}", too, if the two share customer ids`;
      context.addIssue({ code: 'custom', path: [at, 'directory'], message });
    }
  });

export type ProjectsConfig = z.output<typeof projectsSchema>;

/** Injection token of the `projects` section. */
export const PROJECTS_CONFIG = Symbol('projects-config');
