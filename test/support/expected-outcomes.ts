import { parseEnvelope } from '../../src/events/sentry/envelope.js';
import { parseJsonObject } from '../../src/events/reading/parse-json.js';
import { readSentryAuth } from '../../src/events/sentry/sentry-auth.js';
import { decodeBody, decodeStoreBody } from '../../src/intake/http/content-encoding.js';
import { readEnvelopeContent } from '../../src/events/sentry/envelope-content.js';
import { MAX_BODY } from '../../src/intake/http/intake.gate.js';
import { otlpFormat, readOtlp } from '../../src/events/otlp/otlp.js';
import { type Outcome } from '../../src/intake/outcome.js';

/** Inputs by outcome; `taken` are those that are accepted, duplicate, ignored or used, of which what is stored already decides. */
export type OutcomeCounts = Partial<Record<Outcome | 'taken', number>>;

/** A request as it goes over the wire. */
export interface SentRequest {
  readonly path: '/envelope' | '/store' | '/otlp/v1/logs' | '/otlp/v1/traces';
  readonly body: Buffer;
  readonly encoding?: string;
  readonly type?: string;
}

/** What the books must show of a request with this key and project, by the parsers themselves and nothing that serves HTTP. */
export function expectedOutcomes(request: SentRequest, key: string, projectId: string): OutcomeCounts {
  if (request.path.startsWith('/otlp') && !otlpFormat(request.type)) return { unsupported: 1 };
  const decode = request.path === '/store' ? decodeStoreBody : decodeBody;
  const decoded = decode(request.body, request.encoding, MAX_BODY);
  if (!decoded.ok)
    return { [decoded.status === 413 ? 'too_large' : decoded.status === 415 ? 'unsupported' : 'malformed']: 1 };
  switch (request.path) {
    case '/envelope':
      return ofEnvelope(decoded.body, key, projectId);
    case '/store':
      return parseJsonObject(decoded.body).ok ? { taken: 1 } : { malformed: 1 };
    default:
      return ofExport(request, decoded.body);
  }
}

function ofEnvelope(body: Buffer, key: string, projectId: string): OutcomeCounts {
  const parsed = parseEnvelope(body);
  if (!parsed.ok) return { malformed: 1 };
  const auth = readSentryAuth({ query: key, dsn: parsed.header.dsn, projectId });
  if (!auth.ok) return { [auth.status === 403 ? 'unauthorized' : 'malformed']: 1 };
  const content = readEnvelopeContent(parsed, 0);
  const sum = (counts: number[]) => counts.reduce((all, one) => all + one, 0);
  return {
    taken:
      content.events.length +
      sum(content.logs.map((item) => item.events.length)) +
      content.sessions.length +
      content.clientReports.length +
      content.feedback.length,
    discarded: content.discarded.length + sum(content.logs.map((item) => item.ignored)),
    invalid: content.invalid.length + sum(content.logs.map((item) => item.refused)),
  };
}

function ofExport({ path, type }: SentRequest, body: Buffer): OutcomeCounts {
  const read = readOtlp(path === '/otlp/v1/logs' ? 'logs' : 'traces', otlpFormat(type)!, body, 0);
  if (!read.ok) return { [read.outcome]: 1 };
  return { taken: read.events.length, discarded: read.ignored, invalid: read.rejected };
}
