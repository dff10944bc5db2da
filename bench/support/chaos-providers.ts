import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { SMTPServer } from 'smtp-server';

/**
 * Two providers that misbehave, in a process of their own: an emulated Twilio and an SMTP server. Each fault is drawn from the seed, the recipient
 * and the number of the call, so that a run can be made again. Keeps who got what, and says so to its parent.
 * argv: seed, account, token, mean latency (ms), longest time that a late report takes (ms), "hang" or "quick"
 */
const [seed = '1', account = '', token = '', latency = '20', late = '10000', hang = 'quick'] = process.argv.slice(2);

/** Messages between the parent and its child. */
export interface ProviderBooks {
  /** Texts taken, by number. */
  readonly sms: Record<string, number>;
  /** Mails taken, by address. */
  readonly mail: Record<string, number>;
  /** Numbers whose text was reported as not delivered. */
  readonly undelivered: readonly string[];
  readonly faults: Record<string, number>;
  readonly reports: Record<string, number>;
  readonly lists: number;
}

const sms = new Map<string, number>();
const mail = new Map<string, number>();
const undelivered = new Set<string>();
const faults: Record<string, number> = {};
const reports: Record<string, number> = {};
const calls = new Map<string, number>();
const texts = new Map<string, { sid: string; to: string; body: string; at: Date }[]>();
let lists = 0;

const count = (into: Record<string, number>, name: string) => (into[name] = (into[name] ?? 0) + 1);
const note = (into: Map<string, number>, key: string) => into.set(key, (into.get(key) ?? 0) + 1);

/** A number in [0, 1) for a thing of this run. */
function drawn(...thing: (string | number)[]): number {
  return (
    createHash('sha256')
      .update([seed, ...thing].join('|'))
      .digest()
      .readUInt32BE(0) /
    2 ** 32
  );
}

/** The name of the share in which a draw falls; 'none' behind them all. */
function pick<Name extends string>(draw: number, shares: Readonly<Record<Name, number>>): Name | 'none' {
  let left = draw;
  for (const [name, share] of Object.entries(shares) as [Name, number][]) if ((left -= share) < 0) return name;
  return 'none';
}

const TWILIO_FAULTS = {
  createThenReset: 0.04,
  createThenFail: 0.03,
  createThenHang: hang === 'hang' ? 0.01 : 0,
  reset: 0.02,
  fail: 0.02,
  busy: 0.05,
  refuse: 0.01,
};
const SMTP_FAULTS = {
  dropAfterBody: 0.03,
  silentAfterBody: hang === 'hang' ? 0.003 : 0,
  dropDuringBody: 0.03,
  later: 0.04,
  closing: 0.02,
  unknown: 0.01,
};
const REPORTS = { early: 0.2, late: 0.2, twice: 0.2, never: 0.1 };

const twilio = createServer((request, response) => {
  void answer(request, response).catch(() => response.destroy());
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? '/', 'http://twilio.example');
  if (request.method === 'GET') {
    lists++;
    const found = (texts.get(url.searchParams.get('To') ?? '') ?? []).toReversed();
    return reply(response, 200, { messages: found.map(shown), page: 0, page_size: 1000, next_page_uri: null });
  }
  const fields = new URLSearchParams(Buffer.concat(chunks).toString());
  const to = fields.get('To') ?? '';
  note(calls, to);
  const nth = calls.get(to) ?? 0;
  const fault = pick(drawn('twilio', to, nth), TWILIO_FAULTS);
  if (fault !== 'none') count(faults, `twilio ${fault}`);
  await pause(drawn('latency', to, nth) * 2 * Number(latency));
  if (fault === 'reset') return void request.socket.destroy();
  if (fault === 'fail') return reply(response, 500, { status: 500, code: 20500, message: 'fault' });
  if (fault === 'busy') {
    response.setHeader('retry-after', '1');
    return reply(response, 429, { status: 429, code: 20429, message: 'busy' });
  }
  if (fault === 'refuse') return reply(response, 400, { status: 400, code: 21211, message: 'no number' });
  note(sms, to);
  const text = {
    sid: `SM${createHash('md5').update(`${seed}${to}${nth}`).digest('hex')}`,
    to,
    body: fields.get('Body') ?? '',
    at: new Date(),
  };
  texts.set(to, [...(texts.get(to) ?? []), text]);
  const how = pick(drawn('report', to, nth), REPORTS);
  const reporting = report(how, fields.get('StatusCallback') ?? '', text.sid, to);
  if (how === 'early') await reporting;
  if (fault === 'createThenReset') return void request.socket.destroy();
  if (fault === 'createThenHang') return undefined;
  if (fault === 'createThenFail') return reply(response, 500, { status: 500, code: 20500, message: 'fault' });
  reply(response, 201, shown(text));
}

