import { z } from 'zod';

const httpsUrl = z
  .string()
  .max(500)
  .refine((text) => isPlainHttps(text), 'must be an https:// address without a password in it')
  .transform((text) => new URL(text).href);

function isPlainHttps(text: string): boolean {
  const url = /^https:\/\/[^\s"'<>\\]+$/i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === 'https:' && url.username === '' && url.password === '';
}

/** Printable text on one or more lines. */
const plain = (longest: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .refine((text) => !/[^\P{C}\n]/u.test(text), 'must not hold control characters');

/** How a project looks to its customers: the `brand` of a project. */
export const brandSchema = z.strictObject({
  name: plain(100).optional(),
  logo: httpsUrl.optional(),
  colour: z
    .string()
    .regex(/^#([0-9a-f]{3}|[0-9a-f]{6})$/i, 'must be a colour like "#0a7" or "#00aa77", in quotes')
    .optional(),
  help: httpsUrl.optional(),
  replyTo: z
    .string()
    .max(254)
    .regex(/^[^\s@<>,;:"()[\]\\]{1,64}@[^\s@<>,;:"()[\]\\]{1,189}$/, 'must be one mail address like care@shop.example')
    .optional(),
  address: plain(300).optional(),
});

/** A brand with what it does not say filled in. */
export interface Brand {
  readonly name: string;
  /** An image that is the same for everybody. */
  readonly logo: string | null;
  /** `#rgb` or `#rrggbb`. */
  readonly colour: string;
  readonly help: string | null;
  readonly replyTo: string | null;
  readonly address: string | null;
}

/** The colour where a brand has none: a blue that both black and white pages carry. Chosen by judgement. */
const PLAIN_COLOUR = '#1f5fbf';

/** Fills in what a brand leaves out. @param name the name of the project */
export function brandWith(set: z.output<typeof brandSchema>, name: string): Brand {
  return {
    name: set.name ?? name,
    logo: set.logo ?? null,
    colour: set.colour ?? PLAIN_COLOUR,
    help: set.help ?? null,
    replyTo: set.replyTo ?? null,
    address: set.address ?? null,
  };
}
