import { describe, expect, it } from '@jest/globals';
import { answerTo } from './answers.js';
import { readWish } from './wish.js';

const certain = { kind: 'stop', certain: true };

describe('a reply', () => {
  it.each([
    'STOP',
    'stop.',
    ' Stop! ',
    'STOPALL',
    'Stop all',
    'UNSUBSCRIBE',
    'CANCEL',
    'END',
    'REVOKE',
    'OPTOUT',
    'opt-out',
    'QUIT',
    '退订',
    'ＴＤ',
    'td',
    'R',
    'r。',
    '退訂',
    '拒收',
    '"STOP"',
    '停止发送',
    '停止傳送',
    '停',
    '回复T',
    'STOPP',
    'Abmelden',
  ])('%s takes the customer off', (text) => {
    expect(readWish(text)).toEqual(certain);
  });

  it.each([
    'please stop texting me',
    "Don't text me anymore",
    'Do not contact this number again',
    'remove me from your list',
    'leave me alone',
    'No more messages please',
    'I would like to unsubscribe',
    '别再发了',
    '请不要再给我发短信',
    '不要再打扰我',
    '請勿再傳簡訊給我',
    '別再騷擾我',
    '我要退订',
    '不想再收到',
    '請停止傳送',
    '请停止给我发短信',
    'Bitte keine weiteren Nachrichten',
  ])('"%s" takes the customer off, too', (text) => {
    expect(readWish(text)).toEqual(certain);
  });

  it.each(['this is spam', 'STOP please I beg you', '垃圾短信', 'wrong number'])(
    '"%s" takes the customer off and lets a person look',
    (text) => {
      expect(readWish(text)).toEqual({ kind: 'stop', certain: false });
    },
  );

  it.each([
    'Payment stopped working',
    '订单不要了怎么退款',
    'thanks!',
    'I cancelled my order',
    '谢谢',
    '',
    'yes',
    'My end of the line is fine',
    'the payment does not stop loading',
    'can you stop the charge?',
    'I get no more messages from my friends in the chat',
    'you never send me the code',
    "don't send the parcel, I am on holiday",
    '先不要发货',
    '先不要發貨',
    '不要寄到公司',
    '取消订阅会员',
    '请不要退订',
    '不退订',
  ])('"%s" is no wish about messages', (text) => {
    expect(readWish(text)).toEqual({ kind: 'none' });
  });

  it('START, HELP and THIS are understood in each language', () => {
    const starts = ['START', 'unstop', '恢复', '恢復', '恢复订阅', '取消退订', '繼續接收'];
    expect(starts.map((text) => readWish(text).kind)).toEqual(starts.map(() => 'start'));
    expect(['HELP', 'info', '帮助', '幫助', 'Hilfe'].map((text) => readWish(text).kind)).toEqual(Array(5).fill('help'));
    const these = ['THIS', 'Stop this', 'only this', '此次', '只退订这个', '退訂本次', '停止此次', 'nur diese'];
    expect(these.map((text) => readWish(text).kind)).toEqual(these.map(() => 'stopThis'));
  });

  it("is what Twilio's own reading says, where there is one", () => {
    expect(readWish('whatever', 'STOP')).toEqual(certain);
    expect(readWish('stop', 'START')).toEqual({ kind: 'start' });
  });

  it('is answered in the language of the message that it answers', () => {
    expect(answerTo('stop', 'zh-CN')).toContain('短信');
    expect(answerTo('stop', 'zh-TW')).toContain('簡訊');
    expect(answerTo('stop', 'de-AT')).toContain('antworten Sie START');
    expect(answerTo('stop', 'fr')).toContain('reply START');
  });
});
