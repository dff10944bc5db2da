import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { aCustomer } from '../support/builders.js';
import { incidentWith } from '../support/story.js';
import { type TestDaemon } from '../support/test-daemon.js';

/** A call that a desk got. */
interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Record<string, unknown>;
}

type Answer = { readonly status?: number; readonly body?: unknown };

let forewarn: TestDaemon;
let server: Server;
let calls: Call[];
afterEach(async () => {
  await forewarn.stop();
  await new Promise((done) => server.close(done));
});

/** A desk that answers as the function says; its URL. */
async function desk(answer: (call: Call) => Answer): Promise<string> {
  calls = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const call: Call = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
      };
      calls.push(call);
      const { status = 200, body = {} } = answer(call);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function asked(handOvers: object, externalId = 'conv-1'): Promise<void> {
  const zoe = aCustomer({ externalId: 'c1', name: 'Zoë Li', email: 'zoe@customer.example', phone: '+4915123456781' });
  forewarn = await incidentWith([zoe], { config: { handOvers } });
  const contact = { channel: 'chat', customer: 'c1', externalId, text: 'The payment spins for ever' };
  const { id } = (await forewarn.api.post('/v1/contacts', contact)).body as { id: string };
  const answer = await forewarn.api.post('/v1/hand-overs', { contactId: id, channel: 'chat', reason: 'notHelped' });
  expect(answer).toMatchObject({ status: 201, body: { delivery: 'pending' } });
}

async function delivery(): Promise<unknown> {
  const { items } = (await forewarn.api.get('/v1/hand-overs')).body as { items: unknown[] };
  return items[0];
}

describe('Zendesk', () => {
  /** Tickets by their external id. */
  const zendesk = (tickets: string[], refuse: () => Answer | undefined = () => undefined) => {
    return ({ method, path, body }: Call): Answer => {
      const refused = refuse();
      if (method === 'GET') {
        const wanted = new URL(path, 'http://x').searchParams.get('external_id');
        return { body: { tickets: [], count: tickets.filter((one) => one === wanted).length } };
      }
      tickets.push((body['ticket'] as { external_id: string }).external_id);
      return refused ?? { status: 201, body: { ticket: { id: 7 } } };
    };
  };

  it('gets one private ticket with the story, from the customer', async () => {
    const url = await desk(zendesk([]));
    await asked({ zendesk: { url, user: 'ops@shop.example', token: 'zd-token' } });
    await forewarn.runStage('hand-over');
    await forewarn.runStage('hand-over');

    const made = calls.filter(({ method }) => method === 'POST');
    expect(made).toHaveLength(1);
    const [ticket] = made;
    expect(ticket?.path).toBe('/api/v2/tickets.json');
    expect(ticket?.headers['authorization']).toBe(
      `Basic ${Buffer.from('ops@shop.example/token:zd-token').toString('base64')}`,
    );
    expect(ticket?.headers['idempotency-key']).toMatch(/^forewarn-[0-9a-f-]{36}$/);
    expect(ticket?.body['ticket']).toMatchObject({
      subject: 'Zoë Li: the explanation did not help (incident 1)',
      comment: { public: false, body: expect.stringContaining('In their words: "The payment spins for ever"') },
      requester: { name: 'Zoë Li', email: 'zoe@customer.example' },
      tags: ['forewarn', 'forewarn_nothelped'],
    });
    const { body } = (ticket?.body['ticket'] as { comment: { body: string } }).comment;
    expect(body).toContain('incident 1 (');
    expect(body).toContain('Unresolved:');
    expect(await delivery()).toMatchObject({ delivery: 'delivered', attempts: 1 });
  });

  it('gets no second ticket when its answer to the first was lost', async () => {
    const tickets: string[] = [];
    let lost = true;
    const url = await desk(zendesk(tickets, () => (lost ? { status: 502 } : undefined)));
    await asked({ zendesk: { url, user: 'ops@shop.example', token: 'zd-token' } });
    await forewarn.runStage('hand-over');
    expect(await delivery()).toMatchObject({ delivery: 'pending', lastFailure: 'http 502' });

    lost = false;
    forewarn.clock.advance('15s');
    await forewarn.runStage('hand-over');
    expect(tickets).toHaveLength(1);
    expect(await delivery()).toMatchObject({ delivery: 'delivered', attempts: 2 });
  });
});