const shown = (one: { sid: string; to: string; body: string; at: Date }) => ({
  sid: one.sid,
  account_sid: account,
  to: one.to,
  body: one.body,
  status: 'sent',
  date_created: one.at.toUTCString().replace('GMT', '+0000'),
});

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Reports what became of a text as a careless provider does: before its answer, much later, twice, in any order, or never. */
async function report(how: string, url: string, sid: string, to: string): Promise<void> {
  count(reports, how === 'none' ? 'once' : how);
  if (how === 'never') return;
  const fails = drawn('undelivered', to) < 0.02;
  if (fails) undelivered.add(to);
  const last: Record<string, string> = fails
    ? { MessageStatus: 'undelivered', ErrorCode: '30005' }
    : { MessageStatus: 'delivered' };
  if (how === 'late') await pause(drawn('late', to) * Number(late));
  else if (how !== 'early') await pause(50);
  const rounds = how === 'twice' ? [last, { MessageStatus: 'sent' }, last] : [{ MessageStatus: 'sent' }, last];
  for (const fields of rounds) await post(url, { MessageSid: sid, To: to, AccountSid: account, ...fields });
}

/** Posts until it is answered, as Twilio does when asked to: an answer that never comes would be a report that never came. */
async function post(url: string, fields: Record<string, string>): Promise<void> {
  const signed = Object.keys(fields)
    .sort()
    .reduce((text, key) => text + key + fields[key], url);
  const headers = {
    'x-twilio-signature': createHmac('sha1', token).update(signed).digest('base64'),
    'content-type': 'application/x-www-form-urlencoded',
  };
  for (let tries = 0; tries < 5; tries++) {
    const answered = await fetch(url, {
      method: 'POST',
      headers,
      body: new URLSearchParams(fields),
      signal: AbortSignal.timeout(5000),
    }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answered) return;
    await pause(1000);
  }
  count(reports, 'refused');
}

const refusal = (code: number, text: string) => Object.assign(new Error(text), { responseCode: code });
const smtp = new SMTPServer({
  disabledCommands: ['STARTTLS', 'AUTH'],
  disableReverseLookup: true,
  hideENHANCEDSTATUSCODES: true,
  onRcptTo: ({ address }, _session, done) => {
    note(calls, address);
    const fault = faultOf(address);
    if (fault === 'later') return done(refusal(451, '4.7.1 Come back later'));
    if (fault === 'closing') return done(refusal(421, '4.3.2 Closing'));
    if (fault === 'unknown') return done(refusal(550, '5.1.1 No such user'));
    return done();
  },
  onData: (stream, session, done) => {
    const address = session.envelope.rcptTo[0]?.address ?? '';
    const fault = faultOf(address);
    if (fault !== 'none') count(faults, `smtp ${fault}`);
    const cut = () => {
      for (const one of smtp.connections as Set<{ id?: string; _socket?: { destroy: () => void } }>)
        if (one.id === session.id) one._socket?.destroy();
    };
    if (fault === 'dropDuringBody') return cut();
    stream.resume();
    stream.on('end', () => {
      note(mail, address);
      if (fault === 'dropAfterBody') return cut();
      if (fault === 'silentAfterBody') return;
      setTimeout(() => done(), drawn('latency', address) * 2 * Number(latency));
    });
  },
});
smtp.on('error', () => undefined);

function faultOf(address: string): keyof typeof SMTP_FAULTS | 'none' {
  return pick(drawn('smtp', address, calls.get(address) ?? 0), SMTP_FAULTS);
}

twilio.listen(0, '127.0.0.1', () => {
  smtp.listen(0, '127.0.0.1', () => {
    const ports = { twilio: (twilio.address() as AddressInfo).port, smtp: (smtp.server.address() as AddressInfo).port };
    process.send?.(ports);
  });
});
process.on('message', () => {
  const books: ProviderBooks = {
    sms: Object.fromEntries(sms),
    mail: Object.fromEntries(mail),
    undelivered: [...undelivered],
    faults,
    reports,
    lists,
  };
  process.send?.(books);
});
process.once('disconnect', () => process.exit(0));
