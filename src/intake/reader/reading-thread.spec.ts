import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ROUTES } from '../../events/protocols.js';
import { createLogger } from '../../platform/logging/logger.js';
import { ReadingThread } from './reading-thread.js';
import { type RawBody } from './separated-body.js';

/** A thread that gives each body back as an id, leaves those that say so, and falls over one. */
const THREAD = `
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', ({ requests, bodies }) => {
    let from = 0;
    const texts = requests.map(({ length }) => Buffer.from(bodies, (from += length) - length, length).toString());
    if (texts.includes('fall over')) throw new Error('fell over');
    const found = texts.map((text) => text === 'leave' ? null : { rest: {}, events: [{ eventId: text, facts: {}, from: 0, length: 0 }] });
    parentPort.postMessage(JSON.stringify(found));
  });
`;

describe('the reading thread', () => {
  let thread: ReadingThread;
  let started = 0;
  afterEach(() => thread.close());
  const start = () => {
    started = 0;
    thread = new ReadingThread(() => {
      started += 1;
      return new Worker(THREAD, { eval: true });
    }, createLogger('silent'));
  };
  const sent = (text: string): RawBody => ({
    route: ROUTES[0]!,
    contentType: undefined,
    encoding: undefined,
    receivedAt: 0,
    body: Buffer.from(text),
  });
  const read = async (text: string) => (await thread.separate(sent(text)))?.events[0]?.eventId;

  it('answers every body with its own events, in whatever numbers they come', async () => {
    start();
    const texts = Array.from({ length: 100 }, (_, n) => `body ${n}`);
    const answers = Promise.all(texts.map(read));
    expect(thread.waiting).toBe(100);
    expect(await answers).toEqual(texts);
    expect(thread.waiting).toBe(0);
  });

  it('leaves to the caller what the thread leaves, and what is large', async () => {
    start();
    expect(await Promise.all([read('one'), read('leave'), read('x'.repeat(200_000)), read('two')])).toEqual([
      'one',
      undefined,
      undefined,
      'two',
    ]);
  });

  it('bounds the bytes that wait', async () => {
    start();
    const large = 'x'.repeat(120_000);
    const answers = await Promise.all(Array.from({ length: 200 }, () => read(large)));
    const left = answers.filter((one) => one === undefined).length;
    expect(left).toBeGreaterThan(0);
    expect(answers.length - left).toBe(Math.floor((16 * 1024 * 1024) / large.length));
  });

  it('leaves everything to the caller when the thread falls over, and starts another', async () => {
    start();
    expect(await Promise.all([read('one'), read('fall over'), read('two')])).toEqual([undefined, undefined, undefined]);
    expect(thread.waiting).toBe(0);
    expect(await read('meanwhile')).toBeUndefined();
    while (started < 2) await pause(50);
    expect(await read('again')).toBe('again');
  });

  it('leaves everything to the caller once it is closed', async () => {
    start();
    const under = read('one');
    await thread.close();
    expect([await under, await read('two')]).toContain(undefined);
    expect(await read('three')).toBeUndefined();
    expect(started).toBe(1);
  });
});
