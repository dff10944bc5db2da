import { type Channel } from '../../customers/customer.js';
import { cut, oneLine, render, type TemplateValues, tidyLines } from '../../explanations/reader.js';
import { type ApprovedWords } from '../algorithm/approved-text.js';
import { codeOf } from '../algorithm/message-code.js';
import { type MessageSection } from '../approved-texts-config.js';
import { type Message } from '../campaign.js';
import { type Policy } from '../policy.js';
import { type LocaleTexts } from '../../explanations/texts-config.js';

/** The words of a message as its channel carries them; `subject` is null on channels without one. */
export interface Words {
  readonly subject: string | null;
  readonly body: string;
  /** The text of the provider's that it goes out as, where that takes approved texts only. */
  readonly approved?: ApprovedWords;
}

type Templates = Pick<LocaleTexts['notice'], 'sms' | 'subject' | 'email'>;

/** Rendering of a channel, and the longest text that it carries in UTF-16 units. */
interface ChannelText {
  readonly longest: number;
  readonly write: (templates: Templates, values: TemplateValues) => Words;
}

/** A subject line ends where mail programs stop showing it; RFC 5322, 2.1.1 allows 998 octets, and encoding may triple them. */
const LONGEST_SUBJECT = 200;

/**
 * Every channel. SMS: Twilio takes 1,600 characters (error 21617 beyond). Mail: Gmail shows 102 KB of a message and hides the rest behind a link; a
 * Chinese character takes three bytes.
 */
export const CHANNEL_TEXTS: Readonly<Record<Channel, ChannelText>> = {
  sms: {
    longest: 1600,
    write: (templates, values) => ({ subject: null, body: oneLine(render(templates.sms, values)) }),
  },
  email: {
    longest: 30_000,
    write: (templates, values) => ({
      subject: cut(oneLine(render(templates.subject, values)), LONGEST_SUBJECT),
      body: tidyLines(render(templates.email, values)),
    }),
  },
};

/**
 * The link of a message: the customer's own page, or in an SMS what the policy puts in its place: the bare domain, or nothing, where the template says
 * where to look. A mail keeps its link, since its opt-out leads there.
 */
export function linkValues(
  channel: Channel,
  links: Policy['links'],
  base: string,
  { id, linkToken }: Pick<Message, 'id' | 'linkToken'>,
): { readonly link: string | null; readonly domain: string | null; readonly code: string | null } {
  if (channel === 'sms' && links === 'none') return { link: null, domain: null, code: codeOf(id) };
  if (channel === 'sms' && links === 'domainOnly') return { link: null, domain: new URL(base).host, code: null };
  return { link: `${base}/i/${linkToken}`, domain: null, code: null };
}

/** Values that a person wrote and that may be shortened, the least needed first. The link and the reason stay whole. */
const SHORTENED = ['workaround', 'nextUpdate', 'news', 'problems', 'body', 'title', 'name', 'area', 'product'] as const;

/**
 * The section of the texts that a message is written from: who was hit reads that it did happen, who is at risk that it may, the contact of an account
 * that it happened to its people, and all read the same end.
 */
export function sectionOf({
  kind,
  audience,
  account = null,
}: Pick<Message, 'kind' | 'audience'> & Partial<Pick<Message, 'account'>>): Exclude<
  MessageSection,
  `several${string}`
> {
  if (kind !== 'notice') return kind;
  if (audience === 'at_risk') return 'atRisk';
  return account === null ? 'notice' : 'account';
}

/** Writes a message for its channel. What is too long loses the ends of what people wrote, never the link at its end. */
export function writeWords(channel: Channel, templates: Templates, values: TemplateValues): Words {
  const { longest, write } = CHANNEL_TEXTS[channel];
  let words = write(templates, values);
  let shorter = values;
  for (const key of SHORTENED) {
    const over = words.body.length - longest;
    if (over <= 0) return words;
    const value = shorter[key];
    if (!value) continue;
    shorter = { ...shorter, [key]: cut(value, Math.max(0, value.length - over)) || null };
    words = write(templates, shorter);
  }
  return { ...words, body: cut(words.body, longest) };
}
