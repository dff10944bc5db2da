import { describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { runNode } from '../support/run-process.js';
import { buildFolder } from '../support/test-database.js';

const ARGS = '--seed 7 --messages 100 --workers 2 --kills 3 --restarts 1 --latency 40 --quick'.split(' ');

describe('workers that are killed, providers that misbehave and a database that restarts', () => {
  it('send nobody the same message twice and lose none: each is accepted, failed with a reason, or in doubt and listed', async () => {
    const ended = await runNode(join(buildFolder(), 'bench', 'chaos-delivery.js'), ARGS);

    const said = `${ended.stdout}\n${ended.stderr}`.slice(-4000);
    expect([ended.code, ended.code === 0 ? 'balanced' : said]).toEqual([0, 'balanced']);
    const books = JSON.parse(ended.stdout.trim().split('\n').at(-1) ?? '{}') as Record<string, number>;
    expect(books).toMatchObject({
      messages: 100,
      smsTwice: 0,
      mailTwice: 0,
      saidSentButLost: 0,
      unfinished: 0,
      doubtNotListed: 0,
    });
    expect(books).toMatchObject({ kills: 3, restarts: 1 });
    expect(books['faults']).toBeGreaterThan(0);
  }, 240_000);
});
