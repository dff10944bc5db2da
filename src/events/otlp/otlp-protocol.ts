import { type AppEvent } from '../event.js';
import {
  type EndedEvent,
  type Protocol,
  type ProtocolPath,
  type Reading,
  type Remainder,
  type Reply,
  type SentBody,
} from '../protocol.js';
import { asObject, type Json } from '../reading/read-values.js';
import { otlpFormat, type OtlpFormat, otlpResponse, type OtlpSignal, otlpStatus, readOtlp } from './otlp.js';
import { readOtlpPayload } from './otlp-events.js';

const TYPES: Readonly<Record<OtlpFormat, string>> = { protobuf: 'application/x-protobuf', json: 'application/json' };

const TEXT = { type: 'string' } as const;

const SUMMARIES: Readonly<Record<OtlpSignal, string>> = {
  logs: 'Take log records from an OpenTelemetry exporter; errors count',
  traces: 'Take spans from an OpenTelemetry exporter; exceptions on them count',
};

/** OTLP over HTTP, protobuf and JSON. Records that report no error are acknowledged and counted as discarded. */
export const OTLP: Protocol = {
  name: 'Otlp',
  paths: (['logs', 'traces'] as const).map(pathOf),
  schemas: {
    OtlpAccepted: {
      type: 'object',
      properties: {
        partialSuccess: {
          type: 'object',
          properties: { rejectedLogRecords: TEXT, rejectedSpans: TEXT, errorMessage: TEXT },
        },
      },
    },
    OtlpRefused: { type: 'object', properties: { code: { type: 'integer' }, message: TEXT }, required: ['message'] },
  },
  refuseType: (contentType) =>
    otlpFormat(contentType) ? undefined : `Content-Type must be ${TYPES.protobuf} or ${TYPES.json}`,
  read,
  answer,
  refuse,
  readPayload,
};

function pathOf(signal: OtlpSignal): ProtocolPath {
  return {
    path: `/otlp/v1/${signal}`,
    operation: signal,
    prefixed: false,
    packed: false,
    separable: false,
    summary: SUMMARIES[signal],
    takes: [TYPES.json, TYPES.protobuf],
    success: {
      description: 'Every error is committed; records that cannot be read are told as a partial success.',
      schema: 'OtlpAccepted',
    },
    refusal: 'OtlpRefused',
    binary: TYPES.protobuf,
  };
}

function* read({ operation, contentType, body, receivedAt }: SentBody): Reading {
  const result = yield* readOtlp(signalOf(operation), formatOf(contentType), body, receivedAt);
  if (!result.ok) return result;
  const { events, spans = [], ignored, rejected, rejectedReason } = result;
  const faults = rejected > 0 ? [{ position: 0, reason: rejectedReason, count: rejected }] : [];
  const telemetry = spans.length === 0 ? undefined : { sessions: [], clientReports: [], feedback: [], spans };
  return { ok: true, events, telemetry, unused: 0, ignored, faults };
}

/** The answer is in the format of the request. */
function answer(
  { operation, contentType }: Omit<SentBody, 'body'>,
  _: readonly EndedEvent[],
  { faults }: Remainder,
): Reply {
  const format = formatOf(contentType);
  const [fault] = faults;
  return reply(200, format, otlpResponse(signalOf(operation), format, fault?.count ?? 0, fault?.reason ?? ''));
}

function refuse(contentType: string | undefined, status: number, reason: string): Reply {
  const format = formatOf(contentType);
  return reply(status, format, otlpStatus(format, status, reason));
}

function reply(status: number, format: OtlpFormat, body: Buffer): Reply {
  return { status, body, headers: { 'content-type': TYPES[format] } };
}

function formatOf(contentType: string | undefined): OtlpFormat {
  return otlpFormat(contentType) ?? 'json';
}

function signalOf(operation: string): OtlpSignal {
  return operation === 'traces' ? 'traces' : 'logs';
}

/** Payloads of OTLP are told by their resource, which no other protocol has. */
function readPayload(payload: Json, receivedAt: number): AppEvent | undefined {
  return asObject(payload.resource) && asObject(payload.attributes) ? readOtlpPayload(payload, receivedAt) : undefined;
}
