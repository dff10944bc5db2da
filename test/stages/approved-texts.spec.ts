import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fillApproved, pickApproved } from '../../src/outreach/algorithm/approved-text.js';
import { describeApproved } from '../../src/outreach/algorithm/describe-approved.js';
import { aPhoneCustomer, anotherEvent, phone } from '../support/builders.js';
import { type Outside, startOutside } from '../support/outside.js';
import { hit, incidentWith, messages, told } from '../support/story.js';
import { aConfig, aPolicy } from '../support/test-config.js';
import { type TestDaemon } from '../support/test-daemon.js';

const NOTICE = 'HX00000000000000000000000000000001';
const FIXED = 'HX00000000000000000000000000000002';
const WORDING = '【商城】您好，{{1}}自{{2}}起出现故障，我们正在修复。详情请登录商城官网查看。';
const notice = (about: object = {}) => ({
  kind: 'notice',
  locale: 'zh',
  id: NOTICE,
  text: WORDING,
  parameters: { 1: { value: 'area', atMost: 6, else: '商城' }, 2: { value: 'since', atMost: 20, else: '近期' } },
  ...about,
});
const policies = [aPolicy({ fallback: { after: '1h' } })];
const chinese = (last: number, externalId: string) => aPhoneCustomer(last, { externalId, locale: 'zh-CN' });

