import { type GatewayReason } from '../gateway.js';

/** Parts of a mail that came back, decoded. */
export interface ReturnedMail {
  readonly subject: string;
  readonly from: string;
  /** `Message-ID` of its own; empty where it is missing. */
  readonly messageId: string;
  /** `In-Reply-To` and `References`; empty where they are missing. */
  readonly answers: string;
  /** `Auto-Submitted` (RFC 3834); empty where it is missing. */
  readonly autoSubmitted: string;
  /** Readable text of the mail, without what it returns. */
  readonly text: string;
  /** `message/delivery-status` (RFC 3464), where there is one. */
  readonly deliveryStatus?: string;
  /** `message/feedback-report` (RFC 5965), where there is one. */
  readonly feedbackReport?: string;
}

/** Meaning of a mail that came back. `status` is an enhanced code (RFC 3463). */
export type Returned =
  | { readonly kind: 'failed'; readonly status: string }
  | { readonly kind: 'delivered' }
  | { readonly kind: 'delayed'; readonly status: string }
  | { readonly kind: 'complaint' }
  /** Neither a bounce nor a complaint: an answer of a person or a machine, or something that we cannot read. */
  | { readonly kind: 'other' };

/** Words of servers that write no report, most telling first. English, German, French, Spanish and Chinese, as such servers send them. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [
    /over ?quota|quota exceeded|exceeded.{0,20}quota|mailbox (?:is )?full|mailbox.{0,30}(?:too large|exceeds)|storage (?:limit|quota)|insufficient (?:system )?storage|out of storage|邮箱已满|空间不足|容量已满|收件箱已满|信箱已滿|空間不足/i,
    '5.2.2',
  ],
  [
    /(?:account|mailbox|user|address).{0,30}(?:disabled|inactive|suspended|deactivated|not active)|(?:已被?|帐号|账号|邮箱)(?:停用|禁用|冻结|注销)|已停用|已注销|已停用|已註銷/i,
    '5.2.1',
  ],
  [
    /no mailbox here by that name|user unknown|unknown user|no such (?:user|mailbox|recipient|address|person)|user (?:does not|doesn't|not) (?:exist|found)|(?:address|account|mailbox|recipient)[^.\n]{0,60}(?:does not|doesn't|not) (?:exist|found)|(?:mailbox|address|account) (?:unavailable|not found|unknown)|recipient (?:address )?(?:rejected|unknown)|not a valid (?:mailbox|user)|address couldn't be found|wasn't found at|(?:does not|doesn't) have an? [\w.-]{1,60} account|(?:adresse|empfänger|postfach)[^.\n]{0,40}nicht (?:gefunden|vorhanden)|unbekannte[rn]? (?:empf|benutz)|utilisateur inconnu|usuario desconocido|(?:收件人|用户|邮箱|帐户|账户|帐号|账号|地址)[^。\n]{0,20}(?:不存在|未找到|无效|錯誤|错误)|(?:收件人|使用者|信箱|帳號)[^。\n]{0,20}(?:不存在|無效)/i,
    '5.1.1',
  ],
  [
    /couldn't find any host|host (?:or domain name )?not found|domain.{0,30}(?:does not|doesn't) exist|no mx|name or service not known|域名不存在|域名错误|domain not found/i,
    '5.1.2',
  ],
  [
    /spam|black ?list|block ?list|blocked|reputation|policy|dmarc|spf (?:check )?fail|unsolicited|rejected by|refused by|垃圾邮件|黑名单|拒收|拒绝|frequency limit|发信频率|退信率|垃圾郵件|黑名單/i,
    '5.7.1',
  ],
  [/too (?:large|big)|exceeds? (?:the )?(?:maximum|size)|超过.{0,10}(?:大小|限制)/i, '5.3.4'],
];
const DELAYED =
  /\bdelayed\b|will (?:be )?(?:retr|continue|keep)|not yet been delivered|still being retried|延迟|延遲|稍后重试/i;
const BOUNCES =
  /mail(?:er)?[- ]?daemon|postmaster|mail delivery (?:system|subsystem)|delivery (?:status|failure|has failed|incomplete)|undeliver|returned (?:mail|to sender)|failure notice|delivery status notification|could not be delivered|unzustellbar|non remis|退信|系统退信|投递失败|無法投遞|无法投递/i;
const ENHANCED = /(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])/;
const REPLY = /(?<!\d)([45]\d\d)(?:[ -]#?([245]\.\d{1,3}\.\d{1,3}))?[ -]/;

/**
 * Reads a mail that came back: a report in the standard form where there is one, otherwise the codes and words that servers write.
 * An automatic answer, such as that somebody is away, is `other`.
 */
