import { afterEach, describe, expect, it } from '@jest/globals';
import { CustomerDirectory } from '../../src/customers/public.js';
import { CustomerLogins } from '../../src/customers/logins.service.js';
import { CustomerTraits } from '../../src/customers/traits.service.js';
import { IntakeLedger } from '../../src/intake/public.js';
import { CatchAllStore } from '../../src/issues/digest/catch-all.store.js';
import { CellStore } from '../../src/issues/digest/cell.store.js';
import { Digest } from '../../src/issues/digest/digest.service.js';
import { DigestStore } from '../../src/issues/digest/digest.store.js';
import { Fingerprinter } from '../../src/grouping/fingerprinter.js';
import { type FingerprintVersion, FINGERPRINTS_IN_USE } from '../../src/grouping/fingerprints.js';
import { GROUPING_CONFIG, type GroupingConfig } from '../../src/grouping/grouping-config.js';
import { IgnoreStore } from '../../src/issues/triage/ignore.store.js';
import { IssueOpener } from '../../src/issues/digest/issue.opener.js';
import { LinkStore } from '../../src/issues/links/link.store.js';
import { Issues } from '../../src/issues/public.js';
import { LateNames } from '../../src/issues/digest/late-names.stage.js';
import { Newcomers } from '../../src/issues/digest/newcomers.service.js';
import { Projects } from '../../src/projects/project.registry.js';
import { RegressionKeeper } from '../../src/issues/digest/regression.keeper.js';
import { SampleKeeper } from '../../src/issues/digest/sample.keeper.js';
import { TemplateMemory } from '../../src/issues/digest/template.memory.js';
import { readSample } from '../../src/events/protocols.js';
import { Clock } from '../../src/platform/clock.js';
import { Database } from '../../src/platform/db/database.js';
import { LOGGER } from '../../src/platform/logging/logger.js';
import { anEvent, anotherEvent } from '../support/builders.js';
import { TestDaemon } from '../support/test-daemon.js';

interface LinkView {
  readonly id: string;
  readonly state: string;
  readonly score: number;
  readonly reason: string;
  readonly issue: { readonly id: string };
}

/** One fault met on two ways: other types, the same crash site and wording. */
const declined = (type: string, entry: string) =>
  anEvent({
    type,
    message: 'payment provider declined the authorisation request',
    stack: `${type}: payment provider declined the authorisation request\n    at authorisePayment (/srv/shop/src/payment.js:12:5)\n    at ${entry} (/srv/shop/src/${entry}.js:9:1)`,
  });

describe('links', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());
  const links = async (id: string) =>
    ((await forewarn.api.get(`/v1/issues/${id}/links`)).body as { items: LinkView[] }).items;
  const linkedTo = (id: number) => forewarn.daemon.app.get(Issues).linkedTo(forewarn.daemon.app.get(Database), [id]);

  it('are proposed between a new issue and one that is probably the same fault, with the reason', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.send(declined('PaymentError', 'checkout'), anotherEvent());
    await forewarn.runStage('link');
    expect(await links('1')).toEqual([]);

    await forewarn.send(declined('GatewayError', 'renewal'));
    await forewarn.runStage('link');

    const [link, ...others] = await links('1');
    expect(others).toEqual([]);
    expect(link).toMatchObject({ state: 'proposed', issue: { id: '3' } });
    expect(link?.score).toBeGreaterThanOrEqual(0.6);
    expect(link?.reason).toContain('payment.authorisepayment');
    expect(await links('2')).toEqual([]);
    expect(await linkedTo(3)).toEqual([expect.objectContaining({ issueId: 1, state: 'proposed' })]);
    expect(await forewarn.runStage('link')).toMatchObject({ worked: 0 });
  });

  it('are confirmed, rejected and put back by people; a rejected one joins nothing', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.send(declined('PaymentError', 'checkout'), declined('GatewayError', 'renewal'));
    await forewarn.runStage('link');
    const [link] = await links('1');
    const say = async (what: string) =>
      (await forewarn.api.post(`/v1/issues/links/${link?.id}/${what}`)).body as unknown;

    expect(await say('confirm')).toMatchObject({ state: 'confirmed', decidedBy: expect.any(String) });
    expect(await linkedTo(1)).toEqual([expect.objectContaining({ issueId: 2, state: 'confirmed' })]);
    expect(await say('reject')).toMatchObject({ state: 'rejected' });
    expect(await linkedTo(1)).toEqual([]);
    expect(await say('undo')).toMatchObject({ state: 'proposed', decidedBy: null, decidedAt: null });
    expect((await forewarn.api.post('/v1/issues/links/99/confirm')).status).toBe(404);
  });

  it('are gone while their issues are one', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.send(declined('PaymentError', 'checkout'), declined('GatewayError', 'renewal'));
    await forewarn.runStage('link');

    const body = (await forewarn.api.post('/v1/issues/2/merge', { into: '1' })).body as { actionId: string };
    expect(await links('1')).toEqual([]);
    expect(await linkedTo(1)).toEqual([]);
    await forewarn.api.post(`/v1/issues/actions/${body.actionId}/undo`);

    expect(await links('1')).toHaveLength(1);
  });
});

