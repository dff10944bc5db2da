import { z } from 'zod';

/** Secret, or the name of an environment variable that holds it, as `$NAME`, so that it stands outside the file. */
const secret = z
  .string()
  .min(1)
  .max(500)
  .transform((text, context) => {
    const [, name] = /^\$\{?([A-Z][A-Z0-9_]*)\}?$/.exec(text) ?? [];
    const value = name === undefined ? text : process.env[name];
    if (value === undefined || value === '')
      context.addIssue({ code: 'custom', message: `names $${name}, which is not set in the environment` });
    else if (!/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/.test(value))
      context.addIssue({ code: 'custom', message: 'must be whsec_ and at least 24 random bytes in base64' });
    return value ?? '';
  });

/**
 * The `handOvers` section: where hand-overs are told. Without a webhook they wait in `GET /v1/hand-overs` alone. `perHour` bounds how many one
 * customer can cause; three by judgement, not measured: half leaves one who calls back unheard, double lets one customer hold a small team.
 */
export const handOversSchema = z.strictObject({
  webhook: z
    .strictObject({
      url: z
        .string()
        .max(2000)
        .refine(
          (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
          'must be a URL that starts with https://',
        ),
      secret,
    })
    .optional(),
  perHour: z.number().int().min(1).max(1000).default(3),
});
export type HandOversConfig = z.output<typeof handOversSchema>;

/** Injection token of the `handOvers` section. */
export const HAND_OVERS_CONFIG = Symbol('hand-overs-config');
