import { EVENTS_IN_A_STEP, membersOf } from '../native/native-body.js';
import { type Fault, type Protocol, type ProtocolPath, type Reading, type Remainder, type Reply } from '../protocol.js';
import { plainRefusal } from '../reading/plain-refusal.js';
import { type Activity } from '../telemetry.js';
import { readActivity } from './activity.js';

const COUNT = { type: 'integer', minimum: 0 } as const;
const TEXT = { type: 'string' } as const;

const PATHS: readonly ProtocolPath[] = [
  {
    path: '/v1/activity',
    operation: 'activity',
    prefixed: false,
    packed: false,
    separable: false,
    summary: 'Say who uses the app and with what: one object, an array, or NDJSON',
    takes: ['application/json', 'application/x-ndjson'],
    success: { description: 'Every activity that can be read is used; the others are named.', schema: 'ActivityUsed' },
  },
];

/** Who uses the app and with what, told by apps that send no sessions. It holds no events. */
export const ACTIVITY: Protocol = {
  name: 'Activity',
  paths: PATHS,
  schemas: {
    ActivityUsed: {
      type: 'object',
      properties: {
        used: COUNT,
        invalid: COUNT,
        problems: {
          type: 'array',
          items: {
            type: 'object',
            properties: { line: { type: 'integer', minimum: 1 }, reason: TEXT },
            required: ['line', 'reason'],
          },
        },
      },
      required: ['used', 'invalid', 'problems'],
    },
  },
  refuseType: () => undefined,
  read: ({ body, receivedAt }) => readBody(body, receivedAt),
  answer,
  refuse: (_, status, reason) => plainRefusal(status, reason),
  readPayload: () => undefined,
};

function* readBody(body: Buffer, receivedAt: number): Reading {
  const members = membersOf(body);
  if ('ok' in members) return members;
  const activity: Activity[] = [];
  const faults: Fault[] = [];
  let step = 0;
  for (const member of members) {
    if (step++ === EVENTS_IN_A_STEP) {
      yield;
      step = 1;
    }
    const { position } = member;
    const read = 'value' in member ? readActivity(member.value, receivedAt) : { ok: false as const, ...member };
    if (read.ok) activity.push(read.activity);
    else faults.push({ position, reason: read.reason, count: 1 });
  }
  const telemetry = { sessions: [], clientReports: [], feedback: [], activity };
  return { ok: true, events: [], telemetry, unused: 0, ignored: 0, faults };
}

/** 400 only when nothing could be used. */
function answer(_: unknown, _events: unknown, { telemetry, faults }: Remainder): Reply {
  const used = telemetry?.activity?.length ?? 0;
  const problems = faults.map(({ position: line, reason }) => ({ line, reason }));
  return { status: used === 0 ? 400 : 200, body: { used, invalid: faults.length, problems } };
}
