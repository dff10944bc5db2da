import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type Server } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createApp } from '../../src/daemon/daemon.js';
import { openDatabase } from '../../src/platform/db/open-database.js';
import { SystemClock } from '../../src/platform/clock.js';
import { readSettings } from '../../src/platform/config/settings.js';
import { createLogger } from '../../src/platform/logging/logger.js';
import { eventually } from '../support/eventually.js';
import { ADMIN_TOKEN, TestDaemon } from '../support/test-daemon.js';
import { aConfig } from '../support/test-config.js';
import { createDatabase } from '../support/test-database.js';
import { anErrorEnvelope } from '../support/envelopes.js';
import { RawConnection, send } from '../support/wire.js';

jest.setTimeout(30_000);

const MB = 1024 * 1024;
const HEAD = 'POST /api/1/envelope/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes in buffers that somebody still holds. */
function heldBytes(): number {
  collect();
  return process.memoryUsage().arrayBuffers;
}

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

  /** A daemon like the tested one in which a request may take so many milliseconds, once it listens. */
  async function impatient(limitMs: number) {
    await forewarn.stop();
    const database = await createDatabase();
    const env = { DATABASE_URL: database.url, FOREWARN_ROLES: 'intake,api', FOREWARN_ADMIN_TOKEN: ADMIN_TOKEN };
    const settings = readSettings(env);
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
    Object.assign(server, { requestTimeout: limitMs, headersTimeout: limitMs, connectionsCheckingInterval: 20 });
    await app.listen(0, '127.0.0.1');
    const { port } = server.address() as { port: number };
    const stop = async () => {
      for (const connection of open.splice(0)) connection.destroy();
      await app.close();
      await connected.close();
      await database.drop();
    };
    return { port, server, stop };
  }

  it.each([
    ['in its headers', HEAD],
    ['in its body', `${HEAD}\r\n{"a"`],
  ])('is cut when it stops %s', async (_name, sent) => {
    const { port, stop } = await impatient(100);
    expect(await (await hang(port, sent)).untilClosed()).toMatch(/^HTTP\/1.1 408 /);
    await stop();
  });

  it('takes 64 MB at most with all others together, and all are cut', async () => {
    const { port, server, stop } = await impatient(60_000);
    const size = 4 * MB;
    const head = `POST /api/1/envelope/ HTTP/1.1\r\nHost: x\r\nContent-Length: ${size + 1}\r\n\r\n`;
    const before = heldBytes();
    const uploads = await Promise.all(Array.from({ length: 30 }, () => hang(port, head)));
    const body = Buffer.alloc(size, 0x20);
    const ended: string[] = [];
    const all = uploads.map(async (upload) => ended.push(await upload.untilClosed()));
    for (const upload of uploads) upload.write(body);
    await eventually(
      'half are cut for want of room',
      () => Promise.resolve(ended.length),
      (cut) => cut >= 14,
    );
    // Buffers of those just cut go with the next collections; what the waiting ones hold stays.
    await eventually(
      'the waiting uploads hold their room and no more',
      () => Promise.resolve((heldBytes() - before) / MB),
      (held) => held < 64 + 4 + 30,
    );
    expect(ended.length).toBeLessThan(30);
    expect(ended.filter((answer) => !answer.startsWith('HTTP/1.1 503 '))).toEqual([]);

    Object.assign(server, { requestTimeout: 100, headersTimeout: 100 });
    await Promise.all(all);
    expect(ended).toHaveLength(30);
    await stop();
  });

  it('is let go on for as long as an import comes, and cut once nothing more does', async () => {
    const { port, stop } = await impatient(2000);
    const head =
      `POST /v1/customers/import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\n` +
      'Content-Type: application/x-ndjson\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n';
    const honest = await hang(port, head);
    const other = await hang(port, `${HEAD}\r\n{"a"`);
    let cut = false;
    const ended = other.untilClosed().then((said) => (cut = said.startsWith('HTTP/1.1 408 ')));
    let lines = 0;
    const more = () => {
      honest.write(chunk(`{"externalId":"c-${++lines}"}\n`));
      return Promise.resolve(cut);
    };
    await eventually('another request of the same age is cut', more, Boolean);
    await ended;
    await more();
    honest.write('0\r\n\r\n');
    expect(await honest.untilClosed()).toContain(`"imported":${lines},`);

    const stalled = await hang(port, head);
    stalled.write(chunk('{"externalId":"d"}\n'));
    await stalled.untilClosed();
    await stop();
  });
});

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}
