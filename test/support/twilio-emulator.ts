import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { Arrivals } from './arrivals.js';
import { checkCreate, checkList, type ApiError } from './twilio-parameters.js';

/** A message as the emulator keeps it. */
export interface EmulatedMessage {
  readonly sid: string;
  readonly to: string;
  readonly from: string | null;
  readonly messagingServiceSid: string | null;
  body: string;
  readonly statusCallback: string | null;
  readonly validityPeriod: number | null;
  /** Changed by `postStatus`. */
  status: string;
  errorCode: number | null;
  readonly dateCreated: Date;
  dateSent: Date | null;
}

/** Faults that the next create call for a number meets. */
export type TwilioScript =
  /** An answer with Twilio's JSON; nothing is created. */
  | { readonly status: number; readonly code: number; readonly retryAfter?: number }
  /** An answer that Twilio did not write (a proxy's page); nothing is created. */
  | { readonly status: number; readonly page: string }
  /** The connection is cut before anything is created. */
  | 'reset'
  /** No answer comes, and nothing is created. */
  | 'hang'
  /** The message is created and the connection is cut before the answer. */
  | 'createThenReset'
  /** The message is created and the answer is 500. */
  | 'createThenFail'
  /** The message is created and no answer comes. */
  | 'createThenHang';

/** A number to which Twilio's own test credentials answer with an error (twilio.com/docs/iam/test-credentials). */
const MAGIC_RECIPIENTS: Readonly<Record<string, number>> = {
  '+15005550001': 21211,
  '+15005550002': 21612,
  '+15005550003': 21408,
  '+15005550004': 21610,
  '+15005550009': 21614,
};
const MAGIC_SENDERS: Readonly<Record<string, number>> = {
  '+15005550001': 21212,
  '+15005550007': 21606,
  '+15005550008': 21611,
};

/**
 * A stand-in for Twilio's Messages API on a local port: strict about credentials, parameter names and values, it keeps what it creates,
 * fails on request, and signs its callbacks with the auth token as Twilio does.
 */
export class TwilioEmulator {
  readonly accountSid: string;
  readonly authToken: string;
  /** Every message created, oldest first. */
  get messages(): readonly EmulatedMessage[] {
    return this.arrivals.all;
  }
  /** Every create call, refused ones too, as its parameters. */
  readonly createCalls: Record<string, string>[] = [];
  /** Approved texts of the account by their ContentSid, with places like `{{1}}`; a test sets them. */
  readonly contents = new Map<string, string>();
  /** The clock of the emulator; a test may replace it. */
  now: () => Date = () => new Date();
  private readonly arrivals = new Arrivals<EmulatedMessage>();
  private readonly scripts = new Map<string, TwilioScript[]>();

