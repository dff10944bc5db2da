import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type Server } from 'node:http';
import { createApp } from '../../src/daemon/daemon.js';
import { openDatabase } from '../../src/platform/db/open-database.js';
import { SystemClock } from '../../src/platform/clock.js';
import { readSettings } from '../../src/platform/config/settings.js';
import { createLogger } from '../../src/platform/logging/logger.js';
import { TestDaemon } from '../support/test-daemon.js';
import { aConfig } from '../support/test-config.js';
import { createDatabase } from '../support/test-database.js';
import { anErrorEnvelope } from '../support/envelopes.js';
import { RawConnection, send } from '../support/wire.js';

jest.setTimeout(30_000);

const HEAD = 'POST /api/1/envelope/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n';

describe('a client that never ends its request', () => {
  const open: RawConnection[] = [];
  let forewarn: TestDaemon;
  beforeEach(async () => {
    forewarn = await TestDaemon.start();
  });
  afterEach(() => {
    for (const connection of open.splice(0)) connection.destroy();
  });

  async function hang(port: number, sent: string): Promise<RawConnection> {
    const connection = await RawConnection.open(port);
    connection.write(sent);
    open.push(connection);
    return connection;
  }

  it('keeps nobody else waiting, and does not keep the daemon from stopping', async () => {
    const { id, key } = await forewarn.project();
    const { port } = forewarn.daemon;
    for (let i = 0; i < 50; i++) await hang(port, ['', 'POST /api', HEAD, `${HEAD}\r\n{"a"`][i % 4]!);
    const answer = await send(`http://127.0.0.1:${port}/api/${id}/envelope/?sentry_key=${key}`, {
      body: anErrorEnvelope(),
    });

    expect(answer.status).toBe(200);
    await forewarn.stop();
  });

  it.each([
    ['in its headers', HEAD],
    ['in its body', `${HEAD}\r\n{"a"`],
  ])('is cut when it stops %s', async (_name, sent) => {
    await forewarn.stop();
    const database = await createDatabase();
    const settings = readSettings({ DATABASE_URL: database.url, FOREWARN_ROLES: 'intake' });
    const connected = await openDatabase(settings);
    const runtime = {
      settings,
      config: aConfig(),
      database: connected.database,
      clock: new SystemClock(),
      logger: createLogger('silent'),
    };
    const app = await createApp(runtime);
    const server = app.getHttpServer() as Server & { connectionsCheckingInterval: number };
    expect(server.requestTimeout).toBe(60_000);
    // As in the daemon, only sooner: the time that a request may take, and how often it is looked after.
    Object.assign(server, { requestTimeout: 100, headersTimeout: 100, connectionsCheckingInterval: 20 });
    await app.listen(0, '127.0.0.1');
    const { port } = server.address() as { port: number };

    expect(await (await hang(port, sent)).untilClosed()).toMatch(/^HTTP\/1.1 408 /);
    await app.close();
    await connected.close();
    await database.drop();
  });
});
