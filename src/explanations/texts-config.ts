import { z } from 'zod';

const text = z.string().trim().min(1);

/** Words of the pages that customers open. */
const pageTexts = z.strictObject({
  active: text,
  resolved: text,
  since: text,
  workaround: text,
  updates: text,
  stillOpen: text,
  why: text,
  helped: text,
  yes: text,
  no: text,
  thanks: text,
  help: text,
  helpHint: text,
  send: text,
  helpTaken: text,
  helpTooMany: text,
  preferences: text,
  service: text,
  marketing: text,
  sms: text,
  email: text,
  save: text,
  saved: text,
  pause: text,
  pauseFor: text,
  resume: text,
  pausedUntil: text,
  unsubscribe: text,
  unsubscribed: text,
  undo: text,
  undone: text,
  back: text,
  lost: text,
  lostBody: text,
  expired: text,
  expiredBody: text,
  verify: text,
  verifyBody: text,
  code: text,
  check: text,
  ours: text,
  oursBody: text,
  notOurs: text,
  notOursBody: text,
  later: text,
  helpCentre: text,
});

/** One file of `templates/`: everything that customers read in one language, as Liquid templates. */
export const textsSchema = z.strictObject({
  explanation: z.strictObject({
    title: text,
    body: text,
    workaround: text.optional(),
    nextUpdate: text.optional(),
    nextUpdateAt: text,
  }),
  fixed: z.strictObject({ title: text, body: text }),
  others: z.strictObject({ title: text, body: text }),
  othersFixed: z.strictObject({ title: text, body: text }),
  notice: z.strictObject({ sms: text, subject: text, email: text }),
  /** For customers whom the fault has not hit and may hit. */
  atRisk: z.strictObject({ sms: text, subject: text, email: text }),
  /** For the contact of an account, who is told in place of its customers and was perhaps not hit. */
  account: z.strictObject({ sms: text, subject: text, email: text }),
  resolved: z.strictObject({ sms: text, subject: text, email: text }),
  /** Of several incidents in one message; `problem` is one of them in a mail. */
  several: z.strictObject({ sms: text, subject: text, email: text, problem: text }),
  /** The same for customers whom those faults have not hit and may hit. */
  severalAtRisk: z.strictObject({ sms: text, subject: text, email: text }),
  /** For those who were told of several in one message, while they are not over, and at their end. */
  severalUpdate: z.strictObject({ sms: text, subject: text, email: text }),
  severalResolved: z.strictObject({ sms: text, subject: text, email: text }),
  /** For those who were told, while it is not over. */
  update: z.strictObject({ sms: text, subject: text, email: text }),
  /** For those who were told that it was fixed. */
  returned: z.strictObject({ sms: text, subject: text, email: text }),
  /** The question of policies with `askForHelp`: what to answer is a word that replies are read for. */
  askForHelp: z.strictObject({ sms: text, email: text }),
  why: z.strictObject({
    notice: text,
    atRisk: text,
    account: text,
    accountAtRisk: text,
    resolved: text,
    returned: text,
    update: text,
    several: text,
    severalAtRisk: text,
    severalUpdate: text,
    severalResolved: text,
  }),
  /** Parts that stand in several messages. */
  parts: z.strictObject({ stillOpen: text, stop: text, help: text, open: text, close: text }),
  page: pageTexts,
});

/** The texts of one language. */
export type LocaleTexts = z.output<typeof textsSchema>;

/** Texts by locale; the first locale is for customers whose language has no texts. */
export type TextsConfig = ReadonlyMap<string, LocaleTexts>;

/** The `locales` key: which files of `templates/` to load; left out, all of them. */
export const localesSchema = z
  .array(z.string().regex(/^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$/, 'must be a language tag like en, zh or pt-BR'))
  .min(1)
  .optional();

/** Injection token of the texts. */
export const TEXTS_CONFIG = Symbol('texts-config');
