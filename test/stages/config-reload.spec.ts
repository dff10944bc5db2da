import { writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { campaigns, customers, incidentWith } from '../support/story.js';
import { aPolicy, writeConfig } from '../support/test-config.js';
import { type TestDaemon } from '../support/test-daemon.js';

const sections = {
  projects: [{ slug: 'shop', name: 'Shop' }],
  detection: { newFault: { customers: 1, within: '10m' } },
  incidents: { quietFor: '30m' },
  locales: ['en', 'zh'],
  policies: [aPolicy({ match: { area: 'search' } })],
};

let forewarn: TestDaemon;
let file: ReturnType<typeof writeConfig>;
afterEach(async () => {
  await forewarn.stop();
  file.remove();
});

describe('reloading the configuration', () => {
  it('puts policies in force at once, says what waits for a restart, and changes nothing for a bad file', async () => {
    file = writeConfig(sections);
    const env = { FOREWARN_CONFIG: file.path };
    forewarn = await incidentWith(customers(1), { env, config: sections });
    const reload = () => forewarn.api.post('/v1/config/reload');
    const write = (about: object) => writeFileSync(file.path, stringify({ ...sections, ...about }));
    expect(await reload()).toMatchObject({ status: 200, body: { changed: [], needsRestart: [] } });
    await forewarn.plan();
    expect(await campaigns(forewarn)).toEqual([]);

    write({ policies: [aPolicy({ chanels: ['sms'] })], incidents: { quietFor: 'soon' } });
    const refused = await reload();
    expect(refused.status).toBe(409);
    expect(JSON.stringify(refused.body)).toMatch(/did you mean \\"channels\\"[^]*|\\"soon\\" is not a duration/);
    await forewarn.plan();
    expect(await campaigns(forewarn)).toEqual([]);

    write({ policies: [aPolicy()], incidents: { quietFor: '45m' } });
    expect((await reload()).body).toEqual({ changed: ['policies'], needsRestart: ['incidents'] });
    await forewarn.planAndSend();
    expect(await campaigns(forewarn)).toMatchObject([{ policy: 'default', state: 'done' }]);
  });
});

describe('an incident that no policy matches', () => {
  it('says so once in its timeline, and goes to the policy of its area once it has one', async () => {
    file = writeConfig(sections);
    forewarn = await incidentWith(customers(1), { config: sections });
    await forewarn.plan();
    await forewarn.plan();
    const { timeline } = (await forewarn.api.get('/v1/incidents/1')).body as { timeline: { kind: string }[] };
    expect(timeline.filter(({ kind }) => kind === 'no_policy')).toEqual([
      expect.objectContaining({
        details: { words: expect.stringMatching(/^no policy matches project shop, severity \w+, area \(none\)/) },
      }),
    ]);

    await forewarn.api.patch('/v1/incidents/1', { area: 'search' });
    await forewarn.planAndSend();
    expect(await campaigns(forewarn)).toMatchObject([{ policy: 'default', state: 'done' }]);
  });
});