describe('a new fingerprint version', () => {
  let forewarn: TestDaemon;
  afterEach(() => forewarn.stop());

  /** The daemon's digest with other versions in use, and what makes keys by them. */
  function digestWith(versions: readonly FingerprintVersion[]): { digest: Digest; fingerprinter: Fingerprinter } {
    const get = <T>(token: new (...args: never[]) => T): T => forewarn.daemon.app.get(token);
    const fingerprinter = new Fingerprinter(versions, forewarn.daemon.app.get(GROUPING_CONFIG));
    const [database, ledger] = [get(Database), get(IntakeLedger)];
    const [catchAll, config] = [get(CatchAllStore), forewarn.daemon.app.get<GroupingConfig>(GROUPING_CONFIG)];
    const memory = get(TemplateMemory);
    const opener = new IssueOpener(
      get(CellStore),
      get(LinkStore),
      ledger,
      fingerprinter,
      memory,
      catchAll,
      get(Projects),
      config,
    );
    const digest = new Digest(
      database,
      forewarn.daemon.app.get<Clock>(Clock),
      get(CustomerDirectory),
      get(CustomerTraits),
      get(CustomerLogins),
      get(LateNames),
      ledger,
      get(DigestStore),
      fingerprinter,
      opener,
      get(RegressionKeeper),
      get(SampleKeeper),
      get(IgnoreStore),
      get(Newcomers),
      forewarn.daemon.app.get(LOGGER),
    );
    return { digest, fingerprinter };
  }

  const [v1] = FINGERPRINTS_IN_USE;
  const v2: FingerprintVersion = {
    version: 'v2',
    of: (event, ruled) => {
      const print = v1?.of(event, ruled);
      if (!print) throw new Error('v1 is gone');
      return { ...print, version: 'v2', key: `second:${print.key.slice(7)}` };
    },
  };
  const accepted = async (event: ReturnType<typeof anEvent>) => {
    const read = readSample(event, forewarn.clock.now().getTime());
    if (!read) throw new Error('no protocol reads the event');
    const eventId = crypto.randomUUID().replaceAll('-', '');
    const projectId = Number((await forewarn.project()).id);
    const content = { event: { ...read, eventId }, payload: undefined };
    return { projectId, eventId, receivedAt: 0, hasPayload: false, content };
  };
  const digestAll = async (
    { digest, fingerprinter }: ReturnType<typeof digestWith>,
    ...events: ReturnType<typeof anEvent>[]
  ) => {
    for (const one of events) {
      const queued = await accepted(one);
      await digest.digest([{ ...queued, facts: fingerprinter.factsOf(queued.content.event) }]);
    }
  };
  const counts = () => forewarn.rows('SELECT event_count FROM cell ORDER BY id');
  const versions = () => forewarn.rows('SELECT version, cell_id FROM fingerprint ORDER BY cell_id, version');

  it('attaches to the issues that the old one made, and teaches them the new key', async () => {
    forewarn = await TestDaemon.start();
    await forewarn.send(anEvent(), { message: 'payment 17 took too long' });
    const transition = digestWith([v2, ...FINGERPRINTS_IN_USE]);

    await digestAll(transition, anEvent(), { message: 'payment 18 took too long' });
    expect(await counts()).toEqual([{ event_count: 2 }, { event_count: 2 }]);
    expect(await versions()).toEqual([
      { version: 'v1', cell_id: 1 },
      { version: 'v2', cell_id: 1 },
      { version: 'v1', cell_id: 2 },
      { version: 'v2', cell_id: 2 },
    ]);

    await digestAll(digestWith([v2]), anEvent());
    expect(await counts()).toEqual([{ event_count: 3 }, { event_count: 2 }]);
  });

  it('leaves what it opened known to daemons that have only the old one', async () => {
    forewarn = await TestDaemon.start();
    await digestAll(digestWith([v2, ...FINGERPRINTS_IN_USE]), anotherEvent());

    await forewarn.send(anotherEvent());

    expect(await counts()).toEqual([{ event_count: 2 }]);
  });
});
