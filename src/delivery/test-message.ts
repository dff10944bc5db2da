import { type Channel } from '../customers/customer.js';
import { type ApprovedWords, fillApproved } from '../outreach/algorithm/approved-text.js';
import { refusedNumber } from '../outreach/algorithm/number-rules.js';
import { APPROVED_VALUES, type ApprovedText, type ApprovedTextsConfig } from '../outreach/approved-texts-config.js';
import { type Gateway, type SendResult } from './gateway.js';
import { outgoing, textNameAt } from './outgoing.js';

/** A message that somebody sends to themselves to try the way out. */
export interface TestMessage {
  /** A UUID; providers show it where they show our reference. */
  readonly id: string;
  readonly channel: Channel;
  /** A mail address, or a number in E.164. */
  readonly to: string;
  /** BCP 47. */
  readonly locale: string;
}

/** Words of a test; `mark` stands for each value of an approved text. */
interface TestWords {
  readonly subject: string;
  readonly body: string;
  readonly mark: string;
}

const WORDS_EN: TestWords = {
  subject: '[TEST] A message from Forewarn',
  body: '[TEST] This message tries the way that messages to customers take. No customer got it, and nothing is wrong.',
  mark: 'TEST',
};

/** The same by language and script; whoever reads another language reads English. */
const WORDS: Readonly<Record<string, TestWords>> = {
  'zh-Hans': {
    subject: '[测试] 来自 Forewarn 的消息',
    body: '[测试] 这条消息用于检验发给客户的通道是否畅通。没有客户收到它，也没有任何故障。',
    mark: '测试',
  },
  'zh-Hant': {
    subject: '[測試] 來自 Forewarn 的訊息',
    body: '[測試] 這則訊息用於檢驗發給客戶的通道是否暢通。沒有客戶收到它，也沒有任何故障。',
    mark: '測試',
  },
};

/** The channel that an address belongs to; undefined for what is none. */
export function channelOf(to: string): Channel | undefined {
  if (/^[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+$/.test(to)) return 'email';
  return /^\+[1-9]\d{6,14}$/.test(to) ? 'sms' : undefined;
}

/** Why a test is not sent to an address; undefined where it may be. */
export function testRefusal({ channel, to }: TestMessage): string | undefined {
  if (channelOf(to) !== channel)
    return channel === 'email' ? 'to: is no mail address' : 'to: is no number like +4915112345678';
  return channel === 'sms' && refusedNumber(to, undefined) ? 'to: messages to this number cost extra' : undefined;
}

/** Surroundings of a test. */
interface TestSurroundings {
  /** Our public address. */
  readonly base: string;
  readonly approvedTexts: ApprovedTextsConfig;
}

/**
 * Sends one marked message through a gateway. It is no message of a campaign: it stands in no list and counts for nobody. Where the provider takes
 * approved texts only, it is one of these with a mark in the place of each value.
 */
export async function sendTest(
  gateway: Gateway,
  test: TestMessage,
  { base, approvedTexts }: TestSurroundings,
  now: Date,
): Promise<SendResult> {
  const { language, script } = new Intl.Locale(test.locale).maximize();
  const { subject, body, mark } = WORDS[`${language}-${script}`] ?? WORDS_EN;
  const approved = test.channel === 'sms' ? approvedTest(approvedTexts.sms, test.locale, mark) : undefined;
  const id = approved && textNameAt(approved, gateway.name);
  if (approved && id === undefined)
    return { kind: 'rejected', reason: 'setup', scope: 'setup', code: 'no approved text' };
  const template = approved && id !== undefined ? { id, parameters: approved.parameters } : undefined;
  const about = { id: test.id, locale: test.locale, linkToken: 'test' };
  const content = { channel: test.channel, address: test.to, subject, body: approved?.body ?? body };
  return gateway.send(outgoing(about, content, { base }, now, template), now);
}

/** The approved text for a test: of its language where there is one, a notice before all others. */
function approvedTest(
  texts: readonly ApprovedText[] | undefined,
  locale: string,
  mark: string,
): ApprovedWords | undefined {
  const languageOf = (tag: string) => new Intl.Locale(tag).language;
  const near = texts?.filter((one) => languageOf(one.locale) === languageOf(locale));
  const among = near?.length ? near : texts;
  const text = among?.find(({ kind }) => kind === 'notice') ?? among?.[0];
  return text && fillApproved(text, Object.fromEntries(APPROVED_VALUES.map((name) => [name, mark])));
}
