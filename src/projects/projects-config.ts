import { z } from 'zod';
import { slug } from '../platform/config/schema.js';

/** The `projects` section: the apps that send events. */
export const projectsSchema = z
  .array(
    z.strictObject({
      slug,
      name: z.string().min(1).max(100),
      /** The list of customers whose ids this project uses; a project that names none has one of its own, named by its slug. */
      directory: slug.optional(),
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
