import { readProjectKey } from '../../src/events/project-key.js';
import { type BodyContent, readAtOnce } from '../../src/events/protocol.js';
import { ROUTES } from '../../src/events/protocols.js';
import { decodeSent } from '../../src/intake/http/content-encoding.js';
import { type Outcome } from '../../src/intake/outcome.js';
import { MAX_BODY } from '../../src/intake/reader/body.readers.js';

/** Inputs by outcome; `taken` are those that are accepted, duplicate, ignored or used, of which what is stored already decides. */
export type OutcomeCounts = Partial<Record<Outcome | 'taken', number>>;

/** A request as it goes over the wire. */
export interface SentRequest {
  readonly path: '/envelope' | '/store' | '/otlp/v1/logs' | '/otlp/v1/traces';
  readonly body: Buffer;
  readonly encoding?: string;
  readonly type?: string;
}

/** Outcomes that the books must show for a request with this key and project, derived from the protocols without any HTTP code. */
export function expectedOutcomes(request: SentRequest, key: string, projectId: string): OutcomeCounts {
  const { path, type, encoding, body } = request;
  const route = ROUTES.find((one) => one.path.endsWith(path))!;
  const { operation, protocol } = route;
  if (protocol.refuseType(type) !== undefined) return { unsupported: 1 };
  const decoded = decodeSent({ route, encoding, body }, MAX_BODY);
  if (!decoded.ok)
    return { [decoded.status === 413 ? 'too_large' : decoded.status === 415 ? 'unsupported' : 'malformed']: 1 };
  const content = readAtOnce(protocol.read({ operation, contentType: type, receivedAt: 0, body: decoded.body }));
  if (!content.ok) return { [content.outcome]: 1 };
  const auth = readProjectKey({ query: key, dsn: content.dsn, projectId });
  if (!auth.ok) return { [auth.status === 403 ? 'unauthorized' : 'malformed']: 1 };
  return countsOf(content);
}

function countsOf({ events, telemetry, unused, ignored, faults }: BodyContent): OutcomeCounts {
  return {
    taken: events.length + itemsOf(telemetry),
    discarded: unused + ignored,
    invalid: faults.reduce((sum, { count }) => sum + count, 0),
  };
}

function itemsOf(telemetry: BodyContent['telemetry']): number {
  if (!telemetry) return 0;
  const { sessions, clientReports, feedback, activity = [], spans = [] } = telemetry;
  const counted = spans.filter(({ counts }) => counts).length;
  return sessions.length + clientReports.length + feedback.length + activity.length + counted;
}
