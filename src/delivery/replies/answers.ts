import { type Wish } from './wish.js';

type Answered = Exclude<Wish['kind'], 'none'>;

/** Answers to replies, in the languages that we write; each says what holds now and how to change it, and nothing else. */
const TEXTS: Readonly<Record<'en' | 'de' | 'zh-Hans' | 'zh-Hant', Readonly<Record<Answered, string>>>> = {
  en: {
    stop: 'You will get no more messages from us at this number. If you meant this problem only, reply THIS. To get messages again, reply START.',
    stopThis: 'You will get no more messages about this problem. To stop all messages, reply STOP.',
    start: 'You will get messages about problems that affect you again. To stop them, reply STOP.',
    help: 'We write only when a problem affects you. To stop all messages, reply STOP. To get them again, reply START.',
    needsHelp: 'We pass your message on to a person, who knows what happened. To stop all messages, reply STOP.',
    fixed: 'Thank you for telling us. To stop all messages, reply STOP.',
    unclear:
      'Do you want no more messages from us? Then reply STOP, or THIS for no more about this problem. A person reads what you wrote.',
  },
  de: {
    stop: 'Sie erhalten unter dieser Nummer keine Nachrichten mehr von uns. Wenn Sie nur diese Störung meinten, antworten Sie DIESE. Um wieder Nachrichten zu erhalten, antworten Sie START.',
    stopThis:
      'Sie erhalten keine Nachrichten mehr über diese Störung. Um alle Nachrichten abzubestellen, antworten Sie STOP.',
    start: 'Sie erhalten wieder Nachrichten, wenn eine Störung Sie betrifft. Um sie abzubestellen, antworten Sie STOP.',
    help: 'Wir schreiben nur, wenn eine Störung Sie betrifft. Um alle Nachrichten abzubestellen, antworten Sie STOP, um sie wieder zu erhalten, START.',
    needsHelp:
      'Wir geben Ihre Nachricht an einen Menschen weiter, der weiß, was geschehen ist. Um alle Nachrichten abzubestellen, antworten Sie STOP.',
    fixed: 'Danke für die Rückmeldung. Um alle Nachrichten abzubestellen, antworten Sie STOP.',
    unclear:
      'Möchten Sie keine Nachrichten mehr von uns? Dann antworten Sie STOP, oder DIESE, wenn Sie nur diese Störung meinen. Ein Mensch liest, was Sie geschrieben haben.',
  },
  'zh-Hans': {
    stop: '您将不再收到我们发到此号码的短信。如果只想停止接收有关此问题的短信，请回复“此次”。如需恢复接收，请回复“恢复”。',
    stopThis: '您将不再收到有关此问题的短信。如需停止接收全部短信，请回复“退订”。',
    start: '已恢复发送，问题影响到您时我们会发短信告知。如需停止接收，请回复“退订”。',
    help: '只有当问题影响到您时，我们才会发送短信。停止接收请回复“退订”，恢复接收请回复“恢复”。',
    needsHelp: '您的留言将转给人工客服，客服了解所发生的情况。停止接收请回复“退订”。',
    fixed: '感谢您告诉我们。停止接收请回复“退订”。',
    unclear:
      '您是不想再收到我们的短信吗？停止接收全部短信请回复“退订”，只停止有关此问题的短信请回复“此次”。您的留言会有人工查看。',
  },
  'zh-Hant': {
    stop: '您將不再收到我們發送到此號碼的簡訊。如果只想停止接收有關此問題的簡訊，請回覆「此次」。如需恢復接收，請回覆「恢復」。',
    stopThis: '您將不再收到有關此問題的簡訊。如需停止接收所有簡訊，請回覆「退訂」。',
    start: '已恢復發送，當問題影響到您時，我們會以簡訊通知。如需停止接收，請回覆「退訂」。',
    help: '只有當問題影響到您時，我們才會發送簡訊。停止接收請回覆「退訂」，恢復接收請回覆「恢復」。',
    needsHelp: '您的留言將轉給真人客服，客服了解所發生的情況。停止接收請回覆「退訂」。',
    fixed: '感謝您告訴我們。停止接收請回覆「退訂」。',
    unclear:
      '您是不想再收到我們的簡訊嗎？停止接收所有簡訊請回覆「退訂」，只停止有關此問題的簡訊請回覆「此次」。您的留言會有專人查看。',
  },
};

/** The answer to a wish in the language of the message that was replied to. */
export function answerTo(wish: Answered, locale: string): string {
  return TEXTS[writingOf(locale)][wish];
}

/** Traditional characters for Taiwan, Hong Kong and Macao, simplified ones for other Chinese; German; English for the rest. */
function writingOf(locale: string): keyof typeof TEXTS {
  if (/^de\b/i.test(locale)) return 'de';
  if (!/^zh\b/i.test(locale)) return 'en';
  return /hant|-(?:tw|hk|mo)\b/i.test(locale) ? 'zh-Hant' : 'zh-Hans';
}
