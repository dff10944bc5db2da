import { type NearestKind } from '../../explanations/matcher.js';
import { type MatchedWish } from './wish-examples.js';

/** Wish of a customer in a reply. */
export type Wish =
  /** No more messages; `certain` is false for words of their own that a person should look at as well. */
  | { readonly kind: 'stop'; readonly certain: boolean }
  /** No more about this incident alone. */
  | { readonly kind: 'stopThis' }
  | { readonly kind: 'start' }
  /** The key word that asks who writes. */
  | { readonly kind: 'help' }
  /** Somebody is to help with the problem. */
  | { readonly kind: 'needsHelp' }
  /** The problem is over for this customer. */
  | { readonly kind: 'fixed' }
  /** Perhaps no more messages: worth a question back, once. */
  | { readonly kind: 'unclear' }
  | { readonly kind: 'none' };

/**
 * Words that mean "stop" when they are all that is written: those that US rules name (47 CFR 64.1200(a)(12)), those that Twilio takes, those of mainland
 * China and Taiwan (TD and R are what operators there prescribe), and those of German.
 */
const STOP = words(
  'stop stopall unsubscribe cancel end revoke optout quit remove r t td tdx n qx 退订 退定 退訂 取消 取消订阅 取消訂閱 停止 停止发送 停止發送 停止傳送 停止接收 停 退 拒收 不要 td退订 回t退订 回复t 回复r 回复td 回覆t 回覆r stopp abmelden abbestellen austragen 退订全部 全部退订 退訂全部 全部退訂',
);
const THIS = words(
  'this stopthis unsubscribethis onlythis justthis thisonly thisone 仅此 只此 此次 只此次 仅此次 僅此 僅此次 diese nurdiese',
);
/** The same in some more words: "stop this one" in Chinese. */
const THIS_ONE =
  /^(?:请|請)?(?:只|仅|僅)?(?:退订|退訂|停止|取消|拒收)(?:此|本|这|這)(?:次|个|個|条|條)?(?:问题|問題)?$/;
/** `YES` is not among them, though Twilio takes it: it may answer a question of ours. */
const START = words(
  'start unstop resubscribe subscribe 订阅 訂閱 恢复 恢復 开始 開始 重新订阅 重新訂閱 恢复订阅 恢復訂閱 恢复接收 恢復接收 继续接收 繼續接收 重新接收 取消退订 取消退訂 取消拒收 我要恢复订阅 我要恢復訂閱',
);
const HELP = words('help info ? 帮助 幫助 说明 說明 hilfe');

/** Wishes in words of one's own that leave no doubt. What a clause begins with counts, not what a complaint says of the app ("I get no more messages"). */
const CERTAIN: readonly RegExp[] = [
  /\b(?:please )?(?:stop|quit|cease) (?:texting|messaging|contacting|writing|e?-?mailing|sending (?:me|us|these|this|such|any|so many|texts?|messages?|sms|e?-?mails?))\b/i,
  /(?:^|[.!?,;]\s*|\b(?:please|pls|and|just|so) )(?:do not|don'?t|never) (?:text|message|contact|write|send|e?-?mail|sms) (?:to )?(?:me|us|any|this number)\b(?! (?:a|an|the|my|that|it|to)\b)/i,
  /\b(?:take|remove|delete) (?:me|my (?:number|phone)) (?:off|from)\b/i,
  /(?:^|[.!?,;]\s*|\bplease )(?:no more|stop the) (?:texts?|messages?|sms|e?-?mails?)\b/i,
  /\b(?:opt(?:ing)?[ -]?out|unsubscribe me|leave me alone|i (?:want|wish|would like) to (?:unsubscribe|opt out|stop receiving (?:these|your|any|messages|texts)))\b/i,
  /(?:别|不要|请勿|勿)(?:再)?(?:给我|跟我|向我)?(?:发(?![货貨票到往出])|发送|联系|打扰|骚扰)/,
  /(?:別|不要|請勿|勿)(?:再)?(?:給我|跟我|向我)?(?:發(?![货貨票到往出])|發送|傳|寄(?![货貨到往出])|聯繫|聯絡|打擾|騷擾)/,
  /^(?:我要|我想|请|請|帮我|幫我)?(?:退订|退訂|取消订阅|取消訂閱)(?:[了吧。！!,，]|$)/,
  /(?:不想|不愿|不願)(?:再)?(?:收到|接收|看到)(?:你们|你們|这|這|此|短信|簡訊|消息|信息|通知|$)/,
  /(?:请|請|麻烦|麻煩)(?:停止|别再|別再)(?:再)?(?:给我|給我|向我)?(?:发|發|传|傳|寄|推)(?![货貨票到往出])/,
  /\b(?:keine (?:weiteren |mehr )?(?:nachrichten|sms|e-?mails) mehr|bitte keine (?:weiteren )?(?:nachrichten|sms|e-?mails)|(?:melden|nehmen|tragen) sie mich (?:ab|aus|von)|nicht mehr (?:anschreiben|kontaktieren))/i,
];
/** Words that may be such a wish: the customer is taken at them, and a person looks. "Stop" counts where a clause is little more than that. */
const PERHAPS: readonly RegExp[] = [
  /(?:^|[.!?,;]\s*)(?:(?:please|pls|just|now) )*stop(?: (?:it|this|that|now|please|already|immediately|asap|everything|all|bothering|spamming|bugging))*(?=\s*(?:[.!?,;]|$)| i\b| me\b)/i,
  /\b(?:spam(?:ming)?|harass(?:ing|ment)?|go away|wrong number)\b/i,
  /骚扰|騷擾|垃圾(?:短信|信息|簡訊)|烦死|煩死|打错|打錯/,
];
/**
 * Evidence from which on a matched wish is believed: the more harm a mistake does, the more. Who is taken for one that wants no more is told nothing
 * from then on. From `ASKED` on, a wish to stop is asked about. docs/benchmarks.md says what they give.
 */
const BELIEVED: Readonly<Record<MatchedWish, number>> = { stop: 0.15, needsHelp: 0.05, fixed: 0.1 };
const ASKED = -0.05;

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
  if (THIS.has(word) || THIS_ONE.test(word)) return { kind: 'stopThis' };
  if (START.has(word)) return { kind: 'start' };
  if (HELP.has(word)) return { kind: 'help' };
  if (CERTAIN.some((pattern) => pattern.test(plain))) return { kind: 'stop', certain: true };
  return PERHAPS.some((pattern) => pattern.test(plain)) ? { kind: 'stop', certain: false } : { kind: 'none' };
}

/**
 * Reads what matching found for a reply without a key word. Words alone never end messages, since complaints share them ("the payment does not
 * stop"): then, and when in doubt, the customer is asked.
 */
export function wishOf(nearest: NearestKind<MatchedWish> | null): Wish {
  if (!nearest) return { kind: 'none' };
  const { kind, evidence, byMeaning } = nearest;
  const isBelieved = evidence >= BELIEVED[kind];
  if (kind !== 'stop') return { kind: isBelieved ? kind : 'none' };
  if (byMeaning && isBelieved) return { kind, certain: false };
  return { kind: evidence >= ASKED ? 'unclear' : 'none' };
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.split(' '));
}
