/** Wish of a customer in a reply. */
export type Wish =
  /** No more messages; `certain` is false for words of their own that a person should look at as well. */
  | { readonly kind: 'stop'; readonly certain: boolean }
  /** No more about this incident alone. */
  | { readonly kind: 'stopThis' }
  | { readonly kind: 'start' }
  | { readonly kind: 'help' }
  | { readonly kind: 'none' };

/**
 * Words that mean "stop" when they are all that is written: those that US rules name (47 CFR 64.1200(a)(12)), those that Twilio takes, and those of mainland
 * China and Taiwan (TD and R are what operators there prescribe).
 */
const STOP = words(
  'stop stopall unsubscribe cancel end revoke optout quit remove r t td tdx n qx 退订 退定 退訂 取消 取消订阅 取消訂閱 停止 拒收 不要 td退订 回t退订',
);
const THIS = words('this 仅此 只此 此次 僅此');
/** `YES` is not among them, though Twilio takes it: it may answer a question of ours. */
const START = words('start unstop resubscribe subscribe 订阅 訂閱 恢复 恢復 开始 開始 重新订阅 重新訂閱');
const HELP = words('help info ? 帮助 幫助 幫助 说明 說明');

/** Wishes in words of one's own that leave no doubt. */
const CERTAIN: readonly RegExp[] = [
  /\b(?:please )?(?:stop|quit|cease) (?:texting|messaging|sending|contacting|writing|e?-?mailing|all)\b/i,
  /\b(?:do not|don'?t|never) (?:text|message|contact|write|send|e?-?mail|sms) (?:to )?(?:me|us|this|any)\b/i,
  /\b(?:take|remove|delete) (?:me|my (?:number|phone|address|name)) (?:off|from)\b/i,
  /\b(?:no more|stop the) (?:texts?|messages?|sms|e?-?mails?)\b/i,
  /\b(?:opt(?:ing)?[ -]?out|unsubscribe me|leave me alone|i (?:want|wish|would like) to (?:unsubscribe|opt out|stop receiving))\b/i,
  /(?:别|不要|请勿|勿)(?:再)?(?:给我|跟我|向我)?(?:发|发送|联系|打扰|骚扰)/,
  /(?:別|不要|請勿|勿)(?:再)?(?:給我|跟我|向我)?(?:發|發送|傳|寄|聯繫|聯絡|打擾|騷擾)/,
  /(?:我要|我想|请|請|帮我|幫我)?(?:退订|退訂|取消订阅|取消訂閱)/,
  /(?:不想|不愿|不願)(?:再)?(?:收到|接收|看到)/,
];
/** Words that may be such a wish: the customer is taken at them, and a person looks. */
const PERHAPS: readonly RegExp[] = [
  /\b(?:stop|unsubscribe|spam|harass|go away|not interested|wrong number)\b/i,
  /骚扰|騷擾|垃圾(?:短信|信息|簡訊)|烦死|煩死|打错|打錯/,
];

/**
 * Reads a reply. A word of the lists counts when it stands alone, whatever its case, width and punctuation; free words count when one of the patterns
 * is in them. When in doubt the customer is taken at the word that stops: a message too few does less harm than one too many.
 * @param optOutType Twilio's own reading (`STOP`, `START`, `HELP`), which wins
 */
export function readWish(text: string, optOutType?: string): Wish {
  if (optOutType === 'STOP') return { kind: 'stop', certain: true };
  if (optOutType === 'START') return { kind: 'start' };
  if (optOutType === 'HELP') return { kind: 'help' };
  const plain = text.normalize('NFKC').trim().toLowerCase();
  const word = plain.replace(/[\s"'.,!。，！、“”‘’()[\]<>*_-]+/g, '');
  if (STOP.has(word)) return { kind: 'stop', certain: true };
  if (THIS.has(word)) return { kind: 'stopThis' };
  if (START.has(word)) return { kind: 'start' };
  if (HELP.has(word)) return { kind: 'help' };
  if (CERTAIN.some((pattern) => pattern.test(plain))) return { kind: 'stop', certain: true };
  return PERHAPS.some((pattern) => pattern.test(plain)) ? { kind: 'stop', certain: false } : { kind: 'none' };
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}
