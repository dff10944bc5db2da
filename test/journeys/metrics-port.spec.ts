import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MetricsServer } from '../../src/ops/health/metrics.server.js';
import { TestDaemon } from '../support/test-daemon.js';

describe('with METRICS_PORT', () => {
  let forewarn: TestDaemon;
  let own: string;
  beforeAll(async () => {
    forewarn = await TestDaemon.start({ env: { METRICS_PORT: '0', HOST: '127.0.0.1' } });
    own = `http://127.0.0.1:${forewarn.daemon.app.get(MetricsServer).port}`;
  });
  afterAll(() => forewarn.stop());

  it('metrics answer there, and no longer where apps and customers call', async () => {
    expect((await forewarn.anyone.get('/metrics')).status).toBe(404);
    const answer = await fetch(`${own}/metrics`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('forewarn_database_up 1');
  });

  it('nothing else answers there', async () => {
    expect((await fetch(`${own}/v1/incidents`)).status).toBe(404);
  });
});