  private constructor(
    private readonly server: Server,
    account: { accountSid?: string; authToken?: string },
  ) {
    this.accountSid = account.accountSid ?? `AC${randomBytes(16).toString('hex')}`;
    this.authToken = account.authToken ?? randomBytes(16).toString('hex');
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void this.answer(request, response));
  }

  /** Starts on a free port (or on `port`). */
  static async start(
    options: { accountSid?: string; authToken?: string; port?: number } = {},
  ): Promise<TwilioEmulator> {
    const server = createServer();
    const emulator = new TwilioEmulator(server, options);
    await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
    return emulator;
  }

  /** The value for TWILIO_BASE_URL. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Sets what the next create calls for a number meet, one script per call. */
  script(to: string, ...scripts: TwilioScript[]): void {
    this.scripts.set(to, [...(this.scripts.get(to) ?? []), ...scripts]);
  }

  /** The messages created for a number. */
  sentTo(to: string): EmulatedMessage[] {
    return this.messages.filter((message) => message.to === to);
  }

  /** Resolves once at least `count` messages (for `to`, when given) were created; rejects after `timeoutMs`. */
  async waitFor(count: number, options: { to?: string; timeoutMs?: number } = {}): Promise<EmulatedMessage[]> {
    return this.arrivals.waitFor(
      count,
      (message) => options.to === undefined || message.to === options.to,
      options.timeoutMs,
    );
  }

  /** Moves a message to a state and reports it to its StatusCallback, signed; undefined when it has none. */
  async postStatus(message: EmulatedMessage, status: string, errorCode?: number): Promise<Response | undefined> {
    message.status = status;
    message.errorCode = errorCode ?? null;
    if (['sent', 'delivered', 'undelivered'].includes(status)) message.dateSent ??= this.now();
    if (message.statusCallback === null) return undefined;
    return this.postSigned(message.statusCallback, {
      ...this.ids(message.sid),
      SmsStatus: status,
      MessageStatus: status,
      To: message.to,
      ...(message.from === null ? {} : { From: message.from }),
      ...(message.messagingServiceSid === null ? {} : { MessagingServiceSid: message.messagingServiceSid }),
      ...(errorCode === undefined ? {} : { ErrorCode: String(errorCode) }),
    });
  }

  /** Reports an SMS from a customer to a webhook, signed. `optOutType` as Advanced Opt-Out adds it. */
  async postInbound(
    url: string,
    sms: { from: string; to: string; body: string; optOutType?: 'STOP' | 'START' | 'HELP' },
  ): Promise<Response> {
    return this.postSigned(url, {
      ...this.ids(newSid('SM')),
      From: sms.from,
      To: sms.to,
      Body: sms.body,
      NumMedia: '0',
      NumSegments: '1',
      ...(sms.optOutType === undefined ? {} : { OptOutType: sms.optOutType }),
    });
  }

  /** Posts form parameters to a webhook with a valid X-Twilio-Signature. */
  async postSigned(url: string, params: Record<string, string>): Promise<Response> {
    return fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
        'x-twilio-signature': this.sign(url, params),
      },
      body: new URLSearchParams(params).toString(),
    });
  }

  /** The signature of a form request: the URL and then each key and value, keys sorted, keyed by the auth token. */
  sign(url: string, params: Record<string, string>): string {
    const signed = Object.keys(params)
      .sort()
      .reduce((text, key) => text + key + params[key], url);
    return createHmac('sha1', this.authToken).update(signed, 'utf8').digest('base64');
  }

  /** Stops at once, cutting connections that hang. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  private ids(sid: string): Record<string, string> {
    return { AccountSid: this.accountSid, MessageSid: sid, SmsSid: sid, ApiVersion: '2010-04-01' };
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const url = new URL(request.url ?? '/', this.url);
    const denied = this.authorize(request, url.pathname);
    if (denied) return replyError(response, denied);
    const resource = url.pathname.slice(`/2010-04-01/Accounts/${this.accountSid}`.length);
    const route = `${request.method} ${resource}`;
    if (route === 'GET .json') return replyJson(response, 200, this.account());
    if (route === 'POST /Messages.json') return this.create(request, response, body);
    if (route === 'GET /Messages.json') return this.list(response, url);
    const sid = /^GET \/Messages\/(\w+)\.json$/.exec(route)?.[1];
    const message = this.messages.find((candidate) => candidate.sid === sid);
    if (message) return replyJson(response, 200, this.toJson(message));
    return replyError(response, { status: 404, code: 20404, message: 'The requested resource was not found' });
  }

  private authorize(request: IncomingMessage, path: string): ApiError | undefined {
    const expected = `Basic ${Buffer.from(`${this.accountSid}:${this.authToken}`).toString('base64')}`;
    if (request.headers.authorization !== expected) return { status: 401, code: 20003, message: 'Authenticate' };
    if (path.startsWith(`/2010-04-01/Accounts/${this.accountSid}`)) return undefined;
    return { status: 404, code: 20404, message: 'The requested resource was not found' };
  }

  private create(request: IncomingMessage, response: ServerResponse, body: string): void {
    const params = new URLSearchParams(body);
    const fields = Object.fromEntries(params);
    this.createCalls.push(fields);
    const refused =
      checkCreate(request.headers['content-type'], params) ?? magicError(fields) ?? this.contentError(fields);
    if (refused) return replyError(response, refused);
    const script = this.scripts.get(fields['To'] ?? '')?.shift();
    if (script === 'reset') return void request.socket.resetAndDestroy();
    if (script === 'hang') return;
    if (typeof script === 'object') return replyScripted(response, script);
    const message = this.store(fields);
    if (script === 'createThenReset') return void request.socket.resetAndDestroy();
    if (script === 'createThenHang') return;
    if (script === 'createThenFail')
      return replyError(response, { status: 500, code: 20500, message: 'Internal error' });
    return replyJson(response, 201, this.toJson(message));
  }

  private store(fields: Record<string, string>): EmulatedMessage {
    const message: EmulatedMessage = {
      sid: newSid(fields['MediaUrl'] === undefined ? 'SM' : 'MM'),
      to: fields['To'] ?? '',
      from: fields['From'] ?? null,
      messagingServiceSid: fields['MessagingServiceSid'] ?? null,
      body: this.bodyOf(fields),
      statusCallback: fields['StatusCallback'] ?? null,
      validityPeriod: fields['ValidityPeriod'] === undefined ? null : Number(fields['ValidityPeriod']),
      status: fields['MessagingServiceSid'] === undefined ? 'queued' : 'accepted',
      errorCode: null,
      dateCreated: this.now(),
      dateSent: null,
    };
    this.arrivals.add(message);
    return message;
  }

  /** An approved text must be there, and each of its places must have a value, and no other may be given. */
  private contentError({ ContentSid: id, ContentVariables: values }: Record<string, string>): ApiError | undefined {
    if (id === undefined) return undefined;
    const text = this.contents.get(id);
    if (text === undefined) return { status: 400, code: 21655, message: `There is no ContentSid ${id}` };
    const wanted = [...new Set([...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name))].sort();
    const given = Object.entries(JSON.parse(values ?? '{}') as Record<string, unknown>);
    const fits = given.every(([, value]) => typeof value === 'string' && value !== '' && !value.includes('\n'));
    const names = given.map(([name]) => name).sort();
    if (fits && JSON.stringify(names) === JSON.stringify(wanted)) return undefined;
    return { status: 400, code: 21656, message: 'The ContentVariables parameter is invalid' };
  }

  private bodyOf({ Body: body = '', ContentSid: id, ContentVariables: values }: Record<string, string>): string {
    if (id === undefined) return body;
    const given = JSON.parse(values ?? '{}') as Record<string, string>;
    return (this.contents.get(id) ?? '').replace(/\{\{(\w+)\}\}/g, (_, name: string) => given[name] ?? '');
  }

  private list(response: ServerResponse, url: URL): void {
    const refused = checkList(url.searchParams);
    if (refused) return replyError(response, refused);
    const query = url.searchParams;
    const size = Number(query.get('PageSize') ?? 50);
    const page = Number(query.get('Page') ?? 0);
    const matching = this.messages.filter((message) => matchesQuery(message, query)).toReversed();
    const shown = matching.slice(page * size, (page + 1) * size);
    const uriOf = (index: number) => {
      const next = new URLSearchParams(query);
      next.set('PageSize', String(size));
      next.set('Page', String(index));
      return `${url.pathname}?${next.toString()}`;
    };
    replyJson(response, 200, {
      messages: shown.map((message) => this.toJson(message)),
      page,
      page_size: size,
      start: page * size,
      end: page * size + Math.max(shown.length - 1, 0),
      uri: `${url.pathname}${url.search}`,
      first_page_uri: uriOf(0),
      next_page_uri: (page + 1) * size < matching.length ? uriOf(page + 1) : null,
      previous_page_uri: page > 0 ? uriOf(page - 1) : null,
    });
  }

  private account() {
    const created = this.now().toUTCString().replace('GMT', '+0000');
    return {
      sid: this.accountSid,
      friendly_name: 'Emulated',
      status: 'active',
      type: 'Full',
      owner_account_sid: this.accountSid,
      date_created: created,
      date_updated: created,
      uri: `/2010-04-01/Accounts/${this.accountSid}.json`,
      subresource_uris: {},
    };
  }

  private toJson(message: EmulatedMessage) {
    const uri = `/2010-04-01/Accounts/${this.accountSid}/Messages/${message.sid}`;
    return {
      sid: message.sid,
      account_sid: this.accountSid,
      api_version: '2010-04-01',
      to: message.to,
      from: message.from,
      messaging_service_sid: message.messagingServiceSid,
      body: message.body,
      status: message.status,
      direction: 'outbound-api',
      date_created: rfc2822(message.dateCreated),
      date_updated: rfc2822(message.dateSent ?? message.dateCreated),
      date_sent: message.dateSent === null ? null : rfc2822(message.dateSent),
      error_code: message.errorCode,
      error_message: null,
      num_media: '0',
      num_segments: '1',
      price: null,
      price_unit: 'USD',
      uri: `${uri}.json`,
      subresource_uris: { media: `${uri}/Media.json` },
    };
  }
}

