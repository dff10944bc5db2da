import { createHmac } from 'node:crypto';
import { signWebhook } from '../../platform/http/webhook-signature.js';
import { type TeamKind, type TeamPlace } from '../team-config.js';
import { type News } from './news.js';
import { wordsOf } from './words.js';

/** A request as a place takes it. */
interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** News told in one post. */
export interface Bundle {
  /** The same on every attempt to tell the same news. */
  readonly id: string;
  readonly news: readonly News[];
  /** Where ops look: the start of links. */
  readonly base: string;
  readonly now: Date;
}

/** How one kind of place is written to. */
export interface Form {
  post(place: TeamPlace, bundle: Bundle): Post;
  /** Whether an answer of status 200 says that the post was taken. */
  isTaken(answer: Readonly<Record<string, unknown>>): boolean;
}

const slack: Form = {
  post: ({ url }, bundle) => json(url, { text: textOf(bundle) }),
  isTaken: () => true,
};

/** https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot: the key is the signed text, and nothing is signed with it. */
const feishu: Form = {
  post: ({ url, secret }, bundle) => {
    const timestamp = String(Math.floor(bundle.now.getTime() / 1000));
    const sign = secret && createHmac('sha256', `${timestamp}\n${secret}`).update('').digest('base64');
    return json(url, { ...(sign && { timestamp, sign }), msg_type: 'text', content: { text: textOf(bundle) } });
  },
  isTaken: ({ code = 0 }) => code === 0,
};

/** https://open.dingtalk.com/document/robots/customize-robot-security-settings: signed in the query, over milliseconds. */
const dingtalk: Form = {
  post: ({ url, secret }, bundle) => {
    const target = new URL(url);
    if (secret) {
      const timestamp = String(bundle.now.getTime());
      target.searchParams.set('timestamp', timestamp);
      const sign = createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64');
      target.searchParams.set('sign', sign);
    }
    return json(target.href, { msgtype: 'text', text: { content: textOf(bundle) } });
  },
  isTaken: ({ errcode = 0 }) => errcode === 0,
};

const wecom: Form = {
  post: ({ url }, bundle) => json(url, { msgtype: 'text', text: { content: textOf(bundle) } }),
  isTaken: ({ errcode = 0 }) => errcode === 0,
};

/** A signed POST after Standard Webhooks; `webhook-id` is the same on every attempt. */
const webhook: Form = {
  post: ({ url, secret }, { id, news, base, now }) => {
    const data = { text: textOf({ news, base }), news: news.map((one) => shown(one, base)) };
    const post = json(url, { type: 'team.news', timestamp: now.toISOString(), data });
    return { ...post, headers: { ...post.headers, ...signWebhook(secret ? [secret] : [], id, post.body, now) } };
  },
  isTaken: () => true,
};

const FORMS: Readonly<Record<Exclude<TeamKind, 'mail'>, Form>> = { slack, feishu, dingtalk, wecom, webhook };

/** How this place is posted to. */
export function formOf(kind: Exclude<TeamKind, 'mail'>): Form {
  return FORMS[kind];
}

/** Subject and text of a mail with the same words. */
export function mailOf({ news, base }: Pick<Bundle, 'news' | 'base'>): { subject: string; text: string } {
  const [first] = news;
  const words = first ? wordsOf(first, base).split(': ')[0]! : 'No news';
  const more = news.length > 1 ? ` (and ${news.length - 1} more)` : '';
  return { subject: `${words}${more}`, text: `${textOf({ news, base })}\n` };
}

function json(url: string, body: object): Post {
  return { url, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

function textOf({ news, base }: Pick<Bundle, 'news' | 'base'>): string {
  return news.map((one) => wordsOf(one, base)).join('\n');
}

function shown(news: News, base: string): object {
  const { event, incidentId, project, severity, customers, campaignId } = news;
  return {
    event,
    incidentId: String(incidentId),
    campaignId: campaignId === null ? null : String(campaignId),
    project,
    severity,
    customers,
    words: wordsOf(news, base),
  };
}
