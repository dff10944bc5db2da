import { z } from 'zod';
import { slug } from '../platform/config/schema.js';
import { messageOf } from '../platform/errors.js';

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

/** A text as a pattern for everywhere in a text; one that matches nothing at all would hide between all letters. */
const hiddenPattern = z
  .string()
  .min(1)
  .max(500)
  .transform((source, context) => {
    try {
      const pattern = new RegExp(source, 'gu');
      if (!pattern.test('')) return pattern;
      context.addIssue({ code: 'custom', message: `"${source}" matches an empty text` });
    } catch (error) {
      context.addIssue({ code: 'custom', message: messageOf(error) });
    }
    return z.NEVER;
  });
const keyName = z
  .string()
  .regex(/[\p{L}\p{N}]/u, 'needs a letter or digit')
  .max(64);

/** The `scrubbing` section: what is taken out before anything is stored, beside what is known as secret anyway. */
export const scrubbingSchema = z.strictObject({
  hideKeys: z.array(keyName).max(500).default([]),
  keepKeys: z.array(keyName).max(500).default([]),
  hidePatterns: z.array(hiddenPattern).max(50).default([]),
});

export type ProjectsConfig = z.output<typeof projectsSchema>;

/** Injection token of the `projects` section. */
export const PROJECTS_CONFIG = Symbol('projects-config');
