import { type AppEvent } from '../event.js';
import { type EndedEvent, type Protocol, type ProtocolPath, type Remainder, type Reply } from '../protocol.js';
import { plainRefusal } from '../reading/plain-refusal.js';
import { type Json } from '../reading/read-values.js';
import { readNativeBody } from './native-body.js';
import { readNativeEvent } from './native-event.js';

const TEXT = { type: 'string' } as const;
const COUNT = { type: 'integer', minimum: 0 } as const;

const PATHS: readonly ProtocolPath[] = [
  {
    path: '/v1/events',
    operation: 'events',
    prefixed: false,
    packed: false,
    separable: false,
    summary: 'Take events as JSON: one object, an array, or NDJSON',
    takes: ['application/json', 'application/x-ndjson'],
    success: {
      description: 'Every event that can be read is committed; each has its own outcome.',
      schema: 'NativeAccepted',
    },
  },
];

/** Forewarn's own format: one JSON object, an array, or NDJSON. Each event has its own outcome in the answer. */
export const NATIVE: Protocol = {
  name: 'Native',
  paths: PATHS,
  schemas: {
    NativeAccepted: {
      type: 'object',
      properties: {
        accepted: COUNT,
        duplicate: COUNT,
        ignored: COUNT,
        invalid: COUNT,
        results: {
          type: 'array',
          items: {
            type: 'object',
            properties: { line: { type: 'integer', minimum: 1 }, id: TEXT, outcome: TEXT, reason: TEXT },
            required: ['line', 'outcome'],
          },
        },
      },
      required: ['accepted', 'duplicate', 'ignored', 'invalid', 'results'],
    },
  },
  refuseType: () => undefined,
  read: ({ body, receivedAt }) => readNativeBody(body, receivedAt),
  answer,
  refuse: (_, status, reason) => plainRefusal(status, reason),
  readPayload,
};

/** 400 only when no event could be taken. */
function answer(_: unknown, events: readonly EndedEvent[], { faults }: Remainder): Reply {
  const results = [
    ...events.map(({ position: line, id, outcome }) => ({ line, id, outcome })),
    ...faults.map(({ position: line, reason }) => ({ line, outcome: 'invalid', reason })),
  ].sort((a, b) => a.line - b.line);
  const count = (outcome: string) => results.filter((one) => one.outcome === outcome).length;
  const body = {
    accepted: count('accepted'),
    duplicate: count('duplicate'),
    ignored: count('ignored'),
    invalid: count('invalid'),
    results,
  };
  return { status: events.length === 0 ? 400 : 200, body };
}

function readPayload(payload: Json, receivedAt: number): AppEvent | undefined {
  const read = readNativeEvent(payload, receivedAt);
  return read.ok ? read.event : undefined;
}
