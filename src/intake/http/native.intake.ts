import { Injectable } from '@nestjs/common';
import { Acceptor } from '../buffer/acceptor.service.js';
import { IntakeGate } from './intake.gate.js';
import { type IntakeReply, type IntakeRequest, Refusal } from './intake-reply.js';
import { readNativeBody } from '../../events/native/native-body.js';
import { OutcomeCounter } from '../ledger/outcome.counter.js';
import { type Outcome } from '../outcome.js';
import { RequestTurns } from './request.turns.js';

/** How one event of a request ended: `line` counts from 1, members of an array or lines of the body. */
interface LineResult {
  readonly line: number;
  readonly id?: string;
  readonly outcome: Outcome;
  readonly reason?: string;
}

/** Forewarn's own format: `POST /v1/events` with one JSON object, an array, or NDJSON. */
@Injectable()
export class NativeIntake {
  constructor(
    private readonly gate: IntakeGate,
    private readonly acceptor: Acceptor,
    private readonly outcomes: OutcomeCounter,
    private readonly turns: RequestTurns,
  ) {}

  /** Takes events; each has its own outcome in the answer. 400 only when none could be taken. */
  async events(request: IntakeRequest): Promise<IntakeReply> {
    const project = await this.gate.project(request);
    const body = readNativeBody(await this.gate.decode(request), request.receivedAt);
    if (!body.ok) throw new Refusal(body.outcome === 'malformed' ? 400 : 413, body.outcome, body.reason, project.id);
    const lines = await this.turns.map(body.events, String(project.id), (readOne) => readOne());
    const read = lines.flatMap((one) =>
      one.ok ? [{ event: one.event, raw: one.raw as Record<string, unknown> }] : [],
    );
    const { ids, outcomes } = await this.acceptor.accept(project, read, request.receivedAt);
    let next = 0;
    const results = lines.map((one): LineResult => {
      const { line } = one;
      if (!one.ok) return { line, outcome: 'invalid', reason: one.reason };
      const taken = next++;
      return { line, id: ids[taken], outcome: outcomes[taken] ?? 'accepted' };
    });
    const invalid = results.length - read.length;
    if (invalid > 0) this.outcomes.count(project.id, 'invalid', invalid);
    return { status: read.length === 0 ? 400 : 200, body: answer(results) };
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
