import { isSupportedCountry } from 'libphonenumber-js/max';
import { z } from 'zod';
import { type HeadingMap, readHeadingMap } from '../algorithm/headings.js';
import { directoryQuery } from '../algorithm/entry.js';

const map = z
  .string()
  .max(10_000)
  .transform((text, context): HeadingMap => {
    const found = readHeadingMap(text);
    if ('map' in found) return found.map;
    context.addIssue({ code: 'custom', message: found.problem });
    return z.NEVER;
  });

const country = z
  .string()
  .toUpperCase()
  .refine((code) => isSupportedCountry(code), 'is not a country; write its two letters, such as DE or US');

/** How an import is read, as the query of its request or the options of the command say it. */
export const importQuery = directoryQuery.extend({
  map: map.optional(),
  encoding: z.string().max(40).optional(),
  country: country.optional(),
  dryRun: z.stringbool({ truthy: ['true', '1', ''], falsy: ['false', '0'] }).optional(),
  skip: z.coerce.number().int().min(0).optional(),
});