export function readReturned(mail: ReturnedMail): Returned {
  if (mail.feedbackReport !== undefined) return complaintOf(mail.feedbackReport);
  if (mail.deliveryStatus !== undefined) return reportOf(mail.deliveryStatus, mail.text);
  if (/^auto-(?:replied|notified)/i.test(mail.autoSubmitted) && !BOUNCES.test(mail.from)) return { kind: 'other' };
  if (!BOUNCES.test(`${mail.from}\n${mail.subject}`) && !/^Hi\. This is the /m.test(mail.text))
    return { kind: 'other' };
  return freeText(mail.text, mail.subject);
}

function complaintOf(report: string): Returned {
  const type = field(report, 'Feedback-Type')?.toLowerCase();
  return type === undefined || type === 'not-spam' || type === 'auth-failure'
    ? { kind: 'other' }
    : { kind: 'complaint' };
}

/** A report about several recipients cannot be ours, which go to one each; the worst counts. */
function reportOf(report: string, text: string): Returned {
  const actions = [...report.matchAll(/^Action:\s*([a-z]+)/gim)].map(([, action = '']) => action.toLowerCase());
  const status = field(report, 'Status') ?? '';
  const diagnostic = field(report, 'Diagnostic-Code') ?? '';
  if (actions.includes('failed') || (actions.length === 0 && status.startsWith('5')))
    return { kind: 'failed', status: tellingStatus(status, diagnostic, text) };
  if (actions.includes('delayed')) return { kind: 'delayed', status: ENHANCED.exec(status)?.[0] ?? '4.0.0' };
  if (actions.includes('delivered')) return { kind: 'delivered' };
  return { kind: 'other' }; // relayed or expanded: nobody knows any more
}

/** The most telling of what a report says: `5.0.0` and its kin say nothing, the receiver's own reply often does. */
function tellingStatus(status: string, diagnostic: string, text: string): string {
  for (const one of [ENHANCED.exec(status)?.[0], ENHANCED.exec(diagnostic)?.[0]])
    if (one !== undefined && !/^[45]\.\d{1,3}\.0$/.test(one)) return one;
  return byWords(`${diagnostic}\n${text}`) ?? ENHANCED.exec(status)?.[0] ?? '5.0.0';
}

function freeText(text: string, subject: string): Returned {
  const enhanced = ENHANCED.exec(REPLY.exec(text)?.[2] ?? '')?.[0] ?? ENHANCED.exec(text)?.[0];
  const words = byWords(text);
  const reply = REPLY.exec(text)?.[1];
  const permanent = enhanced?.startsWith('5') ?? reply?.startsWith('5') ?? words !== undefined;
  if (!permanent && (DELAYED.test(`${subject}\n${text}`) || enhanced?.startsWith('4')))
    return { kind: 'delayed', status: enhanced ?? '4.0.0' };
  if (DELAYED.test(subject)) return { kind: 'delayed', status: enhanced ?? '4.0.0' };
  const telling = enhanced !== undefined && !/^[45]\.\d{1,3}\.0$/.test(enhanced) ? enhanced : undefined;
  return { kind: 'failed', status: telling ?? words ?? enhanced ?? '5.0.0' };
}

function byWords(text: string): string | undefined {
  return WORDS.find(([pattern]) => pattern.test(text))?.[1];
}

/** A field of a report, its continuation lines joined. */
function field(report: string, name: string): string | undefined {
  const found = new RegExp(`^${name}:[ \\t]*(.*(?:\\r?\\n[ \\t]+.*)*)`, 'im').exec(report)?.[1];
  return found?.replace(/\r?\n[ \t]+/g, ' ').trim();
}

/** Consequence of a permanent failure. */
export interface BounceRule {
  readonly reason: GatewayReason;
  /** `now`: never write to the address again; `later`: when it happens three times in seven days. */
  readonly suppress: 'now' | 'later' | 'no';
  /** True: it is about us, not about the person, so the wave stops. */
  readonly stopsWave: boolean;
}

/** Failures within the window after which a mailbox that stays full counts as dead, and the window in days. Common practice of mailing lists; not measured. */
export const FULL_TIMES = 3;
export const FULL_DAYS = 7;

/** The rule for an enhanced code: dead addresses at once, full mailboxes with patience, what is about our reputation never. */
export function bounceRule(status: string): BounceRule {
  const rule = (reason: GatewayReason, suppress: BounceRule['suppress'] = 'no', stopsWave = false) => ({
    reason,
    suppress,
    stopsWave,
  });
  if (['5.1.1', '5.1.10', '5.1.3'].includes(status)) return rule('invalid_recipient', 'now');
  if (status === '5.2.1') return rule('blocked', 'now');
  if (/^[45]\.2\.2$/.test(status)) return rule('mailbox_full', 'later');
  if (status.startsWith('5.7.')) return rule('policy', 'no', true);
  if (status.startsWith('5.1.')) return rule('invalid_recipient');
  if (status === '5.2.3' || status === '5.3.4') return rule('too_large');
  if (status.startsWith('4.')) return rule('deferred');
  return rule('refused');
}
