import { existsSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyInstance } from 'fastify';
import { AppModule, type Runtime } from './app.module.js';
import { EventBuffer } from '../intake/event-buffer.js';
import { BodyReaders } from '../intake/reader/body.readers.js';
import { IntakeRoutes } from '../intake/http/intake.routes.js';
import { ReadingThread } from '../intake/reader/reading-thread.js';
import { AuditTrail } from '../ops/audit/audit.trail.js';
import { ApiDescription } from '../ops/api-description/openapi.service.js';
import { Access } from '../platform/auth/access.js';
import { SystemClock } from '../platform/clock.js';
import { type Settings } from '../platform/config/settings.js';
import { openDatabase } from '../platform/db/open-database.js';
import { StartError } from '../platform/errors.js';
import { harden, MAX_BODY } from '../platform/http/hardening.js';
import { endFailed } from '../platform/http/slow-uploads.js';
import { PublicUrl } from '../platform/http/public-url.js';
import { RequestMeter } from '../platform/http/request-meter.js';
import { validationPipe } from '../platform/http/validation.js';
import { createLogger, LOGGER, type Logger, NestLogger } from '../platform/logging/logger.js';
import { StageRunner } from '../platform/stages/stage-runner.js';
import { type ForewarnConfig } from '../forewarn-config.js';
import { type ReadingSetup } from './reader-thread.js';

/**
 * Time for a client to send its whole request, milliseconds; slower ones are cut, so that half-open connections do not pile up. Of an import, which
 * is a stream, it is the time between two pieces.
 */
const REQUEST_TIMEOUT_MS = 60_000;
/** How long an idle connection is kept, milliseconds: longer than load balancers do (60 s is usual), so that none sends on one that we just closed. */
const KEEP_ALIVE_MS = 72_000;
/** How long requests under way may take once the daemon stops, milliseconds; then a client that never ends its request is cut. */
const STOP_GRACE_MS = 2000;
/** The thread that reads bodies; it is there once the program is compiled. */
const READER = fileURLToPath(new URL('./reader-thread.js', import.meta.url));
/** Memory of its heap at most, megabytes: bodies are small, and what is read of them lives shortly. */
const READER_LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 };

/** A running daemon. */
export interface Daemon {
  readonly app: NestFastifyApplication;
  readonly port: number;
  /** Ends accepting, lets what was accepted be committed and stages finish their batch, then closes everything. */
  stop(): Promise<void>;
}

/**
 * Starts the whole daemon.
 * @throws StartError when it cannot run as configured
 */
export async function startDaemon(
  settings: Settings,
  config: ForewarnConfig,
  overrides: Partial<Pick<Runtime, 'clock' | 'logger'>> = {},
): Promise<Daemon> {
  const logger = overrides.logger ?? createLogger(settings.logLevel, undefined, settings.logFormat);
  const { database, close } = await openDatabase(settings);
  try {
    const runtime: Runtime = { settings, config, database, clock: overrides.clock ?? new SystemClock(), logger };
    const app = await createApp(runtime);
    const port = await listen(app, settings).catch((error: unknown) => endAndThrow(app, error));
    app.get(PublicUrl).listeningOn(port);
    if (settings.roles.has('stages')) await app.get(StageRunner).start();
    else app.get(StageRunner).startOwn();
    logger.info({ port, roles: [...settings.roles] }, `Forewarn listens on port ${port}`);
    return { app, port, stop: once(() => stopAll(app, close)) };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The application, routes mounted, not yet listening. */
export async function createApp(runtime: Runtime): Promise<NestFastifyApplication> {
  let intake: IntakeRoutes | undefined;
  const adapter = new FastifyAdapter({
    bodyLimit: MAX_BODY,
    clientErrorHandler: endFailed,
    genReqId: () => runtime.clock.token(12),
    routerOptions: { ignoreTrailingSlash: true },
    serverFactory: (handle: RequestListener) =>
      serve((request, response) => {
        if (!intake?.take(request, response)) handle(request, response);
      }),
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.forRuntime(runtime), adapter, {
    logger: new NestLogger(runtime.logger),
    abortOnError: false,
  });
  app.useGlobalPipes(validationPipe());
  const fastify = adapter.getInstance<FastifyInstance>();
  harden(fastify, app.get(Access));
  app.get(RequestMeter).watch(fastify);
  app.get(AuditTrail).watch(fastify);
  await app.init();
  if (runtime.settings.roles.has('intake')) {
    intake = app.get(IntakeRoutes);
    app.get(BodyReaders).use(readingThread(app, runtime));
  }
  app.get(ApiDescription).describe(app);
  await fastify.ready();
  return app;
}

/** Where there is a second processor, and events are not written in full on their way. */
function readingThread(app: NestFastifyApplication, { config, logger }: Runtime): ReadingThread | undefined {
  if (availableParallelism() < 2 || app.get(BodyReaders).holdsInFull || !existsSync(READER)) return undefined;
  const workerData: ReadingSetup = { rules: config.grouping.rules };
  return new ReadingThread(() => new Worker(READER, { workerData, resourceLimits: READER_LIMITS }), logger);
}

function serve(listener: RequestListener): Server {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, listener);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  return server;
}

async function listen(app: NestFastifyApplication, settings: Settings): Promise<number> {
  try {
    await app.listen(settings.port, settings.host);
  } catch (error) {
    if ((error as { code?: string }).code === 'EADDRINUSE')
      throw new StartError(`Port ${settings.port} is taken by another program. Set PORT to a free one.`);
    if (['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN'].includes((error as { code?: string }).code ?? ''))
      throw new StartError(
        `HOST is ${settings.host}, which is no address of this machine. Set it to one, or to 0.0.0.0.`,
      );
    throw error;
  }
  const address = app.getHttpServer().address() as { port: number };
  return address.port;
}

async function stopAll(app: NestFastifyApplication, closeDatabase: () => Promise<void>): Promise<void> {
  const logger = app.get<Logger>(LOGGER);
  logger.info('Forewarn stops: it takes nothing more in, writes down what it took, and ends the work under way');
  await app.get(EventBuffer).close();
  await app.get(StageRunner).stop();
  const server = app.getHttpServer();
  const cut = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS);
  await app.close();
  clearTimeout(cut);
  await app.get(BodyReaders).close();
  await closeDatabase();
  logger.info('Forewarn has stopped');
}

/** An application that cannot go on must not keep on digesting. */
async function endAndThrow(app: NestFastifyApplication, error: unknown): Promise<never> {
  await stopAll(app, () => Promise.resolve());
  throw error;
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => (running ??= work());
}
