import { Injectable } from '@nestjs/common';
import { type Remainder, type Reply } from '../../events/protocol.js';
import { type Telemetry } from '../../events/telemetry.js';
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
import { RequestBodies } from './request.bodies.js';
import { type Queued } from './request.turns.js';

type ReadResult = Awaited<ReturnType<BodyReaders['read']>>;

const OUTCOMES: Readonly<Record<400 | 413 | 415, Outcome>> = { 400: 'malformed', 413: 'too_large', 415: 'unsupported' };

/**
 * The way of a request through intake, the same for every protocol: key, body, events, the rest, answer. Few steps of it are asynchronous
 * functions: each holds a frame for as long as the request waits for its commit, and the collector copies the frames of all that wait.
 */
@Injectable()
export class Intake {
  constructor(
    private readonly gate: IntakeGate,
    private readonly bodies: RequestBodies,
    private readonly readers: BodyReaders,
    private readonly acceptor: Acceptor,
    private readonly telemetry: TelemetryRecorder,
    private readonly traces: TraceNames,
    private readonly outcomes: OutcomeCounter,
    private readonly forwarder: Forwarder,
  ) {}

  /**
   * Refuses what can be refused before its body is there; returns who sends, where the request names a key outside of its body.
   * @throws Refusal, or rejects with it
   */
  admit(request: IntakeRequest): Sender | undefined | Promise<Sender | undefined> {
    const wrongType = request.route.protocol.refuseType(headerText(request.headers['content-type']));
    if (wrongType !== undefined) throw new Refusal(415, 'unsupported', wrongType);
    return this.gate.early(request);
  }

  /**
   * Reads the body of an admitted request, takes what it holds, and words the answer. Events must be committed first: when that fails nothing is
   * counted but the refusal, and the same body can be sent again.
   * @param admitted as `admit` gave it
   * @param body as it came, from `RequestBodies`; its room is given back once it is read
   * @throws Refusal
   */
  async take(request: IntakeRequest, admitted: Sender | undefined, body: Buffer, from: Queued): Promise<Reply> {
    const { route, headers, receivedAt } = request;
    const contentType = headerText(headers['content-type']);
    const raw = { route, contentType, encoding: headerText(headers['content-encoding']), receivedAt, body };
    let read: ReadResult;
    try {
      read = await this.readers.read(raw, from);
    } finally {
      this.bodies.release(body);
    }
    if (!read.ok) throw await this.refusalOf(request, admitted, read);
    try {
      const { events, rest } = read;
      const opened = this.senderOf(request, admitted, rest.dsn);
      const sender = opened instanceof Promise ? await opened : opened;
      // Before the events, so that an error which comes with the span that names its user is theirs.
      const spans = rest.telemetry?.spans;
      if (spans) this.traces.learn(sender, spans, receivedAt);
      const ended = events.length === 0 ? [] : await this.acceptor.accept(sender, events, receivedAt);
      await this.count(sender, rest, receivedAt);
      const reply = route.protocol.answer({ operation: route.operation, contentType, receivedAt }, ended, rest);
      if (reply.status === 200) this.forwarder.offer(sender.id, request, body);
      return reply;
    } finally {
      read.held?.release();
    }
  }

  /** A key that the body names must be the one that the request has named already. */
  private senderOf(request: IntakeRequest, admitted: Sender | undefined, dsn: unknown): Sender | Promise<Sender> {
    if (!admitted) return this.gate.sender(request, dsn);
    if (dsn === undefined || dsn === null || dsn === '') return admitted;
    const opened = this.gate.open(request, dsn);
    return opened instanceof Promise ? opened.then(() => admitted) : admitted;
  }

  private async refusalOf(
    request: IntakeRequest,
    admitted: Sender | undefined,
    read: Exclude<ReadResult, ReadBody>,
  ): Promise<Refusal> {
    if ('status' in read) return new Refusal(read.status, OUTCOMES[read.status], read.reason, admitted?.id);
    const { id } = admitted ?? (await this.gate.sender(request));
    return new Refusal(read.outcome === 'too_large' ? 413 : 400, read.outcome, read.reason, id);
  }

  /** Counts what ends without digest, once what customers said in their own words is kept: when that fails nothing is counted but the refusal. */
  private count(sender: Sender, rest: Remainder, receivedAt: number): Promise<void> | undefined {
    if (rest.telemetry) return this.record(sender, rest.telemetry, receivedAt).then(() => this.countRest(sender, rest));
    this.countRest(sender, rest);
    return undefined;
  }

  private async record(sender: Sender, telemetry: Telemetry, receivedAt: number): Promise<void> {
    const { used, duplicate } = await this.telemetry.record(sender, telemetry, receivedAt);
    this.end(sender, 'used', used);
    this.end(sender, 'duplicate', duplicate);
  }

  private countRest(sender: Sender, { unused, ignored, faults }: Remainder): void {
    this.end(sender, 'discarded', unused + ignored);
    for (const { count } of faults) this.end(sender, 'invalid', count);
  }

  private end(sender: Sender, outcome: Outcome, count: number): void {
    if (count > 0) this.outcomes.count(sender.id, outcome, count);
  }
}
