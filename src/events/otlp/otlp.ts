import { type OtlpEvents, readOtlpLogs, readOtlpSpanEvents } from './otlp-events.js';
import { decodeOtlpJsonLogs, decodeOtlpJsonTraces } from './otlp-json.js';
import { type OtlpDecoded, type OtlpRefused } from './otlp-model.js';
import {
  decodeOtlpProtobufLogs,
  decodeOtlpProtobufTraces,
  encodeExportResponse,
  encodeStatus,
} from './otlp-protobuf.js';

export type OtlpSignal = 'logs' | 'traces';
export type OtlpFormat = 'protobuf' | 'json';

/** Result of a request; `rejected` log records or spans must be told to the client as a partial success. */
export type OtlpResult = ({ readonly ok: true } & OtlpEvents) | OtlpRefused;

/** The format of a request by its Content-Type; undefined for others, which are answered 415. */
export function otlpFormat(contentType: string | undefined): OtlpFormat | undefined {
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/x-protobuf') return 'protobuf';
  return type === 'application/json' ? 'json' : undefined;
}

/** Reads the decompressed body of an export request in steps; `receivedAt` is epoch milliseconds. An empty one is legal. */
export function* readOtlp(
  signal: OtlpSignal,
  format: OtlpFormat,
  body: Buffer,
  receivedAt: number,
): Generator<void, OtlpResult, void> {
  if (signal === 'logs') {
    const decode = format === 'json' ? decodeOtlpJsonLogs : decodeOtlpProtobufLogs;
    return yield* toResult(decode(body), (records) => readOtlpLogs(records, receivedAt));
  }
  const decode = format === 'json' ? decodeOtlpJsonTraces : decodeOtlpProtobufTraces;
  return yield* toResult(decode(body), (records) => readOtlpSpanEvents(records, receivedAt));
}

function* toResult<T>(
  decoded: OtlpDecoded<T>,
  read: (records: readonly T[]) => Generator<void, OtlpEvents, void>,
): Generator<void, OtlpResult, void> {
  if (!decoded.ok) return decoded;
  yield;
  const { events, spans, ignored, rejected, rejectedReason } = yield* read(decoded.records);
  return {
    ok: true,
    events,
    spans,
    ignored: ignored + decoded.ignored,
    rejected: rejected + decoded.rejected,
    rejectedReason: [decoded.rejectedReason, rejectedReason].filter((reason) => reason !== '').join('; '),
  };
}

/** The body of a 200: empty on full success, else a partial success with the count and the reason. */
export function otlpResponse(signal: OtlpSignal, format: OtlpFormat, rejected: number, message: string): Buffer {
  if (format === 'protobuf') return encodeExportResponse(rejected, message);
  if (rejected === 0 && message === '') return Buffer.from('{}');
  const count = signal === 'logs' ? 'rejectedLogRecords' : 'rejectedSpans';
  return Buffer.from(JSON.stringify({ partialSuccess: { [count]: String(rejected), errorMessage: message } }));
}

/** The body of an error answer, `google.rpc.Status`. */
export function otlpStatus(format: OtlpFormat, httpStatus: number, message: string): Buffer {
  const code = GRPC_CODES[httpStatus] ?? 2;
  return format === 'protobuf' ? encodeStatus(code, message) : Buffer.from(JSON.stringify({ code, message }));
}

/** gRPC codes of the HTTP statuses we answer (google/rpc/code.proto); others are 2, unknown. */
const GRPC_CODES: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  413: 3,
  415: 3,
  429: 8,
  500: 13,
  503: 14,
};
