import { afterEach, describe, expect, it } from '@jest/globals';
import { aCustomer, anEvent, type EventBody } from '../support/builders.js';
import { allIssues, hitsOf, issueWith, type ShownIssue } from '../support/issues.js';
import { told } from '../support/story.js';
import { TestDaemon } from '../support/test-daemon.js';

const config = { grouping: { maxNewIssuesPerHour: 3 }, detection: { newFault: { customers: 3, within: '10m' } } };
const GATHERED = 'More than 3 new faults in an hour: those after are gathered here';

/** A fault of its own for each name. */
function fault(name: string, about: EventBody = {}): EventBody {
  return anEvent({
    type: `${name}Error`,
    message: `${name} broke`,
    stack: `${name}Error: ${name} broke\n    at run${name} (/srv/shop/src/${name}.js:3:1)`,
    ...about,
  });
}

const NAMES = ['Alpha', 'Beta', 'Gamma', 'Delta', 'Epsilon', 'Zeta'] as const;

describe('beyond the new issues that a project may open in an hour', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  it('unknown faults count in one issue, each event and each customer once', async () => {
    forewarn = await TestDaemon.start({ config });
    const events = NAMES.map((name, at) => fault(name, { customer: `c${at}` }));

    expect(await forewarn.send(...events)).toMatchObject({ accepted: 6 });
    expect(await forewarn.send(...events)).toMatchObject({ accepted: 0, duplicate: 6 });
    expect(await forewarn.send(fault('Eta', { customer: 'c0' }), fault('Delta', { customer: 'c3' }))).toMatchObject({
      accepted: 2,
    });

    const issues = await allIssues(forewarn.api);
    expect(issues).toHaveLength(4);
    expect(gathered(issues)).toMatchObject({ title: GATHERED, catchAll: true, events: 5, customers: 4 });
    expect((await hitsOf(forewarn.api, gathered(issues))).map((hit) => [hit.externalId, hit.events])).toEqual(
      expect.arrayContaining([
        ['c3', 2],
        ['c4', 1],
        ['c5', 1],
        ['c0', 1],
      ]),
    );
    const metrics = String((await forewarn.anyone.get('/metrics')).body);
    expect(metrics).toContain('forewarn_gathered_events{project="shop"} 5');
    expect(await forewarn.row('SELECT count(*) AS keys FROM fingerprint')).toEqual({ keys: 3 });
  });

  it('a known fault keeps its issue, and so does a new wording of a known template', async () => {
    const people = ['anna', 'bert', 'clara', 'dora', 'emil', 'frida', 'gustav', 'hanna'];
    forewarn = await TestDaemon.start({ config: { ...config, grouping: { maxNewIssuesPerHour: people.length } } });
    // The eighth word at one place makes it a template (template-miner.v1), so the last of these opens no issue, and the moon does.
    const login = (who: string) => message(`login of ${who} failed for an unknown reason`);
    await forewarn.send(...people.map(login));
    await forewarn.send(message('the moon is blue today'), login('anna'), login('ida'), fault('Alpha'));
    await forewarn.send(login('jonas'), fault('Alpha'));

    const issues = await allIssues(forewarn.api);
    expect(issues).toHaveLength(people.length + 1);
    expect(gathered(issues)).toMatchObject({ events: 2 });
    expect(await issueWith(forewarn.api, 'anna')).toMatchObject({ events: 5 });
  });

  it('the next hour has room again, and what was gathered is opened when it comes once more', async () => {
    forewarn = await TestDaemon.start({ config });
    await forewarn.send(...NAMES.map((name) => fault(name)));
    forewarn.clock.advance('1h');
    await forewarn.send(fault('Delta'), fault('Epsilon'), fault('Zeta'), fault('Eta'));

    const issues = await allIssues(forewarn.api);
    expect(issues.map(({ title }) => title).filter((title) => title !== GATHERED)).toHaveLength(6);
    expect(gathered(issues)).toMatchObject({ events: 4 });
  });

  it('two processes have one count', async () => {
    forewarn = await TestDaemon.start({ config });
    const second = await TestDaemon.start({ config, beside: forewarn });
    await forewarn.send(fault('Alpha'), fault('Beta'));
    await second.send(fault('Gamma'), fault('Delta'));
    await forewarn.send(fault('Epsilon'));
    await second.stop();

    const issues = await allIssues(forewarn.api);
    expect(issues).toHaveLength(4);
    expect(gathered(issues)).toMatchObject({ events: 2 });
  });

  it('projects have one count each, and warnings are gathered apart from errors', async () => {
    const projects = [
      { slug: 'shop', name: 'Shop' },
      { slug: 'other', name: 'Other' },
    ];
    forewarn = await TestDaemon.start({ config: { ...config, projects } });
    await forewarn.send(...NAMES.map((name) => fault(name, { level: 'warning', customer: name })));
    await forewarn.send(fault('Eta'), fault('Theta'));
    const { key } = await forewarn.project('other');
    await forewarn.anyone.raw('POST', '/v1/events', {
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify(fault('Alpha')),
    });

    const issues = (await allIssues(forewarn.api)) as (ShownIssue & { level: string; project: string })[];
    expect(issues.filter(({ title }) => title === GATHERED).map(({ level, events }) => [level, events])).toEqual([
      ['error', 2],
      ['warning', 3],
    ]);
    expect(issues.filter(({ project }) => project === 'other').map(({ title }) => title)).toEqual([
      'AlphaError: Alpha broke',
    ]);
  });

  it('a flood of new issues opens an incident for ops, and writes to nobody', async () => {
    forewarn = await TestDaemon.start({ config });
    await forewarn.know(...['c1', 'c2', 'c3'].map((externalId) => aCustomer({ externalId })));
    await fill();
    await forewarn.send(...['c1', 'c2', 'c3'].map((customer, at) => fault(NAMES[at + 3] ?? '', { customer })));
    await forewarn.planAndSend();

    const incident: unknown = (await forewarn.api.get('/v1/incidents/1')).body;
    expect(incident).toMatchObject({ title: GATHERED, issues: ['4'] });
    expect(JSON.stringify(incident)).toContain('nobody is told because of these');
    expect((await forewarn.api.get('/v1/incidents/1/audience')).body).toMatchObject({ items: [] });
    expect((await forewarn.api.get('/v1/campaigns')).body).toMatchObject({ items: [] });

    forewarn.clock.advance('1m');
    await forewarn.send(...['c1', 'c2'].map((customer) => fault('Alpha', { customer })));
    await forewarn.api.post('/v1/incidents/1/issues', { issueId: '1' });
    await forewarn.planAndSend();
    expect(await told(forewarn)).toEqual(['c1 notice sent', 'c2 notice sent']);
  });

  it('the catch-all issue is merged with no fault, nor a fault with it', async () => {
    forewarn = await TestDaemon.start({ config });
    await fill();
    await forewarn.send(fault('Delta'));
    await forewarn.runStage('link');
    expect((await forewarn.api.post('/v1/issues/4/merge', { into: '1' })).status).toBe(409);
    expect((await forewarn.api.post('/v1/issues/1/merge', { into: '4' })).status).toBe(409);
  });

  async function fill(): Promise<void> {
    await forewarn.send(fault('Alpha'), fault('Beta'), fault('Gamma'));
  }

  function message(text: string): EventBody {
    return { message: text, level: 'error' };
  }

  function gathered(issues: readonly ShownIssue[]): ShownIssue {
    const found = issues.filter(({ title }) => title.endsWith('those after are gathered here'));
    expect(found).toHaveLength(1);
    return found[0]!;
  }
});
