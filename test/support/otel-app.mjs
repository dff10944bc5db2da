// A small shop that reports its errors with the OpenTelemetry SDK, run in a process of its own by the journeys.
// usage: node otel-app.mjs SIGNAL FORMAT   SIGNAL is logs or traces, FORMAT json or protobuf; with OTEL_EXPORTER_OTLP_ENDPOINT
// and OTEL_EXPORTER_OTLP_HEADERS set, and on standard input {"customers": [...], "times": how often to send it}.
// Prints one line of JSON per export: {"code": 0 for success, "status": the HTTP status of a failure}.
import { text } from 'node:stream/consumers';
import { SpanStatusCode } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';

const [signal, format] = process.argv.slice(2);
const EXPORTERS = {
  'logs json': async () => (await import('@opentelemetry/exporter-logs-otlp-http')).OTLPLogExporter,
  'logs protobuf': async () => (await import('@opentelemetry/exporter-logs-otlp-proto')).OTLPLogExporter,
  'traces json': async () => (await import('@opentelemetry/exporter-trace-otlp-http')).OTLPTraceExporter,
  'traces protobuf': async () => (await import('@opentelemetry/exporter-trace-otlp-proto')).OTLPTraceExporter,
};
const Exporter = await EXPORTERS[`${signal} ${format}`]();
const exporter = new Exporter({ compression: 'gzip' });
const resource = resourceFromAttributes({
  'service.name': 'checkout',
  'service.version': '2.4.1',
  'deployment.environment.name': 'staging',
  'telemetry.sdk.language': 'nodejs',
});

const { customers, times = 1 } = JSON.parse(await text(process.stdin));
const records = await (signal === 'logs' ? makeLogs() : makeSpans());
for (let i = 0; i < times; i++) {
  const result = await new Promise((done) => exporter.export(records, done));
  process.stdout.write(`${JSON.stringify({ code: result.code, status: result.error?.code })}\n`);
}
await exporter.shutdown();

function applyCoupon(basket) {
  return basket.coupon.total;
}

function thrown() {
  try {
    return applyCoupon({});
  } catch (error) {
    return error;
  }
}

/** Log records of one exception for each customer, and two that report no error. */
async function makeLogs() {
  const memory = new InMemoryLogRecordExporter();
  const provider = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor({ exporter: memory })] });
  const logger = provider.getLogger('shop');
  for (const id of customers) {
    const attributes = { 'user.id': id, 'http.request.method': 'POST', 'http.route': '/checkout' };
    logger.emit({ severityNumber: SeverityNumber.ERROR, body: 'checkout failed', attributes, exception: thrown() });
  }
  logger.emit({ severityNumber: SeverityNumber.INFO, body: 'basket opened' });
  logger.emit({ severityNumber: SeverityNumber.WARN, body: 'stock is low' });
  await provider.forceFlush();
  return memory.getFinishedLogRecords();
}

/** Spans of one exception for each customer, and one without any. */
async function makeSpans() {
  const memory = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor(memory)] });
  const tracer = provider.getTracer('shop');
  for (const id of customers) {
    const span = tracer.startSpan('POST /checkout', { attributes: { 'user.id': id } });
    span.addEvent('basket read');
    span.recordException(thrown());
    span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  }
  tracer.startSpan('GET /search').end();
  await provider.forceFlush();
  return memory.getFinishedSpans();
}
