import { z } from 'zod';
import { slug } from '../platform/config/schema.js';

/** Messages by what they say, as the files of texts name their sections. */
export const MESSAGE_SECTIONS = [
  'notice',
  'atRisk',
  'account',
  'several',
  'severalAtRisk',
  'severalUpdate',
  'severalResolved',
  'update',
  'resolved',
  'returned',
] as const;
export type MessageSection = (typeof MESSAGE_SECTIONS)[number];

/** Values of a message that an approved text may hold; the files of texts know them by the same names. */
export const APPROVED_VALUES = [
  'product',
  'area',
  'name',
  'since',
  'title',
  'body',
  'workaround',
  'nextUpdate',
  'news',
  'fixed',
  'stillOpen',
  'count',
  'problems',
  'more',
  'link',
  'domain',
  'code',
] as const;

/** Values that are shown whole or not at all: half a link leads nowhere, and half a date says another. */
export const UNCUT: ReadonlySet<string> = new Set(['link', 'domain', 'code', 'count', 'more', 'since']);

const PLACE = /\{\{\s{0,9}([\w]{1,40})\s{0,9}\}\}/g;

/** Names of the places in an approved text, in order, each once. */
export function placesOf(text: string): string[] {
  return [...new Set([...text.matchAll(PLACE)].map(([, name = '']) => name))];
}

/** Fills the places of an approved text. */
export function fillPlaces(text: string, parameters: Readonly<Record<string, string>>): string {
  return text.replace(PLACE, (_, name: string) => parameters[name] ?? '');
}

const parameter = z
  .union([
    z.enum(APPROVED_VALUES),
    z.strictObject({
      value: z.enum(APPROVED_VALUES),
      /** Characters that the provider takes at most; what is longer is cut. */
      atMost: z.number().int().min(1).max(1600).optional(),
      /** Stands in the place of a value that a message does not have. */
      else: z.string().trim().min(1).max(200).optional(),
    }),
  ])
  .transform((one) => (typeof one === 'string' ? { value: one } : one));

const approvedText = z
  .strictObject({
    kind: z.enum(MESSAGE_SECTIONS),
    locale: z.string(),
    /** Slugs of the projects, and the areas, to which it applies; where left out, all. */
    project: z.union([slug.transform((one) => [one]), z.array(slug).min(1)]).optional(),
    area: z
      .union([
        z
          .string()
          .min(1)
          .transform((one) => [one]),
        z.array(z.string().min(1)).min(1),
      ])
      .optional(),
    /** The provider's name of it; where several gateways share the channel, one by the name of each. */
    id: z.union([z.string().min(1).max(200), z.record(slug, z.string().min(1).max(200))]),
    /** The wording that the provider approved, with its parameters as `{{name}}`: previews show it, and people read it in the history. */
    text: z.string().trim().min(1).max(1600),
    parameters: z.record(z.string().regex(/^\w{1,40}$/, 'must be a name or number'), parameter).default({}),
  })
  .superRefine(({ text, parameters }, context) => {
    const issue = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    const places = placesOf(text);
    if (/\{\{|\}\}/.test(fillPlaces(text, {}))) issue(['text'], 'has braces that do not close');
    for (const name of places)
      if (!Object.hasOwn(parameters, name)) issue(['text'], `{{${name}}} is none of its parameters`);
    for (const name of Object.keys(parameters))
      if (!places.includes(name)) issue(['parameters', name], `{{${name}}} does not stand in its text`);
  });

/** One text that a provider approved. */
export type ApprovedText = z.output<typeof approvedText>;

/** The key `outreach.approvedTexts`: a channel that is named here carries these texts and no others. */
export const approvedTextsSchema = z
  .strictObject({ sms: z.array(approvedText).min(1).max(500).optional() })
  .prefault({});
export type ApprovedTextsConfig = z.output<typeof approvedTextsSchema>;

/** Facts that approved texts are checked against. */
export interface ApprovedAgainst {
  readonly locales: readonly string[];
  readonly projects: readonly string[];
  /** Values by section. */
  readonly variables: Readonly<Record<MessageSection, readonly string[]>>;
  /** Forms of links that policies have. */
  readonly links: ReadonlySet<'signed' | 'domainOnly' | 'none'>;
  /** Names of gateways of the channel that the file sets. */
  readonly gateways: readonly string[];
}

/** A mistake, with its place in `outreach.approvedTexts.sms` and what may stand there. */
export interface ApprovedProblem {
  readonly path: readonly (string | number)[];
  readonly words: string;
  readonly known?: readonly string[];
}

/** Finds mistakes that can only be seen beside the rest of the configuration. */
export function approvedTextProblems(texts: readonly ApprovedText[], against: ApprovedAgainst): ApprovedProblem[] {
  return texts.flatMap(({ kind, locale, project, id, parameters }, at): ApprovedProblem[] => {
    const { locales, projects, gateways } = against;
    const values = against.variables[kind];
    const named = typeof id === 'string' ? gateways : Object.keys(id);
    return [
      ...(locales.includes(locale)
        ? []
        : [{ path: [at, 'locale'], words: `"${locale}" is not one of locales`, known: locales }]),
      ...(project ?? [])
        .filter((one) => !projects.includes(one))
        .map((one) => ({ path: [at, 'project'], words: `there is no project "${one}"`, known: projects })),
      ...gateways
        .filter((one) => !named.includes(one))
        .map((one) => ({ path: [at, 'id'], words: `names no text of gateway "${one}"` })),
      ...named
        .filter((one) => one !== 'twilio' && !gateways.includes(one))
        .map((one) => ({ path: [at, 'id', one], words: `there is no gateway "${one}"`, known: gateways })),
      ...Object.entries(parameters).flatMap(([name, { value, atMost, else: instead }]): ApprovedProblem[] => {
        const path = [at, 'parameters', name];
        if (!values.includes(value))
          return [{ path, words: `a message of kind ${kind} has no ${value}`, known: values }];
        if (instead === undefined && atMost !== undefined && UNCUT.has(value))
          return [{ path, words: `${value} is never cut; say with else what stands there when it is too long` }];
        if (instead === undefined && mayBeMissing(value, against.links))
          return [
            {
              path,
              words: `a message may have no ${value}; say with else what stands there then, since a provider refuses an empty one`,
            },
          ];
        return [];
      }),
    ];
  });
}

function mayBeMissing(value: string, links: ApprovedAgainst['links']): boolean {
  switch (value) {
    case 'link':
      return links.has('domainOnly') || links.has('none');
    case 'domain':
      return links.has('signed') || links.has('none');
    case 'code':
      return links.has('signed') || links.has('domainOnly');
    default:
      return ['area', 'name', 'workaround', 'nextUpdate', 'news', 'stillOpen', 'more'].includes(value);
  }
}
