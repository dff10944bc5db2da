import { Injectable } from '@nestjs/common';
import { Clock } from '../platform/clock.js';
import { type AcceptedEvent, EventBuffer } from './accepted-event.js';
import { IntakeGate } from './intake.gate.js';
import { headerText, type IntakeReply, type IntakeRequest, Refusal } from './intake-reply.js';
import { readNativeEvent } from './native-event.js';
import { OutcomeCounter } from './outcome.counter.js';
import { type Outcome } from './outcome.js';

/** Events in one request at most; a larger file is sent in parts. */
const MAX_EVENTS = 10_000;

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
    const body = this.gate.decode(request).toString('utf8');
    const values = readValues(body, headerText(request.headers['content-type']) ?? '');
    if (values.length === 0)
      throw new Refusal(
        400,
        'malformed',
        'the body holds no event; send a JSON object, an array, or one object a line',
        project.id,
      );
    if (values.length > MAX_EVENTS)
      throw new Refusal(
        413,
        'too_large',
        `more than ${MAX_EVENTS} events in one request; send them in parts`,
        project.id,
      );
    const results: LineResult[] = [];
    const accepted: AcceptedEvent[] = [];
    for (const [at, value] of values.entries()) {
      const result = this.read(value, project.id, at + 1, request.receivedAt, accepted);
      results.push(result);
    }
    await this.submit(accepted, results);
    const invalid = results.filter((one) => one.outcome === 'invalid').length;
    if (invalid > 0) this.outcomes.count(project.id, 'invalid', invalid);
    return { status: invalid === results.length ? 400 : 200, body: answer(results) };
  }

  private read(
    value: ParsedValue,
    projectId: number,
    line: number,
    receivedAt: number,
    accepted: AcceptedEvent[],
  ): LineResult {
    if (!value.ok) return { line, outcome: 'invalid', reason: value.reason };
    const read = readNativeEvent(value.value, receivedAt);
    if (!read.ok) return { line, outcome: 'invalid', reason: read.reason };
    const id = read.event.eventId || this.clock.uuid().replaceAll('-', '');
    accepted.push({
      projectId,
      receivedAt,
      event: { ...read.event, eventId: id },
      payload: value.value as Record<string, unknown>,
    });
    return { line, id, outcome: 'accepted' };
  }

  private async submit(accepted: readonly AcceptedEvent[], results: readonly LineResult[]): Promise<void> {
    if (accepted.length === 0) return;
    const ended = await this.buffer.submit(accepted);
    let at = 0;
    for (const result of results) if (result.outcome === 'accepted') result.outcome = ended[at++] ?? 'accepted';
  }
}

type ParsedValue = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: string };

function readValues(body: string, contentType: string): ParsedValue[] {
  const whole = /ndjson|jsonl/.test(contentType) ? undefined : parse(body);
  if (whole?.ok)
    return (Array.isArray(whole.value) ? (whole.value as unknown[]) : [whole.value]).map((value) => ({
      ok: true,
      value,
    }));
  const lines = body.split('\n').filter((line) => line.trim() !== '');
  return lines.length === 1 && whole ? [whole] : lines.map(parse);
}

function parse(text: string): ParsedValue {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    return {
      ok: false,
      reason:
        error instanceof SyntaxError
          ? `not valid JSON: ${error.message.slice(0, 200)}`
          : 'JSON too large or nested too deep',
    };
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
