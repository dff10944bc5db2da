import { z } from 'zod';
import { parseDuration } from '../duration.js';

/** A duration as Prometheus writes it (`90s`, `10m`, `1h30m`), read into milliseconds. */
export const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  context.addIssue({ code: 'custom', message: `"${text}" is not a duration; write it like 90s, 10m or 1h30m` });
  return z.NEVER;
});

/** A time of day `HH:MM`, read into minutes since midnight. */
export const timeOfDay = z.string().transform((text, context) => {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (match) return Number(match[1]) * 60 + Number(match[2]);
  context.addIssue({ code: 'custom', message: `"${text}" is not a time of day; write it like "21:00", in quotes` });
  return z.NEVER;
});

/** A share as people write it (`10%`, `0.3%`), read into a number from above 0 to 1. */
export const percent = z.string().transform((text, context) => {
  const share = /^\d{1,3}(\.\d{1,4})?%$/.test(text) ? Number(text.slice(0, -1)) / 100 : 0;
  if (share > 0 && share <= 1) return share;
  context.addIssue({
    code: 'custom',
    message: `"${text}" is not a share; write it like 10%, above 0% and at most 100%`,
  });
  return z.NEVER;
});

/** A name that is safe in URLs, metric labels and file names. */
export const slug = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and hyphens, at most 63');
