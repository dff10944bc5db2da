import { PassThrough } from 'node:stream';
import { type IncomingMessage } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { RequestBodies } from './request.bodies.js';

const MB = 1024 * 1024;

function aRequest(): PassThrough & IncomingMessage {
  return Object.assign(new PassThrough({ highWaterMark: 64 * MB }), { headers: {} }) as unknown as PassThrough &
    IncomingMessage;
}

describe('RequestBodies', () => {
  it('gives a body as it came', async () => {
    const bodies = new RequestBodies();
    const request = aRequest();
    const read = bodies.read(request);
    request.write('a');
    request.end('b');
    expect(await read).toEqual({ ok: true, body: Buffer.from('ab') });
  });

  it('refuses one that is larger than 20 MB, whatever it says', async () => {
    const bodies = new RequestBodies();
    const request = aRequest();
    const read = bodies.read(request);
    for (let i = 0; i < 21; i++) request.write(Buffer.alloc(MB));
    expect(await read).toMatchObject({ ok: false, status: 413 });
  });

  it('cuts the large body that came first where many are on their way, and no small one', async () => {
    const bodies = new RequestBodies();
    const small = aRequest();
    const large = [aRequest(), aRequest(), aRequest(), aRequest()];
    const reading = [small, ...large].map((request) => bodies.read(request));
    small.write('a');
    for (const request of large) request.write(Buffer.alloc(17 * MB));
    await nextTurn();
    small.end('b');
    expect(await reading[0]).toMatchObject({ ok: true });
    expect(await reading[1]).toMatchObject({ ok: false, status: 503, outcome: 'unavailable' });
    for (const request of large.slice(1)) request.end();
    for (const one of reading.slice(2)) expect(await one).toMatchObject({ ok: true });
  });

  it('has room again when bodies are released', async () => {
    const bodies = new RequestBodies();
    for (let i = 0; i < 10; i++) {
      const request = aRequest();
      const reading = bodies.read(request);
      request.end(Buffer.alloc(19 * MB));
      const read = await reading;
      expect(read.ok).toBe(true);
      if (read.ok) bodies.release(read.body);
    }
  });

  it('joins a body that comes byte by byte', async () => {
    const bodies = new RequestBodies();
    const request = aRequest();
    const read = bodies.read(request);
    const sent = Array.from({ length: 5000 }, (_, n) => n % 251);
    for (const byte of sent) request.write(Buffer.of(byte));
    request.end();
    expect(await read).toEqual({ ok: true, body: Buffer.from(sent) });
  });

  it('does not wait for a request that broke off before it was asked', async () => {
    const request = aRequest();
    request.destroy();
    expect(await new RequestBodies().read(request)).toMatchObject({ ok: false, status: 400 });
  });
});