describe('a channel whose provider sends approved texts only', () => {
  let forewarn: TestDaemon;
  let outside: Outside;
  beforeEach(async () => {
    outside = await startOutside();
  });
  afterEach(async () => {
    await forewarn.stop();
    await outside.stop();
  });

  const start = (texts: object[], config: object = {}, env: Record<string, string> = outside.env) => {
    outside.twilio.contents.set(NOTICE, WORDING);
    const people = [
      chinese(1, 'c1'),
      aPhoneCustomer(2, { externalId: 'c2' }),
      aPhoneCustomer(3, { externalId: 'c3', email: null }),
    ];
    const about = { outreach: { approvedTexts: { sms: texts } }, policies, ...config };
    return incidentWith(people, { env, config: { incidents: { quietFor: '72h' }, ...about } });
  };

  it('gets the id and the values, shows the approved wording, and leaves languages without a text to the next channel', async () => {
    forewarn = await start([notice()]);
    outside.twilio.now = () => forewarn.clock.now();
    await forewarn.api.patch('/v1/incidents/1', { area: '购物车与结账页面' });
    await forewarn.plan();

    const preview = (await forewarn.api.get('/v1/campaigns/1/preview')).body as {
      samples: { channel: string; locale: string; body: string; approvedText: string | null }[];
      dryRun: { dropped: object[]; texts: { channel: string; approvedText: string | null }[] };
    };
    expect(preview.dryRun.dropped).toEqual([
      {
        reason: 'no_approved_text',
        customers: 1,
        words: expect.stringContaining('approved no text of this kind in the language'),
      },
    ]);
    const sample = preview.samples.find(({ channel }) => channel === 'sms');
    expect(sample).toMatchObject({ locale: 'zh', approvedText: NOTICE });
    expect(sample?.body).toMatch(/^【商城】您好，购物车与结…自.+起出现故障/);

    await forewarn.planAndSend();

    expect(await told(forewarn)).toEqual(['c1 notice sent', 'c2 notice sent', 'c3 notice suppressed no_approved_text']);
    expect((await messages(forewarn)).map(({ channel }) => channel)).toEqual(['sms', 'email', null]);
    const [call] = outside.twilio.createCalls;
    expect(outside.twilio.createCalls).toHaveLength(1);
    expect(call).toMatchObject({ To: phone(1), ContentSid: NOTICE });
    expect(call).not.toHaveProperty('Body');
    expect(JSON.parse(call?.['ContentVariables'] ?? '')).toEqual({ 1: '购物车与结…', 2: expect.stringMatching(/\d/) });
    expect(outside.twilio.messages[0]?.body).toBe(sample?.body);
  });

  it('sends "fixed" on the next channel of a policy with fallback where it has no text for it', async () => {
    forewarn = await start([notice()]);
    await forewarn.planAndSend();
    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });
    await forewarn.planAndSend();

    const fixed = (await messages(forewarn)).filter(({ kind }) => kind === 'resolved');
    expect(fixed.map(({ channel, state }) => `${channel} ${state}`)).toEqual(['email sent', 'email sent']);
    expect(outside.twilio.createCalls).toHaveLength(1);
  });

  it('finds a message in doubt at Twilio by its approved wording', async () => {
    forewarn = await start([notice()]);
    outside.twilio.now = () => forewarn.clock.now();
    outside.twilio.script(phone(1), 'createThenReset');
    await forewarn.planAndSend();
    expect((await messages(forewarn))[0]?.state).toBe('in_doubt');

    forewarn.clock.advance('20m');
    await forewarn.runStage('reconcile');

    expect((await messages(forewarn))[0]).toMatchObject({ state: 'sent', stateReason: 'provider_has_it' });
    expect(outside.twilio.messages).toHaveLength(1);
  });

  it('stops the wave where Twilio knows no such text, and tries no free text in its place', async () => {
    forewarn = await start([notice({ id: FIXED })]);
    await forewarn.planAndSend();

    expect((await forewarn.api.get('/v1/campaigns/1')).body).toMatchObject({ state: 'paused' });
    expect(outside.twilio.messages).toEqual([]);
  });

  it('tells of several incidents one by one where no text was approved for them together', async () => {
    forewarn = await start([notice()], { policies: [aPolicy({ merge: { within: '12h' } })] });
    await forewarn.plan();
    forewarn.clock.advance('3h');
    await hit(forewarn, ['c1'], anotherEvent);
    await forewarn.plan();
    forewarn.clock.advance('13h');
    await forewarn.runStages('campaign', 'dispatch', 'campaign', 'dispatch');

    expect(outside.twilio.sentTo(phone(1))).toHaveLength(2);
    expect((await told(forewarn)).filter((one) => one.startsWith('c1'))).toEqual(['c1 notice sent', 'c1 notice sent']);
  });

  it('goes out as a marked test to oneself', async () => {
    forewarn = await start([notice()]);
    const answer = await forewarn.api.post('/v1/test-messages', { to: phone(9), locale: 'zh-CN' });

    expect(answer.body).toMatchObject({ channel: 'sms', result: 'sent' });
    expect(outside.twilio.messages[0]?.body).toBe(
      '【商城】您好，测试自测试起出现故障，我们正在修复。详情请登录商城官网查看。',
    );
  });

  it('goes another way where the first gateway has no name for the text', async () => {
    const spare = {
      ...{ kind: 'twilio', name: 'spare', accountSid: outside.twilio.accountSid },
      ...{ authToken: outside.twilio.authToken, from: '+15005550006', baseUrl: outside.twilio.url },
    };
    forewarn = await start([notice({ id: { spare: NOTICE } })], {
      delivery: { gateways: [spare], order: { sms: ['twilio', 'spare'] } },
    });
    await forewarn.planAndSend();
    await forewarn.planAndSend();

    const own = (await messages(forewarn)).filter(({ channel }) => channel === 'sms');
    expect(own.map(({ state }) => state)).toEqual(['sent']);
    expect(outside.twilio.createCalls).toHaveLength(1);
  });
});

