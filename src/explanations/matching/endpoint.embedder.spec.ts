import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EndpointEmbedder } from './endpoint.embedder.js';

let server: Server;
let asked: { authorization: string | undefined; model: string; input: string[] };
let reply: (input: string[]) => { status: number; body: string } | undefined;
beforeAll(async () => {
  server = createServer((request, response) => {
    void json(request).then((body) => {
      asked = { ...(body as { model: string; input: string[] }), authorization: request.headers.authorization };
      const answer = reply(asked.input);
      if (answer) response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const embedder = (timeout = 5000) =>
  new EndpointEmbedder({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/embeddings`,
    model: 'bge-m3',
    timeout,
    key: 'secret',
  });
const vectors = (count: number, length = 8) =>
  JSON.stringify({
    data: Array.from({ length: count }, (_, n) => ({
      index: count - 1 - n,
      embedding: Array<number>(length).fill(count - 1 - n),
    })),
  });

describe('the embeddings endpoint', () => {
  it('is asked in its own form, and its answers are put in order', async () => {
    reply = (input) => ({ status: 200, body: vectors(input.length) });
    expect((await embedder().embed(['one', 'two', 'three']))?.map(([first]) => first)).toEqual([0, 1, 2]);
    expect(asked).toEqual({ authorization: 'Bearer secret', model: 'bge-m3', input: ['one', 'two', 'three'] });
  });

  it('gets no address, number or card of a customer', async () => {
    reply = (input) => ({ status: 200, body: vectors(input.length) });
    await embedder().embed([
      'I am mei@shop.example, +49 151 2345678, order 8812345, card 4111 1111 1111 1111, not charged',
    ]);
    expect(asked.input.join()).not.toMatch(/mei@|151|8812345|4111/);
    expect(asked.input.join()).toMatch(/not charged/);
  });

  it.each([
    ['an error', () => ({ status: 500, body: '{}' })],
    ['no JSON', () => ({ status: 200, body: '<html>' })],
    ['too few vectors', () => ({ status: 200, body: vectors(1) })],
    [
      'no numbers',
      () => ({ status: 200, body: '{"data":[{"index":0,"embedding":["a"]},{"index":1,"embedding":[]}]}' }),
    ],
    ['a redirect', () => ({ status: 302, body: '' })],
  ])('counts as away when it answers %s', async (_, answer) => {
    reply = answer;
    expect(await embedder().embed(['one', 'two'])).toBeNull();
  });

  it('counts as away when it does not answer in time', async () => {
    reply = () => undefined;
    expect(await embedder(50).embed(['one'])).toBeNull();
  });
});
