import { Injectable } from '@nestjs/common';
import { Acceptor } from '../buffer/acceptor.service.js';
import { IntakeGate } from './intake.gate.js';
import { headerText, type IntakeReply, type IntakeRequest, Refusal } from './intake-reply.js';
import {
  otlpFormat,
  type OtlpFormat,
  otlpResponse,
  type OtlpSignal,
  otlpStatus,
  readOtlp,
} from '../../events/otlp/otlp.js';
import { OutcomeCounter } from '../ledger/outcome.counter.js';

const TYPES: Readonly<Record<OtlpFormat, string>> = { protobuf: 'application/x-protobuf', json: 'application/json' };

/** OTLP over HTTP: `POST /otlp/v1/logs` and `/otlp/v1/traces`, protobuf and JSON; answers are in the request's format. */
@Injectable()
export class OtlpIntake {
  constructor(
    private readonly gate: IntakeGate,
    private readonly acceptor: Acceptor,
    private readonly outcomes: OutcomeCounter,
  ) {}

  /** Takes one export request. Records that are no errors are acknowledged and counted as discarded. */
  async export(signal: OtlpSignal, request: IntakeRequest): Promise<IntakeReply> {
    const format = otlpFormat(headerText(request.headers['content-type']));
    if (!format) throw new Refusal(415, 'unsupported', `Content-Type must be ${TYPES.protobuf} or ${TYPES.json}`);
    const project = await this.gate.project(request);
    const read = readOtlp(signal, format, await this.gate.decode(request), request.receivedAt);
    if (!read.ok) throw new Refusal(400, read.outcome, read.reason, project.id);
    await this.acceptor.accept(project, read.events, request.receivedAt);
    if (read.ignored > 0) this.outcomes.count(project.id, 'discarded', read.ignored);
    if (read.rejected > 0) this.outcomes.count(project.id, 'invalid', read.rejected);
    return reply(200, format, otlpResponse(signal, format, read.rejected, read.rejectedReason));
  }

  /** An error as OTLP clients read it. */
  refusal(request: IntakeRequest, { status, body, headers }: IntakeReply): IntakeReply {
    const format = otlpFormat(headerText(request.headers['content-type'])) ?? 'json';
    const { detail = '' } = body as { detail?: string };
    return {
      ...reply(status, format, otlpStatus(format, status, detail)),
      headers: { ...headers, 'content-type': TYPES[format] },
    };
  }
}

function reply(status: number, format: OtlpFormat, body: Buffer): IntakeReply {
  return { status, body, headers: { 'content-type': TYPES[format] } };
}
