import { Injectable } from '@nestjs/common';
import { Clock } from '../../platform/clock.js';
import { Acceptor } from '../buffer/acceptor.service.js';
import { parseEnvelope } from '../../events/sentry/envelope.js';
import { parseJsonObject } from '../../events/reading/parse-json.js';
import { readAgain, type SummarisedBody } from '../reader/body-summary.js';
import { decodeStoreBody } from './content-encoding.js';
import {
  type EnvelopeContent,
  readEnvelopeContent,
  readSentEvent,
  UNUSED_CATEGORIES,
} from '../../events/sentry/envelope-content.js';
import { IntakeGate } from './intake.gate.js';
import { type IntakeReply, type IntakeRequest, Refusal } from './intake-reply.js';
import { OutcomeCounter } from '../ledger/outcome.counter.js';
import { TelemetryRecorder } from '../telemetry/telemetry.recorder.js';

/** How long SDKs hold back what we would discard, seconds; sent along with each answer that discarded something. */
const HOLD_BACK_SECONDS = 600;
const LIMITS = `${HOLD_BACK_SECONDS}:${UNUSED_CATEGORIES.join(';')}:organization:unused`;

/** The Sentry protocol: `POST /api/{projectId}/envelope/` and `/store/`. Success is exactly 200 and means committed. */
@Injectable()
export class SentryIntake {
  constructor(
    private readonly gate: IntakeGate,
    private readonly acceptor: Acceptor,
    private readonly outcomes: OutcomeCounter,
    private readonly telemetry: TelemetryRecorder,
    private readonly clock: Clock,
  ) {}

  /**
   * Takes an envelope with any number of items. What must be committed comes first: when that fails nothing is counted but
   * the refusal, and the same envelope can be sent again.
   */
  async envelope(request: IntakeRequest): Promise<IntakeReply> {
    if (request.summary) return this.summarised(request, request.summary);
    const parsed = parseEnvelope(await this.gate.decode(request));
    if (!parsed.ok) {
      const { id } = await this.gate.project(request);
      throw new Refusal(400, 'malformed', parsed.reason, id);
    }
    const project = await this.gate.project(request, parsed.header.dsn);
    const content = readEnvelopeContent(parsed, request.receivedAt);
    const events = [...content.events, ...content.logs.flatMap((item) => item.events)];
    const { ids } = await this.acceptor.accept(project, events, request.receivedAt);
    const newWords = await this.record(project.id, content, request.receivedAt);
    this.countItems(project.id, content, newWords);
    return answer(content, ids);
  }

  /** Takes one event as older SDKs send it. */
  async store(request: IntakeRequest): Promise<IntakeReply> {
    if (request.summary) return this.summarised(request, request.summary);
    const body = await this.gate.decode(request, decodeStoreBody);
    const project = await this.gate.project(request);
    const parsed = parseJsonObject(body);
    if (!parsed.ok) throw new Refusal(400, 'malformed', `the body is ${parsed.reason}`, project.id);
    const read = readSentEvent(parsed.text, parsed.value, request.receivedAt);
    const { ids } = await this.acceptor.accept(project, [read], request.receivedAt);
    return { status: 200, body: { id: ids[0] } };
  }

  /** Takes what another thread has read: events alone. */
  private async summarised(request: IntakeRequest, { sent, dsn, events }: SummarisedBody): Promise<IntakeReply> {
    const project = await this.gate.project(request, dsn);
    const read = events.map(({ eventId, facts }, nth) => ({ eventId, facts, reread: () => readAgain(sent, nth) }));
    const { ids } = await this.acceptor.accept(project, read, request.receivedAt);
    return { status: 200, body: { id: ids[0] } };
  }

  private countItems(projectId: number, content: EnvelopeContent, newWords: number): void {
    const ignored = content.logs.reduce((sum, item) => sum + item.ignored, 0);
    const used = content.sessions.length + content.clientReports.length + newWords;
    if (used > 0) this.outcomes.count(projectId, 'used', used);
    const again = content.feedback.length - newWords;
    if (again > 0) this.outcomes.count(projectId, 'duplicate', again);
    if (content.discarded.length + ignored > 0)
      this.outcomes.count(projectId, 'discarded', content.discarded.length + ignored);
    const invalid = content.invalid.length + refusedIn(content);
    if (invalid > 0) this.outcomes.count(projectId, 'invalid', invalid);
  }

  /** Returns how many of the customers' words are new. */
  private async record(projectId: number, content: EnvelopeContent, receivedAt: number): Promise<number> {
    const newWords = await this.telemetry.feedback(projectId, content.feedback, this.clock.now());
    for (const { counts } of content.sessions) this.telemetry.sessions(projectId, counts, receivedAt);
    for (const report of content.clientReports) this.telemetry.clientReport(projectId, report);
    return newWords;
  }
}

/** 400 when nothing of an envelope was taken but something should have been; what is left out of one that was taken is named beside its success. */
function answer(content: EnvelopeContent, ids: readonly string[]): IntakeReply {
  const [invalid] = content.invalid;
  const refusedLogs = refusedIn(content);
  const fault = invalid
    ? `item "${invalid.type}": ${invalid.reason}`
    : refusedLogs > 0 && `${refusedLogs} records of item "log" are too many; send them in parts`;
  const limits = content.discarded.length > 0 && { 'x-sentry-rate-limits': LIMITS };
  const taken = ids.length + content.sessions.length + content.clientReports.length + content.feedback.length;
  if (fault && taken === 0) {
    const reply = refused(400, fault);
    return { ...reply, headers: { ...reply.headers, ...limits } };
  }
  const headers = { ...(fault && { 'x-sentry-error': printable(fault) }), ...limits };
  return {
    status: 200,
    body: ids[0] === undefined ? {} : { id: ids[0] },
    ...(Object.keys(headers).length > 0 && { headers }),
  };
}

function refusedIn({ logs }: EnvelopeContent): number {
  return logs.reduce((sum, item) => sum + item.refused, 0);
}

/** An error as Sentry SDKs read it. */
export function refused(status: number, reason: string): IntakeReply {
  return {
    status,
    body: { detail: reason, causes: [reason] },
    headers: { 'x-sentry-error': printable(reason) },
  };
}

function printable(reason: string): string {
  return reason.replace(/[^\x20-\x7e]/g, '?');
}
