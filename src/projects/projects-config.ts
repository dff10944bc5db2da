import { z } from 'zod';
import { slug } from '../platform/config/schema.js';

/** The `projects` section: the apps that send events. */
export const projectsSchema = z
  .array(
    z.strictObject({
      slug,
      name: z.string().min(1).max(100),
      /** Beyond `eventsPerMinute` (for each process) payloads are let go; events still count. */
      limits: z.strictObject({ eventsPerMinute: z.number().int().min(1).default(600_000) }).prefault({}),
    }),
  )
  .min(1)
  .refine((list) => new Set(list.map((one) => one.slug)).size === list.length, 'two projects have the same slug');

export type ProjectsConfig = z.output<typeof projectsSchema>;

/** Injection token of the `projects` section. */
export const PROJECTS_CONFIG = Symbol('projects-config');
