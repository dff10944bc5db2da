import { z } from 'zod';
import { messageOf } from '../platform/errors.js';

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
