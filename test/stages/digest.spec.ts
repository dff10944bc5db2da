import { afterEach, describe, expect, it } from '@jest/globals';
import { anEvent } from '../support/builders.js';
import { TestDaemon } from '../support/test-daemon.js';

describe('digest', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  it('counts an event once, however often it is sent', async () => {
    forewarn = await TestDaemon.start();
    const event = anEvent({ customer: 'c1' });
    expect(await forewarn.send(event)).toMatchObject({ accepted: 1 });
    expect(await forewarn.send(event, event)).toMatchObject({ accepted: 0, duplicate: 2 });
    expect(await forewarn.row('SELECT event_count FROM issue')).toEqual({ event_count: 1 });
  });
});
