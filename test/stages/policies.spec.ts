import { afterEach, describe, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadConfig } from '../../src/forewarn-config.js';
import { aCustomer, anotherEvent } from '../support/builders.js';
import { approve, campaigns, customers, hit, incidentWith, told } from '../support/story.js';
import { aPolicy, writeConfig } from '../support/test-config.js';
import { type TestDaemon } from '../support/test-daemon.js';

describe('links of a policy', () => {
  it('that are none stop the start where a text says nothing in the place of the link', () => {
    const file = writeConfig({ policies: [aPolicy({ links: 'none' })] });
    const texts = join(dirname(file.path), 'templates', 'en.yaml');
    writeFileSync(texts, readFileSync(texts, 'utf8').replace(/^ {2}sms: .*$/m, "  sms: '{{ body }} {{ link }}'"));
    expect(() => loadConfig(file.path)).toThrow(/notice\.sms must say where to look.*links: none/);
    file.remove();
  });
});

describe('onReturn', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  const two = { newFault: { customers: 2, within: '10m' } };
  const start = (about: Record<string, unknown>) =>
    incidentWith(customers(2), { config: { detection: two, policies: [aPolicy(about)] } });
  const resolveAndTell = async (id: number) => {
    await forewarn.api.patch(`/v1/incidents/${id}`, { status: 'resolved' });
    await forewarn.planAndSend();
  };
  /** After hours of quiet, in which the app is used, the fault hits these customers and many whom nobody can write to. */
  const comeBack = async (...externalIds: string[]) => {
    for (let minutes = 0; minutes < 90; minutes += 10) {
      forewarn.clock.advance('10m');
      await forewarn.send(anotherEvent({ customer: 'x1' }));
      await forewarn.runStage('detect');
    }
    const many = Array.from({ length: 40 }, (_, at) => `d${at}`);
    await hit(forewarn, many.slice(0, 20));
    forewarn.clock.advance('1m');
    await hit(forewarn, [...many.slice(20), ...externalIds]);
    await forewarn.planAndSend();
  };
  /** Of those with an address, what they were told of the return. */
  const toldAfter = async (count: number) =>
    (await told(forewarn))
      .filter((one) => !one.startsWith('d'))
      .slice(count)
      .sort();

  it('tells exactly those who were told that it was fixed that it came back, once, and then of its end', async () => {
    forewarn = await start({ onReturn: true, caps: { messages: 1, per: '24h' } });
    await forewarn.planAndSend();
    await resolveAndTell(1);
    await forewarn.know(aCustomer({ externalId: 'new' }));
    await comeBack('c1', 'new');

    forewarn.clock.advance('1m');
    await hit(forewarn, ['c2']);
    await forewarn.planAndSend();

    expect(await toldAfter(4)).toEqual(['c1 returned sent', 'c2 returned sent', 'new notice sent']);
    await resolveAndTell(2);
    expect(await toldAfter(7)).toEqual(['c1 resolved sent', 'c2 resolved sent', 'new resolved sent']);
  });

  it('waits for a person where the policy asks for one, and is dropped when it ends first', async () => {
    forewarn = await start({ onReturn: true, approval: 'required' });
    await forewarn.plan();
    await approve(forewarn, '1');
    await forewarn.planAndSend();
    await resolveAndTell(1);

    await comeBack('c1');

    expect(await toldAfter(4)).toEqual(['c1 returned pending', 'c2 returned pending']);
    expect(await campaigns(forewarn)).toContainEqual(
      expect.objectContaining({ kind: 'returned', state: 'awaiting_approval' }),
    );
    await resolveAndTell(2);
    expect(await toldAfter(4)).toEqual(['c1 returned cancelled resolved', 'c2 returned cancelled resolved']);
  });

  it('is off unless the policy says so', async () => {
    forewarn = await start({});
    await forewarn.planAndSend();
    await resolveAndTell(1);
    await comeBack('c1');
    expect(await toldAfter(4)).toEqual(['c1 notice sent']);
  });
});
