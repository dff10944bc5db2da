/** A page of a list. */
interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

/** The parts of the API's answers that the demo reads. */
export interface IssueView {
  readonly id: string;
  readonly title: string;
  readonly events: number;
  readonly customers: number;
  readonly firstRelease: string | null;
}
export interface IncidentView {
  readonly id: string;
  readonly status: string;
  readonly severity: string;
  readonly title: string;
  readonly openedAt: string;
  readonly issues: readonly string[];
  readonly timeline?: readonly { readonly kind: string; readonly details: Readonly<Record<string, unknown>> }[];
}
export interface CampaignView {
  readonly id: string;
  readonly kind: 'notice' | 'resolved';
  readonly wave: number;
  readonly state: string;
}
export interface MessageView {
  readonly id: string;
  readonly customer: { readonly externalId: string } | null;
  readonly kind: 'notice' | 'resolved';
  readonly audience: 'affected' | 'atRisk';
  readonly channel: 'sms' | 'email' | null;
  readonly locale: string;
  readonly state: string;
  readonly stateReason: string | null;
  readonly address: string | null;
  readonly subject: string | null;
  readonly body: string | null;
  readonly attempts: number;
  readonly sentAt: string | null;
}
export interface CausesView {
  readonly items: readonly { readonly words: string }[];
  readonly atRisk: {
    readonly size: number;
    readonly expectedHitRate: number;
    readonly measured: { readonly hit: number; readonly of: number } | null;
  } | null;
}
export interface MatchView {
  readonly match: 'confident' | 'possible' | 'none';
  readonly items: readonly {
    readonly answerId: string;
    readonly title: string;
    readonly body: string;
    readonly workaround: string | null;
  }[];
}
export interface ContactView {
  readonly id: string;
  readonly incidentId: string | null;
  readonly asked: number;
}
export interface HandOverView {
  readonly id: string;
  readonly line: string;
}
export interface ContextView {
  readonly incidents: readonly { readonly evidence: { readonly events: number; readonly firstAt: string } | null }[];
  readonly messages: readonly { readonly channel: string | null; readonly state: string }[];
  readonly contacts: readonly { readonly channel: string; readonly text: string }[];
  readonly unresolved: readonly { readonly words: string }[];
}
export interface BotExplanationView {
  readonly hit: boolean;
  readonly evidence: { readonly events: number } | null;
  readonly locale: string;
  readonly title: string;
  readonly body: string;
  readonly workaround: string | null;
}

/** The daemon's API as ops and bots call it: over HTTP, with a token. */
export class Api {
  constructor(
    readonly base: string,
    private readonly token: string,
    private readonly signal: AbortSignal,
  ) {}

  /** The text at a path. */
  async text(path: string): Promise<string> {
    return this.call('GET', path);
  }

  /** The JSON at a path. */
  async get<T>(path: string): Promise<T> {
    return JSON.parse(await this.call('GET', path)) as T;
  }

  /** Sends JSON, or a string as `contentType`. */
  async send<T>(method: 'PUT' | 'POST' | 'PATCH', path: string, body: unknown, contentType?: string): Promise<T> {
    const content = typeof body === 'string' ? body : JSON.stringify(body);
    return JSON.parse(await this.call(method, path, content, contentType ?? 'application/json')) as T;
  }

  /** All items of a list, page by page. */
  async all<T>(path: string): Promise<T[]> {
    const items: T[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const next: Page<T> = await this.get(
        `${path}${path.includes('?') ? '&' : '?'}limit=200${cursor && `&cursor=${cursor}`}`,
      );
      items.push(...next.items);
      cursor = next.nextCursor;
    }
    return items;
  }

  /** All messages of an incident, notices first. */
  async messages(incidentId: string): Promise<MessageView[]> {
    const campaigns = await this.all<CampaignView>(`/v1/campaigns?incident=${incidentId}`);
    const messages = [];
    for (const { id } of campaigns.reverse())
      messages.push(...(await this.all<MessageView>(`/v1/campaigns/${id}/messages`)));
    return messages;
  }

  private async call(method: string, path: string, body?: string, contentType?: string): Promise<string> {
    const headers = { authorization: `Bearer ${this.token}`, ...(contentType && { 'content-type': contentType }) };
    const response = await fetch(this.base + path, { method, headers, body, signal: this.signal });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${text}`);
    return text;
  }
}
