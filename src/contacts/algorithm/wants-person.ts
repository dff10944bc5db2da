import { type Handover } from '../contact.js';

/** Words by which people ask for a person, in the languages that we write and German; a bot's own menu words are not needed. */
const ASKS = [
  /\b(?:speak|talk|chat|connect|transfer|get|give|need|want)\b[^.!?]{0,40}\b(?:human|person|agent|representative|operator|someone|somebody|staff)\b/i,
  /\b(?:real|live|actual)\s+(?:human|person|agent)\b/i,
  /^\s*(?:human|agent|operator|representative)\s*[.!]*\s*$/i,
  /(?:转|轉|找|要|接|联系|聯繫|聯絡|需要|换|換)[^。！？]{0,6}(?:人工|真人|客服|专员|專員|活人)/,
  /^\s*(?:人工|真人|人工客服|真人客服|人工服务|人工服務)\s*[。！!]*\s*$/,
  /\b(?:mensch(?:en)?|mitarbeiter(?:in)?|berater(?:in)?)\b[^.!?]{0,30}\b(?:sprechen|reden|verbinden|verbinde)\b/i,
] as const;

/** True for words that ask for a person. */
export function wantsPerson(text: string): boolean {
  const begin = text.slice(0, 2000);
  return ASKS.some((pattern) => pattern.test(begin));
}

/** Words by which a reply to "do you need help?" says yes; HELP alone is the key word that asks who writes. */
const NEEDS_HELP = [
  /\b(?:still\s+)?need(?:s)?\s+(?:some\s+|more\s+|your\s+)?help\b/i,
  /\b(?:please|can\s+you|could\s+you)\s+help\b|\bhelp\s+me\b/i,
  /\bcall\s+me\b/i,
  /(?:需要|请|請|求|要)[^。！？]{0,4}(?:帮助|幫助|帮忙|幫忙)|(?:帮|幫)(?:帮|幫)?我/,
  /\b(?:brauche|bräuchte)\b[^.!?]{0,20}\bhilfe\b/i,
] as const;

/** True for a reply that asks for help. */
export function wantsHelp(text: string): boolean {
  const begin = text.slice(0, 2000);
  return NEEDS_HELP.some((pattern) => pattern.test(begin));
}

/** Words that say yes to a question, and nothing else. `要` and `需要` answer "do you need". */
const YES = /^(?:yes|yeah|yep|yes please|please|y|ja|ja bitte|是|是的|要|需要|好|好的)$/i;

/** True for a reply that says yes and nothing else: it asks for help where the message asked "do you need help?". */
export function saysYes(text: string): boolean {
  return YES.test(
    text
      .normalize('NFKC')
      .replace(/[^\p{L}\p{N}]+/gu, ' ')
      .trim(),
  );
}

/** Facts by which we say whether a person must take over. */
export interface HandoverFacts {
  readonly wantsPerson: boolean;
  /** How often the customer asked about the same thing, this time included. */
  readonly asked: number;
  readonly stillOpen: boolean;
  readonly matched: boolean;
}

/**
 * Says whether a person must take over: whoever asks for one, and whoever asks again about something that is still open. Where we know nothing
 * that fits, one is offered. Null where the answer that we have may do.
 */
export function handoverFor({ wantsPerson: wants, asked, stillOpen, matched }: HandoverFacts): Handover | null {
  if (wants || (asked > 1 && stillOpen)) return 'required';
  return matched ? null : 'offered';
}

type Writing = 'en' | 'zh-Hans' | 'zh-Hant' | 'de';

const LINES: Readonly<Record<Handover | 'handedOver', Readonly<Record<Writing, string>>>> = {
  required: {
    en: 'We are passing this on to a person, together with what you told us, so you need not say it again.',
    'zh-Hans': '我们正在为您转接人工客服，并附上您说过的内容，您无需重复说明。',
    'zh-Hant': '我們正在為您轉接真人客服，並附上您說過的內容，您無需重複說明。',
    de: 'Wir geben das an einen Menschen weiter, mit allem, was Sie uns gesagt haben; Sie müssen es nicht wiederholen.',
  },
  offered: {
    en: 'If you like, a person looks at this: just say so.',
    'zh-Hans': '如果需要人工客服，请告诉我们。',
    'zh-Hant': '如果需要真人客服，請告訴我們。',
    de: 'Wenn Sie möchten, sieht sich das ein Mensch an: Sagen Sie es einfach.',
  },
  handedOver: {
    en: 'A person has been told, with everything that you told us. They will get back to you.',
    'zh-Hans': '已转交人工客服，并附上您说过的全部内容，客服会与您联系。',
    'zh-Hant': '已轉交真人客服，並附上您說過的全部內容，客服會與您聯繫。',
    de: 'Ein Mensch weiß jetzt Bescheid, mit allem, was Sie uns gesagt haben, und meldet sich bei Ihnen.',
  },
};

/** Line that a customer sees about a hand-over, in their language; English where we do not write it. */
export function lineFor(kind: Handover | 'handedOver', locale: string | null): string {
  return LINES[kind][writingOf(locale ?? '')];
}

function writingOf(locale: string): Writing {
  if (/^de\b/i.test(locale)) return 'de';
  if (!/^zh\b/i.test(locale)) return 'en';
  return /hant|[-_](?:tw|hk|mo)\b/i.test(locale) ? 'zh-Hant' : 'zh-Hans';
}
