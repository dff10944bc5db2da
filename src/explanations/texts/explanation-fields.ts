import { z } from 'zod';
import { fillProblem } from '../algorithm/render.js';

/** Plain text of at most so many characters, in which only these names are filled in. */
export const words = (longest: number, ...names: readonly string[]) =>
  z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .superRefine((text, context) => {
      const problem = fillProblem(text, names);
      if (problem) context.addIssue({ code: 'custom', message: problem });
    });

/** Texts of an explanation, with what each may hold. */
export const explanationFields = {
  title: words(200, 'since'),
  body: words(2000, 'since'),
  workaround: words(1000, 'since'),
  nextUpdate: words(500, 'since'),
  fixed: words(2000, 'since', 'fixedAt'),
};
