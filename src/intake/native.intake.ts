import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { type AcceptedEvent, EventBuffer } from './accepted-event.js';
import { IntakeGate } from './intake.gate.js';
import { type IntakeReply, type IntakeRequest, Refusal } from './intake-reply.js';
import { readNativeBody } from './native-body.js';
import { OutcomeCounter } from './outcome.counter.js';
import { type Outcome } from './outcome.js';

/** How one event of a request ended: `line` counts from 1. */
interface LineResult {
  readonly line: number;
  readonly id?: string;
  outcome: Outcome;
  readonly reason?: string;
}

/** Forewarn's own format: `POST /v1/events` with one JSON object, an array, or NDJSON. */
@Injectable()
export class NativeIntake {
  constructor(
    private readonly gate: IntakeGate,
    private readonly buffer: EventBuffer,
    private readonly outcomes: OutcomeCounter,
    private readonly clock: Clock,
  ) {}

  /** Takes events; each has its own outcome in the answer. 400 only when none could be taken. */
  async events(request: IntakeRequest): Promise<IntakeReply> {
    const project = await this.gate.project(request);
    const body = readNativeBody(this.gate.decode(request), request.receivedAt);
    if (!body.ok) throw new Refusal(400, 'malformed', body.reason, project.id);
    const accepted: AcceptedEvent[] = [];
    const results = body.results.map((result, at): LineResult => {
      if (!result.ok) return { line: at + 1, outcome: 'invalid', reason: result.reason };
      const id = result.event.eventId || this.clock.uuid().replaceAll('-', '');
      const payload = result.raw as Record<string, unknown>;
      accepted.push({
        projectId: project.id,
        receivedAt: request.receivedAt,
        event: { ...result.event, eventId: id },
        payload,
      });
      return { line: at + 1, id, outcome: 'accepted' };
    });
    await this.submit(accepted, results);
    const invalid = results.filter((one) => one.outcome === 'invalid').length;
    if (invalid > 0) this.outcomes.count(project.id, 'invalid', invalid);
    return { status: invalid === results.length ? 400 : 200, body: answer(results) };
  }

  private async submit(accepted: readonly AcceptedEvent[], results: readonly LineResult[]): Promise<void> {
    if (accepted.length === 0) return;
    const ended = await this.buffer.submit(accepted);
    let at = 0;
    for (const result of results) if (result.outcome === 'accepted') result.outcome = ended[at++] ?? 'accepted';
  }
}

function answer(results: readonly LineResult[]) {
  const count = (outcome: Outcome) => results.filter((one) => one.outcome === outcome).length;
  return {
    accepted: count('accepted'),
    duplicate: count('duplicate'),
    ignored: count('ignored'),
    invalid: count('invalid'),
    results,
  };
}
