// A web shop under OpenTelemetry's auto-instrumentation, run in a process of its own by the journeys. A middleware names the user on the active
// span; an error is recorded on a span below it, which ends first. It asks itself once for each customer.
// usage: node otel-web-app.cjs FRAMEWORK PROCESSOR   FRAMEWORK is express or fastify; PROCESSOR is batch (the spans of a trace in one request) or
// simple (each span by itself, as it ends). OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_HEADERS are set; standard input: {"customers": [...]}.
const { text } = require('node:stream/consumers');
const { context, trace, SpanStatusCode } = require('@opentelemetry/api');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { ExpressInstrumentation } = require('@opentelemetry/instrumentation-express');
const { FastifyInstrumentation } = require('@opentelemetry/instrumentation-fastify');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { resourceFromAttributes } = require('@opentelemetry/resources');
const { BasicTracerProvider, BatchSpanProcessor, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { AsyncLocalStorage } = require('node:async_hooks');
const { ROOT_CONTEXT } = require('@opentelemetry/api');

/** The context manager of the Node SDK, as short as it can be. */
class Contexts {
  store = new AsyncLocalStorage();
  active() {
    return this.store.getStore() ?? ROOT_CONTEXT;
  }
  with(ctx, fn, thisArg, ...args) {
    return this.store.run(ctx, () => fn.call(thisArg, ...args));
  }
  bind(ctx, target) {
    const manager = this;
    if (typeof target !== 'function') return target;
    return function (...args) {
      return manager.with(ctx, target, this, ...args);
    };
  }
  enable() {
    return this;
  }
  disable() {
    return this;
  }
}

const [framework, processor] = process.argv.slice(2);
const exporter = new OTLPTraceExporter();
const Processor = processor === 'batch' ? BatchSpanProcessor : SimpleSpanProcessor;
const provider = new BasicTracerProvider({
  resource: resourceFromAttributes({ 'service.name': `web-${framework}`, 'service.version': '3.0.0' }),
  spanProcessors: [new Processor(exporter)],
});
context.setGlobalContextManager(new Contexts());
trace.setGlobalTracerProvider(provider);
registerInstrumentations({
  tracerProvider: provider,
  instrumentations: [new HttpInstrumentation(), new ExpressInstrumentation(), new FastifyInstrumentation()],
});
const http = require('node:http');

const nameUser = (headers) => trace.getActiveSpan()?.setAttribute('user.id', headers['x-user']);

/** Work of which an error is recorded on a span of its own. */
function charge() {
  return trace.getTracer('shop').startActiveSpan('charge card', (span) => {
    try {
      const basket = {};
      return basket.card.number;
    } catch (error) {
      span.recordException(error);
      span.setStatus({ code: SpanStatusCode.ERROR });
      return undefined;
    } finally {
      span.end();
    }
  });
}

async function serveExpress() {
  const express = require('express');
  const app = express();
  app.use((request, _, next) => {
    nameUser(request.headers);
    next();
  });
  app.get('/pay/:basket', (_, response) => {
    charge();
    response.status(500).end();
  });
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () =>
      resolve({ port: server.address().port, close: () => server.close() }),
    );
  });
}

async function serveFastify() {
  const app = require('fastify')();
  app.addHook('onRequest', (request, _, done) => {
    nameUser(request.headers);
    done();
  });
  app.get('/pay/:basket', (_, reply) => {
    charge();
    void reply.status(500).send();
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { port: app.server.address().port, close: () => app.close() };
}

function ask(port, customer) {
  return new Promise((resolve, reject) => {
    const options = { port, path: '/pay/17', headers: { 'x-user': customer }, agent: false };
    http.get(options, (response) => response.resume().on('end', resolve)).on('error', reject);
  });
}

async function main() {
  const { customers } = JSON.parse(await text(process.stdin));
  const server = await (framework === 'express' ? serveExpress() : serveFastify());
  for (const customer of customers) await ask(server.port, customer);
  await provider.forceFlush();
  await server.close();
  await provider.shutdown();
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