describe('an approved text', () => {
  const pick = (texts: object[], wanted: object) => {
    const { sms = [] } = aConfig({ outreach: { approvedTexts: { sms: texts } } }).outreach.approvedTexts;
    return pickApproved(sms, { section: 'notice', locale: 'zh', project: 'shop', area: null, ...wanted })?.id;
  };

  it('is the first of its kind and language that fits project and area', () => {
    const texts = [notice({ area: 'checkout', id: 'A' }), notice({ id: 'B' }), notice({ locale: 'en', id: 'C' })];
    expect(pick(texts, { area: 'checkout' })).toBe('A');
    expect(pick(texts, { area: 'search' })).toBe('B');
    expect(pick(texts, {})).toBe('B');
    expect(pick(texts, { locale: 'en' })).toBe('C');
    expect(pick(texts, { section: 'resolved' })).toBeUndefined();
    expect(pick([notice({ project: 'shop', id: 'D' })], { project: 'bank' })).toBeUndefined();
  });

  it('has each value on one line and cut to what the provider takes, never a link', () => {
    const one = (parameters: object) => {
      const text = Object.keys(parameters).map((name) => `{{${name}}}`);
      const { sms = [] } = aConfig({
        outreach: { approvedTexts: { sms: [notice({ parameters, text: text.join('|') })] } },
      }).outreach.approvedTexts;
      if (!sms[0]) throw new Error('no text');
      return fillApproved(sms[0], { title: 'Pay\nfails now', link: 'https://shop.example/i/abc', area: null });
    };
    expect(one({ a: { value: 'title', atMost: 6 } }).parameters).toEqual({ a: 'Pay f…' });
    expect(one({ a: 'title', b: { value: 'area', else: 'shop' } })).toMatchObject({ body: 'Pay fails now|shop' });
    const link = { value: 'link', atMost: 10, else: 'the app' };
    expect(one({ 1: link }).parameters).toEqual({ 1: 'the app' });
    expect(one({ 1: { ...link, atMost: 30 } }).parameters).toEqual({ 1: 'https://shop.example/i/abc' });
  });

  it.each([
    [{ kind: 'notise' }, 'notise'],
    [{ locale: 'fr' }, 'fr'],
    [{ project: 'shpo' }, 'did you mean "shop"?'],
    [{ parameters: { 1: 'news', 2: 'since' } }, 'a message of kind notice has no news'],
    [{ parameters: { 1: 'area', 2: 'since' } }, 'a message may have no area; say with else'],
    [{ parameters: { 1: { value: 'link', atMost: 20 }, 2: 'since' } }, 'link is never cut; say with else'],
    [{ parameters: { 1: 'title', 2: { value: 'since', atMost: 9 } } }, 'since is never cut; say with else'],
    [{ parameters: { 2: 'since' } }, '{{1}} is none of its parameters'],
    [{ parameters: { 1: 'title', 2: 'since', 3: 'title' } }, '{{3}} does not stand in its text'],
    [{ text: '{{1}} {{2}} {{' }, 'braces that do not close'],
    [{ id: { aggregatr: 'X' } }, 'there is no gateway "aggregatr"'],
    [{ id: { twilio: 'X' } }, 'names no text of gateway "aggregator"'],
  ])('that is wrong by %j stops the start with its place', (about, words) => {
    const gateway = { kind: 'http', name: 'aggregator', channel: 'sms', url: 'https://sms.example/send' };
    const load = () =>
      aConfig({ outreach: { approvedTexts: { sms: [notice(about)] } }, delivery: { gateways: [gateway] } });
    expect(load).toThrow(words);
    expect(load).toThrow(/forewarn\.yaml:\d+:\d+: outreach\.approvedTexts\.sms/);
  });

  it('that is missing for what a policy sends is named by the doctor', () => {
    const config = aConfig({
      outreach: { approvedTexts: { sms: [notice(), notice({ locale: 'en', area: 'checkout' })] } },
      policies: [aPolicy({ updates: { every: '4h', atMost: 2 } })],
    });
    expect(describeApproved(config.outreach.approvedTexts.sms ?? [], config.policies, config.locales)).toEqual([
      'notice: approved in zh, en; in en for some projects or areas only',
      'update: none in en, zh, so such customers are told on the next channel of the policy or not at all',
      'resolved: none in en, zh, so such customers are told on the next channel of the policy or not at all',
    ]);
  });
});