describe('Chatwoot', () => {
  const API = '/api/v1/accounts/3';
  /** A Chatwoot with one conversation, 42, and whatever is begun. */
  const chatwoot = (state: { notes: string[]; people: object[]; failNote?: boolean }) => {
    return ({ method, path, body }: Call): Answer => {
      const at = `${method} ${path.split('?')[0]?.slice(API.length)}`;
      switch (at) {
        case 'GET /conversations/42':
          return { body: { id: 42, status: 'pending' } };
        case 'GET /conversations/conv-1':
          return { status: 404 };
        case 'GET /conversations/42/messages':
        case 'GET /conversations/50/messages':
          return { body: { payload: state.notes.map((content) => ({ id: 1, content })) } };
        case 'POST /conversations/42/messages':
        case 'POST /conversations/50/messages':
          state.notes.push(body['content'] as string);
          return state.failNote ? { status: 500 } : { body: { id: 9 } };
        case 'GET /contacts/search':
          return { body: { payload: state.people } };
        case 'POST /contacts':
          state.people.push({ id: 11, identifier: body['identifier'] });
          return { body: { payload: { contact: { id: 11 }, contact_inbox: { source_id: 's' } } } };
        case 'GET /contacts/11/conversations':
          return { body: { payload: [] } };
        case 'POST /conversations':
          return { body: { id: 50 } };
        case 'POST /conversations/42/toggle_status':
        case 'POST /conversations/50/toggle_status':
          return { body: {} };
        default:
          return { status: 418 };
      }
    };
  };
  const config = (url: string) => ({ chatwoot: { url, account: 3, inbox: 5, token: 'cw-token' } });

  it('gets a private note in the conversation that the contact came from, which is opened for its people', async () => {
    const state = { notes: [], people: [] };
    await asked(config(await desk(chatwoot(state))), '42');
    await forewarn.runStage('hand-over');

    expect(calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `GET ${API}/conversations/42`,
      `GET ${API}/conversations/42/messages`,
      `POST ${API}/conversations/42/messages`,
      `POST ${API}/conversations/42/toggle_status`,
    ]);
    expect(calls[2]?.headers['api_access_token']).toBe('cw-token');
    expect(calls[2]?.body).toMatchObject({ message_type: 'outgoing', private: true });
    expect(String(calls[2]?.body['content'])).toContain('The payment spins for ever');
    expect(calls[3]?.body).toEqual({ status: 'open' });
    expect(await delivery()).toMatchObject({ delivery: 'delivered' });
  });

  it('gets a new contact and conversation for a customer whom it does not know', async () => {
    const state = { notes: [], people: [] };
    await asked(config(await desk(chatwoot(state))));
    await forewarn.runStage('hand-over');

    const made = calls
      .filter(({ method }) => method === 'POST')
      .map(({ path, body }) => [path.slice(API.length), body]);
    expect(made).toMatchObject([
      ['/contacts', { inbox_id: 5, identifier: 'c1', name: 'Zoë Li', email: 'zoe@customer.example' }],
      ['/conversations', { inbox_id: 5, contact_id: 11, status: 'open' }],
      ['/conversations/50/messages', { private: true }],
      ['/conversations/50/toggle_status', { status: 'open' }],
    ]);
    expect(await delivery()).toMatchObject({ delivery: 'delivered' });
  });

  it('gets no second note when its answer to the first was lost', async () => {
    const state = { notes: [] as string[], people: [], failNote: true };
    await asked(config(await desk(chatwoot(state))), '42');
    await forewarn.runStage('hand-over');
    state.failNote = false;
    forewarn.clock.advance('15s');
    await forewarn.runStage('hand-over');

    expect(state.notes).toHaveLength(1);
    expect(await delivery()).toMatchObject({ delivery: 'delivered', attempts: 2 });
  });
});
