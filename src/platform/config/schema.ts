import { z } from 'zod';
import { parseDuration } from '../duration.js';

/** A duration as Prometheus writes it (`90s`, `10m`, `1h30m`), read into milliseconds. */
export const duration = z
  .string()
  .describe('a duration like 90s, 10m or 1h30m')
  .transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms > 0) return ms;
    context.addIssue({ code: 'custom', message: `"${text}" is not a duration; write it like 90s, 10m or 1h30m` });
    return z.NEVER;
  });

/** A time of day `HH:MM`, read into minutes since midnight. */
export const timeOfDay = z
  .string()
  .describe('a time of day like "21:00", in quotes')
  .transform((text, context) => {
    const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
    if (match) return Number(match[1]) * 60 + Number(match[2]);
    context.addIssue({ code: 'custom', message: `"${text}" is not a time of day; write it like "21:00", in quotes` });
    return z.NEVER;
  });

/** A share as people write it (`10%`, `0.3%`), read into a number from above 0 to 1. */
export const percent = z
  .string()
  .describe('a share like 10%')
  .transform((text, context) => {
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

/** Hosts of this machine, to which plain `http://` is as good. */
export const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/i;

/**
 * A text that may name environment variables, as `$NAME` or `${NAME}`, so that secrets stand outside the file. A variable that is not set is a
 * problem of the configuration.
 */
export const secretText = z
  .string()
  .min(1)
  .max(10_000)
  .transform((text, context) =>
    text.replace(/\$(?:\{([A-Z][A-Z0-9_]*)\}|([A-Z][A-Z0-9_]*))/g, (_, braced?: string, bare?: string) => {
      const name = braced ?? bare ?? '';
      const value = process.env[name];
      if (!value) secretProblem(context, `names $${name}, which is not set in the environment`);
      return value ?? '';
    }),
  );

/** A secret of Standard Webhooks. */
export const signingSecret = secretText.pipe(
  z.string().superRefine((text, context) => {
    if (!/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/.test(text))
      secretProblem(context, 'must be whsec_ and at least 24 bytes in base64');
  }),
);

/** Adds a problem with a value that is not to be quoted. */
export function secretProblem(
  context: { addIssue(issue: { code: 'custom'; message: string; path?: PropertyKey[]; params: object }): void },
  message: string,
  path?: PropertyKey[],
): void {
  context.addIssue({ code: 'custom', message, ...(path && { path }), params: { secret: true } });
}
