import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { SystemClock } from '../../src/platform/clock.js';
import { anEvent } from '../support/builders.js';
import { eventually } from '../support/eventually.js';
import { ADMIN_TOKEN, TestDaemon } from '../support/test-daemon.js';

const ALERTMANAGER = '/usr/bin/prometheus-alertmanager';
const AMTOOL = '/usr/bin/amtool';
const present = existsSync(ALERTMANAGER) && existsSync(AMTOOL);
if (!present)
  process.stderr.write(`skipped: ${ALERTMANAGER} and ${AMTOOL} are not installed (Debian: prometheus-alertmanager)\n`);

(present ? describe : describe.skip)('Alertmanager', () => {
  let forewarn: TestDaemon<SystemClock> | undefined;
  let alertmanager: ChildProcess | undefined;
  const folder = mkdtempSync(join(tmpdir(), 'fw-am-'));

  afterEach(async () => {
    if (alertmanager) {
      const gone = new Promise((resolve) => alertmanager?.once('exit', resolve));
      alertmanager.kill('SIGTERM');
      await gone;
    }
    await forewarn?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('shows an incident as an alert until it ends, and tells of its own alerts', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const detection = { newFault: { customers: 3, within: '10m' } };
    forewarn = await TestDaemon.start({
      clock: new SystemClock(),
      running: true,
      env: { ALERTMANAGER_URL: url },
      config: { detection },
    });
    alertmanager = start(port, `${forewarn.url}/hooks/alertmanager`);
    const ready = async () => (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true;
    await eventually('Alertmanager is ready', ready, (is) => is);
    const shown = async (...filter: string[]) => amtool(url, 'alert', 'query', 'alertname=ForewarnIncident', ...filter);

    await forewarn.send(...['c1', 'c2', 'c3'].map((customer) => anEvent({ customer })));
    const own = await eventually(
      'the incident is an alert',
      () => shown('project=shop'),
      (text) => text.includes('Forewarn'),
    );
    expect(own).toContain('ForewarnIncident');

    amtool(url, 'alert', 'add', 'HighErrorRate', 'job=shop', 'severity=critical', '--annotation=summary=errors');
    const incident = async () =>
      (await forewarn?.api.get('/v1/incidents/1'))?.body as { severity: string; alerts: object[] };
    // The answer is read in several statements, between which the hook may commit: so it is read once more.
    await eventually('the alert is evidence', incident, ({ alerts }) => alerts.length > 0);
    expect(await incident()).toMatchObject({
      severity: 'critical',
      alerts: [{ status: 'firing', labels: { alertname: 'HighErrorRate' } }],
    });

    await forewarn.api.patch('/v1/incidents/1', { status: 'resolved' });
    const after = await eventually(
      'the alert ends',
      () => shown(),
      (text) => !text.includes('ForewarnIncident'),
    );
    expect(after).not.toContain('ForewarnIncident');
  });

  function start(port: number, hook: string): ChildProcess {
    const receiver = { url: hook, send_resolved: true, http_config: { authorization: { credentials: ADMIN_TOKEN } } };
    const waits = { group_wait: '1s', group_interval: '1s', repeat_interval: '1m' };
    const config = {
      route: {
        receiver: 'nobody',
        ...waits,
        group_by: ['alertname'],
        routes: [
          { matchers: ['job = "shop"'], receiver: 'forewarn' },
          { matchers: ['alertname = "ForewarnIncident"'], receiver: 'nobody' },
        ],
      },
      receivers: [{ name: 'nobody' }, { name: 'forewarn', webhook_configs: [receiver] }],
    };
    const path = join(folder, 'alertmanager.yml');
    writeFileSync(path, stringify(config));
    const args = [
      `--config.file=${path}`,
      `--storage.path=${folder}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ];
    return spawn(ALERTMANAGER, args, { stdio: 'ignore' });
  }
});

function amtool(url: string, ...args: string[]): string {
  return execFileSync(AMTOOL, [`--alertmanager.url=${url}`, ...args], { encoding: 'utf8' });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