function magicError(fields: Record<string, string>): ApiError | undefined {
  const code = MAGIC_RECIPIENTS[fields['To'] ?? ''] ?? MAGIC_SENDERS[fields['From'] ?? ''];
  return code === undefined ? undefined : { status: 400, code, message: `Refused for ${fields['To']}` };
}

function replyScripted(response: ServerResponse, script: Extract<TwilioScript, object>): void {
  if ('page' in script) {
    response.writeHead(script.status, { 'content-type': 'text/html' }).end(script.page);
    return;
  }
  if (script.retryAfter !== undefined) response.setHeader('retry-after', String(script.retryAfter));
  replyError(response, { ...script, message: 'Scripted by the test' });
}

function matchesQuery(message: EmulatedMessage, query: URLSearchParams): boolean {
  const day = message.dateSent?.toISOString().slice(0, 10);
  const on = query.get('DateSent')?.slice(0, 10);
  const before = query.get('DateSent<')?.slice(0, 10);
  const after = query.get('DateSent>')?.slice(0, 10);
  return (
    (query.get('To') ?? message.to) === message.to &&
    (query.get('From') ?? message.from) === message.from &&
    (on === undefined || day === on) &&
    (before === undefined || (day !== undefined && day <= before)) &&
    (after === undefined || (day !== undefined && day >= after))
  );
}

function newSid(prefix: 'SM' | 'MM'): string {
  return prefix + randomBytes(16).toString('hex');
}

function rfc2822(date: Date): string {
  return date.toUTCString().replace('GMT', '+0000');
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function replyJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function replyError(response: ServerResponse, error: ApiError): void {
  const { status, code, message } = error;
  replyJson(response, status, { status, code, message, more_info: `https://www.twilio.com/docs/errors/${code}` });
}
