import { type Channel } from '../customers/customer.js';
import { refusedNumber } from '../outreach/algorithm/number-rules.js';
import { type Gateway, type SendResult } from './gateway.js';
import { outgoing } from './outgoing.js';

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

/** Words of a test by language and script; whoever reads another language reads English. */
const WORDS: Readonly<Record<string, { subject: string; body: string }>> = {
  en: {
    subject: '[TEST] A message from Forewarn',
    body: '[TEST] This message tries the way that messages to customers take. No customer got it, and nothing is wrong.',
  },
  'zh-Hans': {
    subject: '[测试] 来自 Forewarn 的消息',
    body: '[测试] 这条消息用于检验发给客户的通道是否畅通。没有客户收到它，也没有任何故障。',
  },
  'zh-Hant': {
    subject: '[測試] 來自 Forewarn 的訊息',
    body: '[測試] 這則訊息用於檢驗發給客戶的通道是否暢通。沒有客戶收到它，也沒有任何故障。',
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

/** Sends one marked message through a gateway. It is no message of a campaign: it stands in no list and counts for nobody. */
export async function sendTest(gateway: Gateway, test: TestMessage, base: string, now: Date): Promise<SendResult> {
  const { language, script } = new Intl.Locale(test.locale).maximize();
  const { subject, body } = WORDS[`${language}-${script}`] ?? WORDS['en'] ?? { subject: '', body: '' };
  const about = { id: test.id, locale: test.locale, linkToken: 'test' };
  return gateway.send(outgoing(about, { channel: test.channel, address: test.to, subject, body }, { base }, now), now);
}
