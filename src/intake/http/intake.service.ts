import { Injectable } from '@nestjs/common';
import { type Remainder, type Reply } from '../../events/protocol.js';
import { Forwarder } from '../forward/forwarder.service.js';
import { Acceptor } from '../buffer/acceptor.service.js';
import { OutcomeCounter } from '../ledger/outcome.counter.js';
import { type Outcome } from '../outcome.js';
import { BodyReaders, type ReadBody } from '../reader/body.readers.js';
import { type Sender } from '../sender.js';
import { TraceNames } from '../trace-names.service.js';
import { TelemetryRecorder } from '../telemetry/telemetry.recorder.js';
import { IntakeGate } from './intake.gate.js';
import { headerText, type IntakeRequest, Refusal } from './intake-request.js';
import { type Queued } from './request.turns.js';

const OUTCOMES: Readonly<Record<400 | 413 | 415, Outcome>> = { 400: 'malformed', 413: 'too_large', 415: 'unsupported' };

/** The way of a request through intake, the same for every protocol: key, body, events, the rest, answer. */
@Injectable()
export class Intake {
  constructor(
    private readonly gate: IntakeGate,
    private readonly readers: BodyReaders,
    private readonly acceptor: Acceptor,
    private readonly telemetry: TelemetryRecorder,
    private readonly traces: TraceNames,
    private readonly outcomes: OutcomeCounter,
    private readonly forwarder: Forwarder,
  ) {}

  /**
   * Refuses what can be refused before its body is there; returns who sends, where the request names a key outside of its body.
   * @throws Refusal
   */
  async admit(request: IntakeRequest): Promise<Sender | undefined> {
    const wrongType = request.route.protocol.refuseType(headerText(request.headers['content-type']));
    if (wrongType !== undefined) throw new Refusal(415, 'unsupported', wrongType);
    return this.gate.early(request);
  }

  /** Reads the body of an admitted request. */
  read(request: IntakeRequest, body: Buffer, from: Queued): ReturnType<BodyReaders['read']> {
    const { route, headers, receivedAt } = request;
    const [contentType, encoding] = [headerText(headers['content-type']), headerText(headers['content-encoding'])];
    return this.readers.read({ route, contentType, encoding, receivedAt, body }, from);
  }

  /**
   * Takes what was read of a request, and words the answer. Events must be committed first: when that fails nothing is counted but the
   * refusal, and the same body can be sent again.
   * @param admitted as `admit` gave it
   * @param body as it came
   * @throws Refusal
   */
  async take(
    request: IntakeRequest,
    admitted: Sender | undefined,
    read: Awaited<ReturnType<BodyReaders['read']>>,
    body: Buffer,
  ): Promise<Reply> {
    if (!read.ok) throw await this.refusalOf(request, admitted, read);
    try {
      return await this.takeRead(request, admitted, read, body);
    } finally {
      read.held?.release();
    }
  }

  private async takeRead(
    request: IntakeRequest,
    admitted: Sender | undefined,
    { events, rest }: ReadBody,
    body: Buffer,
  ): Promise<Reply> {
    const sender = await this.senderOf(request, admitted, rest.dsn);
    // Before the events, so that an error which comes with the span that names its user is theirs.
    this.traces.learn(sender, rest.telemetry?.spans ?? [], request.receivedAt);
    const ended = await this.acceptor.accept(sender, events, request.receivedAt);
    await this.count(sender, rest, request.receivedAt);
    const { route, headers, receivedAt } = request;
    const sent = { operation: route.operation, contentType: headerText(headers['content-type']), receivedAt };
    const reply = route.protocol.answer(sent, ended, rest);
    if (reply.status === 200) this.forwarder.offer(sender.id, request, body);
    return reply;
  }

  /** A key that the body names must be the one that the request has named already. */
  private async senderOf(request: IntakeRequest, admitted: Sender | undefined, dsn: unknown): Promise<Sender> {
    if (!admitted) return this.gate.sender(request, dsn);
    if (dsn !== undefined && dsn !== null && dsn !== '') await this.gate.open(request, dsn);
    return admitted;
  }

  private async refusalOf(
    request: IntakeRequest,
    admitted: Sender | undefined,
    read: Exclude<Awaited<ReturnType<BodyReaders['read']>>, ReadBody>,
  ): Promise<Refusal> {
    if ('status' in read) return new Refusal(read.status, OUTCOMES[read.status], read.reason, admitted?.id);
    const { id } = admitted ?? (await this.gate.sender(request));
    return new Refusal(read.outcome === 'too_large' ? 413 : 400, read.outcome, read.reason, id);
  }

  private async count(sender: Sender, rest: Remainder, receivedAt: number): Promise<void> {
    const { telemetry, unused, ignored, faults } = rest;
    const { used, duplicate } = telemetry
      ? await this.telemetry.record(sender, telemetry, receivedAt)
      : { used: 0, duplicate: 0 };
    const invalid = faults.reduce((sum, { count }) => sum + count, 0);
    const counts = { used, duplicate, discarded: unused + ignored, invalid };
    for (const [outcome, count] of Object.entries(counts))
      if (count > 0) this.outcomes.count(sender.id, outcome as keyof typeof counts, count);
  }
}
